/** The cell at which the keyboard is: the grid has the focus, and says which of its cells is meant. */
import { cellId, placeOfId } from "./elements.mjs";

/** The place of the head; rows begin at 0. */
const HEAD = -1;
/** The column of names, which says most of a run. */
const FIRST_COLUMN = 1;

/** @typedef {{place: number, column: number}} Cell */

/** Where a key leads. @type {Record<string, (at: Cell, size: {last: Cell, page: number, isFar: boolean}) => Cell>} */
const WAYS = {
  ArrowDown: ({ place, column }) => ({ place: place + 1, column }),
  ArrowUp: ({ place, column }) => ({ place: place - 1, column }),
  ArrowRight: ({ place, column }) => ({ place, column: column + 1 }),
  ArrowLeft: ({ place, column }) => ({ place, column: column - 1 }),
  PageDown: ({ place, column }, { page }) => ({ place: place + page, column }),
  // A page leads to the first row, and not on into the head.
  PageUp: ({ place, column }, { page }) => ({
    place: Math.max(Math.min(place, 0), place - page),
    column,
  }),
  Home: ({ place }, { isFar }) => ({ place: isFar ? 0 : place, column: 0 }),
  End: ({ place }, { last, isFar }) => ({ place: isFar ? last.place : place, column: last.column }),
};
const ACTIONS = new Set(["Enter", " ", "Escape", "Delete"]);

/** @param {string} key @returns {boolean} whether a table does something at it */
export const isKey = (key) => Object.hasOwn(WAYS, key) || ACTIONS.has(key);

/**
 * @param {HTMLElement} grid @param {import("../base/viewport.mjs").Viewport} viewport @param {string} id of the table
 */
export function createCursor(grid, viewport, id) {
  /** @type {Cell} */
  let at = { place: 0, column: FIRST_COLUMN };

  const element = () => grid.querySelector(`#${cellId(id, at.place, at.column)}`);

  /** @param {Cell} cell */
  function mark(cell) {
    element()?.classList.remove("arn-active");
    at = cell;
    viewport.pin(at.place);
    element()?.classList.add("arn-active");
    grid.setAttribute("aria-activedescendant", cellId(id, at.place, at.column));
  }

  /** @param {number} place @param {number} column */
  function goTo(place, column) {
    mark({ place, column });
    if (place >= 0) viewport.scrollTo(place);
    element()?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  return {
    get place() {
      return at.place;
    },
    get column() {
      return at.column;
    },

    goTo,

    /** @param {string} key @param {boolean} isFar whether ctrl or meta is held @param {number} rows @param {number} columns */
    move(key, isFar, rows, columns) {
      if (!Object.hasOwn(WAYS, key)) return;
      const last = { place: rows - 1, column: columns - 1 };
      const to = WAYS[key](at, { last, page: viewport.rowsInSight(), isFar });
      goTo(between(HEAD, to.place, last.place), between(0, to.column, last.column));
    },

    /** Goes with its run to another place, where that is still shown. @param {number} place -1 where it is not @param {number} rows @param {number} columns */
    restore(place, rows, columns) {
      const isHead = at.place === HEAD;
      const next = isHead ? HEAD : between(0, place >= 0 ? place : at.place, rows - 1);
      if (rows) mark({ place: next, column: between(0, at.column, columns - 1) });
    },

    /** @param {Element | null} part @returns {Cell | null} the cell that it is in */
    cellOf(part) {
      const cell = part?.closest(".arn-grid-cell");
      return cell ? placeOfId(cell.id) : null;
    },
  };
}

/** @param {number} least @param {number} value @param {number} most */
const between = (least, value, most) => Math.max(least, Math.min(value, most));
