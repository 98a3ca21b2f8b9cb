/** How the runs are arranged: by what they are grouped, and whether gaps are folded. */

import { groupingOf } from "./grouping.mjs";
import { View } from "./view.mjs";

/** @typedef {import("../protocol.mjs").Grouping} Grouping */

/**
 * @param {import("./state.mjs").State} state
 * @param {{announcer: import("./announce.mjs").Announcer, parts: ReturnType<typeof import("./elements.mjs").elements>, changed: () => void, onGroup?: (by: Grouping | null) => void}} options `onGroup` is told what a person has chosen
 */
export function createArrangement(state, { announcer, parts, changed, onGroup }) {
  /** @param {Grouping | null} by null: as it fits */
  function group(by) {
    state.view.group(by);
    announcer.writeGrouping();
    changed();
  }

  /** @param {Grouping | null} by */
  function chooseGrouping(by) {
    group(by);
    onGroup?.(by);
  }

  /** Folds the stretches in which no run goes on, or takes the folds out. */
  function fold() {
    state.view = new View(state.view.model.data, state.view, !state.view.folded);
    announcer.writeData();
    changed();
  }

  /** Shows the same stretch of time, grouping and folds as were seen before. @param {import("../protocol.mjs").Screen} screen */
  function restore({ start, end, by, folded }) {
    if (folded) state.view = new View(state.view.model.data, state.view, true);
    const { view } = state;
    view.group(view.by ?? groupingOf(by));
    view.show(view.model.axis.places({ start, end }));
    announcer.writeGrouping();
    announcer.writeData();
    changed();
  }

  /** Whether a plain drag selects a range, turned on or off. */
  function toggleSelecting() {
    state.isSelecting = !state.isSelecting;
    parts.ranger.setAttribute("aria-pressed", String(state.isSelecting));
    parts.canvas.classList.toggle("arn-selecting", state.isSelecting);
  }

  return { group, chooseGrouping, fold, restore, toggleSelecting };
}
