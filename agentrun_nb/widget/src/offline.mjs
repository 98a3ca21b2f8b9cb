/** A model without a kernel: it answers from what a file holds. */

/**
 * @typedef {{page: import("./protocol.mjs").Page, buffers: Uint8Array[], docs?: import("./protocol.mjs").RunDoc[], traits?: Record<string, unknown>}} Embedded
 */

/** @param {Embedded} embedded @returns {import("./protocol.mjs").Model} */
export function offlineModel({ page, buffers, docs = [], traits = {} }) {
  /** @type {Map<string, unknown>} */
  const state = new Map(Object.entries({ selected: [], path: "", tz: "UTC", ...traits }));
  /** @type {Map<string, Set<(...values: any[]) => void>>} */
  const listeners = new Map();
  const emit = (/** @type {string} */ event, /** @type {unknown[]} */ ...values) => {
    for (const listener of [...(listeners.get(event) ?? [])]) listener(...values);
  };
  const answer = (/** @type {any} */ message) => {
    if (message.op === "open") return [{ ok: true, page }, buffers];
    if (message.op === "window") return [{ ok: true }, []];
    const doc = docs.find((one) => one.row === message.row);
    if (!doc) return [{ ok: false, error: "This file does not hold the documents of this run." }, []];
    return [{ ok: true, doc: { buffer: 0, gzip: false } }, [new TextEncoder().encode(JSON.stringify(doc))]];
  };
  return {
    get: (name) => state.get(name),
    set: (name, value) => {
      state.set(name, value);
      emit(`change:${name}`);
    },
    save_changes: () => {},
    send: (message) => {
      const [body, parts] = answer(message);
      queueMicrotask(() => emit("msg:custom", { id: /** @type {any} */ (message).id, ...body }, parts));
    },
    on: (event, listener) => void (listeners.get(event) ?? listeners.set(event, new Set()).get(event))?.add(listener),
    off: (event, listener) => void (listener ? listeners.get(event)?.delete(listener) : listeners.delete(event)),
  };
}
