/** Which runs are chosen, and who is informed of it. */

import { countOf } from "../base/numbers.mjs";

/** @typedef {ReturnType<typeof createSelection>} Selection */

/**
 * @param {import("./state.mjs").State} state
 * @param {{redraw: () => void, say: (sentence: string) => void, onSelect?: (rows: number[]) => void}} options
 */
export function createSelection(state, { redraw, say, onSelect }) {
  /** @param {Set<number>} places @param {number[]} rows */
  function choose(places, rows) {
    state.selected = places;
    redraw();
    onSelect?.(rows);
  }

  /** @param {Iterable<number>} places @param {boolean} toggle whether the selection stays: what is in it leaves it, the rest joins */
  function select(places, toggle) {
    const chosen = new Set(toggle ? state.selected : []);
    for (const place of places) {
      const left = toggle && chosen.delete(place);
      if (!left) chosen.add(place);
    }
    const { row } = state.view.model;
    choose(
      chosen,
      Array.from(chosen, (place) => row[place]),
    );
  }

  /** The runs that were read and have no place here, which nothing that is drawn leads to. */
  function selectUnplaced() {
    const { place, size } = state.view.model;
    const unread = new Set(state.unreadRows);
    const rows = [...place.keys()].filter((row) => place[row] >= size && !unread.has(row));
    choose(new Set(), rows);
  }

  function selectUnread() {
    const rows = state.unreadRows;
    choose(new Set(), rows);
    say(`${countOf(rows.length)} that could not be read selected.`);
  }

  /** @param {import("./layout.mjs").Window | null} range null where the drag was broken off @param {boolean} done whether the drag has ended */
  function selectRange(range, done) {
    state.range = done ? null : range;
    redraw();
    if (!range || !done) return;
    const places = state.view.places(range);
    select(places, false);
    say(`${countOf(places.length)} selected.`);
  }

  /** @returns {false | undefined} false where there was nothing to clear */
  function clear() {
    if (state.active < 0 && state.selected.size === 0) return false;
    state.active = -1;
    select([], false);
    say("Nothing is selected.");
  }

  /** Shows a selection that was made elsewhere, and informs nobody. @param {Iterable<number>} rows */
  function show(rows) {
    const { place, size } = state.view.model;
    const places = Array.from(rows, (row) => place[row]);
    state.selected = new Set(places.filter((found) => found < size));
    redraw();
  }

  return { select, selectUnplaced, selectUnread, selectRange, clear, show };
}
