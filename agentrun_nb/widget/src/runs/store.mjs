/** What all views of many runs read and change: the data, which runs are shown, which are chosen, how they are looked at. It touches no page. */

/**
 * A *row* is a place in the data, as the kernel has it.
 *
 * @typedef {import("../protocol.mjs").Held} Held
 * @typedef {object} State
 * @property {Held} data
 * @property {Uint32Array} shown  the rows that the filter lets through, rising
 * @property {number[]} chosen  rows, in the order in which they were chosen
 * @property {import("../protocol.mjs").Grouping | null} by  what runs are grouped by; null: as it fits
 * @property {Map<string, string>} names  of deployments and versions by their ids
 * @property {string} tz  the zone in which times are shown
 * @property {string} path  the place that is chosen in a document
 *
 * @typedef {ReturnType<typeof createStore>} Store
 */

/** @param {Held} data @returns {Uint32Array} all of its rows */
export const allRows = ({ page: { n } }) => Uint32Array.from({ length: n }, (_, row) => row);

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
