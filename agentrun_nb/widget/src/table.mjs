/** A table that sorts by each of its columns and shows its rows page by page. */
import { button, h } from "./dom.mjs";
import { formatCount } from "./scale.mjs";

/**
 * A column: what stands over it, what it sorts by where it does (null: nothing is there, which always comes last), and its cells.
 * @template R
 * @typedef {{label: string, value?: (row: R) => string | number | null, cell: (row: R) => import("./dom.mjs").Child, right?: boolean}} Column
 */

const PAGE = 50;

/**
 * @template R
 * @param {Column<R>[]} columns
 * @param {R[]} rows
 */
export function createTable(columns, rows) {
  /** @type {Column<R> | null} */
  let by = null;
  let falling = false;
  let shown = PAGE;
  const sides = columns.map(({ right }) => (right ? "arn-right" : ""));
  const heads = columns.map((column, i) => h("th", sides[i], column.value ? button(column.label, () => sortBy(column), { class: "arn-sort" }) : column.label));
  const body = h("tbody");
  const more = button("", () => {
    shown += PAGE;
    paint();
  });

  /** Rising, falling, then the order of the record again. @param {Column<R>} column */
  function sortBy(column) {
    if (by !== column) [by, falling] = [column, false];
    else if (falling) by = null;
    else falling = true;
    paint();
  }

  function paint() {
    const ordered = by?.value ? sorted(rows, by.value, falling) : rows;
    heads.forEach((head, i) => columns[i].value && head.setAttribute("aria-sort", by !== columns[i] ? "none" : falling ? "descending" : "ascending"));
    body.replaceChildren(...ordered.slice(0, shown).map((row) => h("tr", {}, ...columns.map(({ cell }, i) => h("td", sides[i], cell(row))))));
    more.hidden = rows.length <= shown;
    more.textContent = `Show more: ${formatCount(rows.length - shown)} rows are hidden`;
  }

  paint();
  return { element: h("div", "arn-scroll", h("table", "arn-outputs", h("thead", {}, h("tr", {}, ...heads)), body)), more, paint };
}

/** @template R @param {R[]} rows @param {NonNullable<Column<R>["value"]>} value @param {boolean} falling @returns {R[]} in another order */
export function sorted(rows, value, falling) {
  const sign = falling ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort(({ key: a }, { key: b }) => (a === null || b === null ? Number(a === null) - Number(b === null) : sign * compare(a, b)));
  return keyed.map(({ row }) => row);
}

const { compare: collate } = new Intl.Collator("en", { numeric: true });

/** Numbers come before words. @param {string | number} a @param {string | number} b */
function compare(a, b) {
  const words = [typeof a, typeof b].map((type) => Number(type === "string"));
  if (words[0] !== words[1]) return words[0] - words[1];
  return words[0] ? collate(String(a), String(b)) : Number(a) - Number(b);
}
