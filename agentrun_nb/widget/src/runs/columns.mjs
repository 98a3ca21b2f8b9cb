/** Columns from the documents: a kernel gives their values; in a file they are found in the documents that it holds. */
import { head } from "../base/head.mjs";
import { countOf } from "../base/numbers.mjs";
import { readJson } from "../kernel/bytes.mjs";

/**
 * @typedef {import("./store.mjs").Store} Store
 * @typedef {import("./values.mjs").Values} Values
 */

/**
 * Fills the columns that the store asks for, and those alone.
 * @param {Store} store @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal}} options
 */
export function loadColumns(store, { kernel, signal }) {
  const { state } = store;
  /** The paths that are asked for, each with the data that it is asked of. @type {Map<string, import("./store.mjs").Held>} */
  const asked = new Map();

  function load() {
    for (const path of state.columns)
      if (!state.values.has(path) && asked.get(path) !== state.data) void take(path);
  }

  /** @param {string} path */
  async function take(path) {
    const { data } = state;
    asked.set(path, data);
    try {
      const { values, clipped } = await valuesOf(path);
      if (signal.aborted || data !== state.data) return;
      const problems = new Map(state.problems);
      if (clipped) problems.set(path, `${countOf(clipped, "value")} too long to be shown whole.`);
      else problems.delete(path);
      store.change({ values: new Map(state.values).set(path, values), problems });
    } catch (error) {
      if (signal.aborted || data !== state.data) return;
      const { message } = /** @type {Error} */ (error);
      store.change({ problems: new Map(state.problems).set(path, message) });
    }
  }

  /** @param {string} path @returns {Promise<{values: Values, clipped: number}>} `clipped` is how many are not whole */
  async function valuesOf(path) {
    const { docs, page } = state.data;
    if (kernel.alone) {
      const { valuesAt } = await kernel.later();
      return { values: valuesAt(path, docs ?? [], page.n), clipped: 0 };
    }
    const { answer, buffers } = await kernel.ask("column", { path });
    return { values: await readJson(answer.values, buffers), clipped: answer.clipped };
  }

  /** Other data has other values. */
  function forget() {
    store.change({ values: new Map(), problems: new Map() });
    load();
  }

  /** Runs that say something else have other values; those of before stay until they are here. */
  function renew() {
    if (state.renewed?.changed.length) for (const path of state.columns) void take(path);
  }

  store.watch(["columns"], load, signal);
  store.watch(["renewed"], renew, signal);
  store.watch(["data"], forget, signal);
  load();
}

/** A column more, at the right of the others. @param {Store} store @param {string} path @returns {string} why there cannot be one more, "" where it is there */
export function addColumn(store, path) {
  const { columns } = store.state;
  if (columns.includes(path)) return "";
  const most = head().limits.columns;
  if (columns.length >= most)
    return `The table has ${most} columns from documents, and takes no more.`;
  store.change({ columns: [...columns, path] });
  return "";
}

/** A column less; a table that was sorted by it shows the newest first. @param {Store} store @param {string} path */
export function removeColumn(store, path) {
  const { columns, sort } = store.state;
  const isSortedBy = sort === path || sort === `-${path}`;
  store.change({
    columns: columns.filter((other) => other !== path),
    ...(isSortedBy ? { sort: null } : {}),
  });
}
