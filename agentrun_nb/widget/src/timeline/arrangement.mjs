/** How the runs are arranged: by what they are grouped, whether gaps are folded, which statuses are highlighted. */

import { lookOf } from "../base/status.mjs";
import { groupingOf } from "./grouping.mjs";
import { dropAbsentHighlights } from "./state.mjs";
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

  /** @param {number} look */
  function highlight(look) {
    // The keys of the legend are made anew, so the one with the focus is found again by its place.
    const focused = [...parts.legend.children].findIndex((key) => key.matches(":focus"));
    if (!state.highlighted.delete(look)) state.highlighted.add(look);
    announcer.writeData();
    changed();
    announcer.say(parts.highlighted.textContent || "Nothing is highlighted.");
    /** @type {HTMLElement | undefined} */ (parts.legend.children[focused])?.focus();
  }

  /** Shows the same stretch of time, grouping, folds and highlights as were seen before. @param {import("../protocol.mjs").Screen} screen */
  function restore({ start, end, by, folded, highlighted }) {
    if (folded) state.view = new View(state.view.model.data, state.view, true);
    const { view } = state;
    view.group(view.by ?? groupingOf(by));
    view.show(view.model.axis.places({ start, end }));
    for (const name of highlighted) state.highlighted.add(lookOf(name));
    dropAbsentHighlights(state);
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

  return { group, chooseGrouping, fold, highlight, restore, toggleSelecting };
}
