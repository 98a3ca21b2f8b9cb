/** A page of many runs: the picture, and the details of what is chosen on it. */
import { h } from "../base/dom.mjs";
import { keyOf, rowsOf } from "../kernel/page.mjs";
import { allRows, createStore } from "../runs/store.mjs";
import { createDetails } from "../workbench/details.mjs";
import { groupingOf } from "../timeline/grouping.mjs";
import { createPicture } from "../workbench/picture.mjs";

/** @typedef {import("./explorer.mjs").Held} Held */

/** @param {Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createRunsBody(data, { kernel, traits, tz, signal }) {
  const store = createStore({
    data,
    shown: allRows(data),
    chosen: [],
    by: groupingOf(traits.get("by")),
    names: new Map(Object.entries(data.page.names)),
    tz,
    path: "",
  });
  const { state } = store;

  /** @param {number[]} chosen by a person */
  function choose(chosen) {
    share(chosen);
    store.change({ chosen });
  }

  /** @param {number[]} rows */
  function share(rows) {
    const keys = rows.map((row) => keyOf(state.data, row));
    traits.put("selected", keys);
  }

  /** @param {string} path chosen by a person */
  function choosePath(path) {
    traits.put("path", path);
    store.change({ path });
  }

  /** @param {import("../protocol.mjs").Grouping | null} by chosen by a person */
  function group(by) {
    traits.put("by", by);
    store.change({ by });
  }

  traits.watch("by", (by) => store.change({ by: groupingOf(by) }));
  const picture = createPicture(store, { kernel, signal, onChoose: choose, onGroup: group });
  const details = createDetails(store, { kernel, signal, onChoose: share, onPath: choosePath });
  return {
    element: h("div", {}, picture.element, details.element),
    corner: picture.corner,
    update: (newer) =>
      store.change({
        data: newer,
        shown: allRows(newer),
        chosen: rowsOf(newer, traits.get("selected")),
      }),
    setZone: (zone) => store.change({ tz: zone }),
    setPath: (path) => store.change({ path }),
    setSelected: (keys) => store.change({ chosen: rowsOf(state.data, keys) }),
  };
}
