/** A model without a kernel: it answers from what a file holds. */

/**
 * @typedef {{page: import("../protocol.mjs").Page, buffers: Uint8Array[], docs?: import("../protocol.mjs").RunDoc[], traits?: Record<string, unknown>}} Embedded
 */

/** The values that page and kernel share, in a file that an earlier version wrote. */
const DEFAULTS = {
  selected: [],
  path: "",
  tz: "UTC",
  filter: null,
  view: "timeline",
  by: null,
  sort: null,
  columns: [],
  /** In such a file the page says how it stood. */
  window: undefined,
  height: null,
};

/** @param {unknown} value */
const bytesOf = (value) => new TextEncoder().encode(JSON.stringify(value));

/** @param {string} error @returns {[object, Uint8Array[]]} */
const refuse = (error) => [{ ok: false, error }, []];

/** @param {import("../protocol.mjs").Page} page @param {number} row @returns {[object, Uint8Array[]]} */
function lastSuccess(page, row) {
  const found = page.last_success?.[row];
  if (!found)
    return refuse(
      page.last_success_cut
        ? "This file compares only the latest failed runs with the last success."
        : "This run did not fail.",
    );
  const { comparison, ...rest } = found;
  if (!comparison) return [{ ok: true, ...rest }, []];
  return [{ ok: true, ...rest, comparison: { buffer: 0, gzip: false } }, [bytesOf(comparison)]];
}

/** @param {Embedded} embedded @returns {import("../protocol.mjs").Model} */
export function offlineModel({ page, buffers, docs = [], traits }) {
  /** @type {Record<string, unknown>} */
  const state = { ...DEFAULTS, ...traits };
  /** @type {[string, ((...values: any[]) => void)][]} */
  let listeners = [];
  const emit = (/** @type {string} */ event, /** @type {unknown[]} */ ...values) => {
    for (const [name, listener] of listeners) if (name === event) listener(...values);
  };

  /** @param {any} message @returns {[object, Uint8Array[]]} */
  function answer({ op, row }) {
    if (op === "open") return [{ ok: true, page }, buffers];
    // A file runs the later part of its code from itself.
    if (op === "window" || op === "later" || op === "follow") return [{ ok: true }, []];
    if (op === "docs") return [{ ok: true, docs: null }, []];
    if (op === "groups" && page.groups) return [{ ok: true, ...page.groups }, buffers];
    if (op === "last_success" && page.last_success) return lastSuccess(page, row);
    if (op !== "run") return refuse("This needs a kernel, and a file has none.");
    const doc = docs.find((one) => one.row === row);
    if (!doc) return refuse("This file does not hold the documents of this run.");
    return [{ ok: true, doc: { buffer: 0, gzip: false } }, [bytesOf(doc)]];
  }

  return {
    alone: true,
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      emit(`change:${name}`);
    },
    save_changes() {},
    send(/** @type {any} */ message) {
      const [body, parts] = answer(message);
      queueMicrotask(() => emit("msg:custom", { id: message.id, ...body }, parts));
    },
    on: (event, listener) => void listeners.push([event, listener]),
    off: (event, listener) =>
      void (listeners = listeners.filter(([name, one]) => name !== event || one !== listener)),
  };
}
