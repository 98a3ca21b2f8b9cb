/** What all views of many runs read and change: the data, which runs are shown, which are chosen, how they are looked at. It touches no page. */

/**
 * A *row* is a place in the data, as the kernel has it.
 *
 * @typedef {import("../protocol.mjs").Held} Held
 * @typedef {import("./filter.mjs").Filter} Filter
 * @typedef {object} Groups  why runs failed
 * @property {Uint32Array} codes  the place of each row's group in the list; 0xffffffff where it has none
 * @property {{fingerprint: string, example: string, n: number}[]} list
 *
 * @typedef {object} State
 * @property {Held} data
 * @property {import("../protocol.mjs").Renewed | null} renewed  the rows that have changed in their places
 * @property {Uint32Array} shown  the rows that the filter lets through, rising
 * @property {number[]} chosen  rows, in the order in which they were chosen
 * @property {Filter | null} filter
 * @property {string} remark  what is to be said of the filter, such as that the kernel is asked
 * @property {string} view  the name of the view that is on the screen
 * @property {import("../protocol.mjs").Grouping | null} by  what runs are grouped by; null: as it fits
 * @property {string | null} sort  a field or path, with `-` before it the last one first; null: as they come
 * @property {string[]} columns  paths in documents
 * @property {string | null} colour  the one of them by which the timeline colours runs; null: by status
 * @property {Map<string, import("./values.mjs").Values>} values  by path, of those columns that are here already
 * @property {Map<string, string>} problems  by path, why a column cannot be had
 * @property {[number, number] | null | undefined} window  the stretch of time on the screen in ms since the epoch; null: all; undefined: as the page last said it stood
 * @property {Map<string, string>} names  of deployments and versions by their ids
 * @property {Groups | null} groups  null until they are known
 * @property {string} tz  the zone in which times are shown
 * @property {string} path  the place that is chosen in a document
 *
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** @param {Held} data @returns {Uint32Array} all of its rows */
export function allRows({ page: { n } }) {
  const rows = new Uint32Array(n);
  for (let row = 0; row < n; row++) rows[row] = row;
  return rows;
}

/** @param {Held} data @param {Partial<State>} [known] @returns {State} in which all is shown and nothing is chosen, but for what is known */
export const firstState = (data, known) => ({
  data,
  renewed: null,
  shown: allRows(data),
  chosen: [],
  filter: null,
  remark: "",
  view: "timeline",
  by: null,
  sort: null,
  columns: [],
  colour: null,
  values: new Map(),
  problems: new Map(),
  window: undefined,
  names: new Map(),
  groups: null,
  tz: "UTC",
  path: "",
  ...known,
});

/**
 * @param {State} state  of which the store is the only owner from here on
 */
export function createStore(state) {
  /** @type {Set<(changed: Set<keyof State>) => void>} */
  const watchers = new Set();

  return {
    /** The state; to be read here, and changed by `change` alone. @type {Readonly<State>} */
    state,

    /** Takes new values, and tells those who watch them. @param {Partial<State>} values */
    change(values) {
      Object.assign(state, values);
      const changed = new Set(/** @type {(keyof State)[]} */ (Object.keys(values)));
      for (const watcher of [...watchers]) watcher(changed);
    },

    /**
     * Calls back when one of the named values was set.
     * @param {(keyof State)[]} names @param {() => void} callback @param {AbortSignal} signal the end of the watching
     */
    watch(names, callback, signal) {
      /** @param {Set<keyof State>} changed */
      const watcher = (changed) => {
        if (names.some((name) => changed.has(name))) callback();
      };
      watchers.add(watcher);
      signal.addEventListener("abort", () => watchers.delete(watcher));
    },
  };
}
