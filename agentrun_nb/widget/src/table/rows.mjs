/** Which rows the table shows, in which order and columns; those in sight are elements. */
import { createViewport } from "../base/viewport.mjs";
import { orderedRows, readSort } from "../runs/order.mjs";
import { columnsOf } from "./columns.mjs";
import { createCursor } from "./cursor.mjs";
import { fillRow, makeHead, makeRow } from "./elements.mjs";

/**
 * @typedef {import("./columns.mjs").Column} Column
 * @typedef {ReturnType<typeof createRows>} Rows
 */

/** So many columns stay in sight while the others scroll under them. */
const FIXED = 2;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{grid: HTMLElement, head: HTMLElement, id: string, signal: AbortSignal}} options `id` is that of the table
 */
export function createRows({ state }, { grid, head, id, signal }) {
  /** The rows in their order. @type {Uint32Array} */
  let rows = new Uint32Array(0);
  /** The place of each row in it, -1 for those that are not shown. */
  let placeOf = new Int32Array(0);
  /** @type {Column[]} */
  let columns = [];
  let chosen = new Set(state.chosen);
  const optionsOf = (/** @type {number} */ place) => ({ id, isChosen: chosen.has(rows[place]) });
  const viewport = createViewport(
    grid,
    (place) => makeRow(columns, rows[place], place, optionsOf(place)),
    signal,
    {
      head,
      refill: (element, place) => fillRow(element, columns, rows[place], place, optionsOf(place)),
    },
  );
  const cursor = createCursor(grid, viewport, id);

  function arrange() {
    rows = orderedRows(state);
    placeOf = new Int32Array(state.data.page.n).fill(-1);
    for (let place = 0; place < rows.length; place++) placeOf[rows[place]] = place;
    grid.setAttribute("aria-rowcount", String(rows.length + 1));
  }

  function writeColumns() {
    if (!state.data.columns) return;
    columns = columnsOf(state);
    grid.style.setProperty("--arn-columns", columns.map(({ width }) => width).join(" "));
    grid.style.setProperty("--arn-least", widthOf(columns));
    grid.style.setProperty("--arn-fixed", widthOf(columns.slice(0, FIXED)));
    grid.setAttribute("aria-colcount", String(columns.length));
  }

  function writeHead() {
    const { key, isFalling } = readSort(state.sort);
    head.replaceChildren(...makeHead(columns, { id, key, isFalling }));
  }

  /** Shows all anew, with the keyboard at the same run as before. @param {() => void} change */
  function showAfter(change) {
    const row = rows[cursor.place];
    change();
    writeHead();
    viewport.show(rows.length);
    cursor.restore(placeOf[row] ?? -1, rows.length, columns.length);
  }

  /** Brings the first of the chosen runs into sight; a new order without one begins at its top. @param {boolean} [isNewOrder] */
  function reveal(isNewOrder = false) {
    const place = placeOf[state.chosen[0]] ?? -1;
    if (place >= 0) viewport.scrollTo(place, isNewOrder);
    else if (isNewOrder) viewport.scrollTo(0);
  }

  return {
    cursor,
    reveal,
    get columns() {
      return columns;
    },
    /** In their order. */
    get rows() {
      return rows;
    },

    /** @param {number} row @returns {number} -1 where it is not shown */
    placeOf: (row) => placeOf[row] ?? -1,

    /** Other runs or other columns. */
    takeData() {
      showAfter(() => {
        arrange();
        writeColumns();
      });
      reveal();
    },

    /** Newer records of some runs; what is in sight stays there. @param {import("../protocol.mjs").Renewed} renewed */
    takeNewer({ looked, changed }) {
      if (changed.length) return showAfter(arrange);
      const others = new Set(looked);
      for (const [place, element] of viewport.mounted())
        if (others.has(rows[place]))
          element.replaceChildren(
            ...makeRow(columns, rows[place], place, { id, isChosen: chosen.has(rows[place]) })
              .children,
          );
    },

    /** Another order of the same runs. */
    takeOrder() {
      showAfter(arrange);
      reveal(true);
    },

    takeChosen() {
      chosen = new Set(state.chosen);
      for (const [place, element] of viewport.mounted())
        element.setAttribute("aria-selected", String(chosen.has(rows[place])));
      reveal();
    },

    /** Ages go on while nothing else changes. */
    writeAges() {
      const age = columns.findIndex(({ key }) => key === "created_at");
      for (const [place, element] of viewport.mounted())
        element.children[age].textContent = String(columns[age].cell(rows[place])[0] ?? "");
    },
  };
}

/** @param {Column[]} columns @returns {string} */
const widthOf = (columns) => `${columns.reduce((sum, { least }) => sum + least, 0)}ch`;
