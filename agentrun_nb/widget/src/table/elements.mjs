/** The elements of a table of runs: its heads and its rows. */
import { button, h } from "../base/dom.mjs";

/** @typedef {import("./columns.mjs").Column} Column */

/** @param {string} id of the table @param {number} place of the row, -1 for the head @param {number} column @returns {string} */
export const cellId = (id, place, column) => `${id}-${place}-${column}`;

/** @param {string} id of an element @returns {{place: number, column: number} | null} where in the table it stands */
export function placeOfId(id) {
  const match = /-(-?\d+)-(\d+)$/.exec(id);
  return match && { place: Number(match[1]), column: Number(match[2]) };
}

/**
 * @param {Column[]} columns
 * @param {{id: string, key: string, isFalling: boolean}} options `key` and `isFalling` say how the table is sorted
 * @returns {HTMLElement[]}
 */
export function makeHead(columns, { id, key, isFalling }) {
  return columns.map((column, i) =>
    h(
      "div",
      {
        id: cellId(id, -1, i),
        role: "columnheader",
        class: `arn-grid-cell ${column.style}`,
        "aria-colindex": String(i + 1),
        "aria-sort": column.key !== key ? "none" : isFalling ? "descending" : "ascending",
      },
      h("span", "arn-grid-label", column.label),
      column.more && h("span", "arn-offsight", column.more),
      column.isOwn &&
        button("×", () => {}, {
          class: "arn-grid-remove",
          tabindex: "-1",
          "aria-label": "Remove this column",
          title: "Remove this column (Delete)",
        }),
    ),
  );
}

/**
 * What a row says.
 * @typedef {{id: string, isChosen: boolean}} RowOptions `id` is that of the table
 */

/** @param {Column[]} columns @param {number} row @param {number} place in the order @param {RowOptions} options */
export function makeRow(columns, row, place, options) {
  const cells = columns.map(({ style }, i) =>
    h("div", {
      role: i === 1 ? "rowheader" : "gridcell",
      class: `arn-grid-cell ${style}`,
      "aria-colindex": String(i + 1),
    }),
  );
  const element = h("div", { class: "arn-grid-row", role: "row" }, ...cells);
  fillRow(element, columns, row, place, options);
  return element;
}

/** @param {HTMLElement} element of the same columns @param {Column[]} columns @param {number} row @param {number} place in the order @param {RowOptions} options */
export function fillRow(element, columns, row, place, { id, isChosen }) {
  element.setAttribute("aria-rowindex", String(place + 2));
  element.setAttribute("aria-selected", String(isChosen));
  columns.forEach(({ cell }, i) => {
    const there = element.children[i];
    there.id = cellId(id, place, i);
    there.classList.remove("arn-active");
    there.replaceChildren(.../** @type {(Node | string)[]} */ (cell(row).filter(Boolean)));
  });
}
