/** A table that sorts by each of its columns and shows its rows page by page. */
import { button, h } from "./dom.mjs";
import { grid } from "./roving.mjs";
import { shortText } from "./text.mjs";
import { formatCount } from "./numbers.mjs";

/**
 * A column: what stands over it, what it sorts by where it does (null: nothing is there, which always comes last), and its cells.
 * Numbers that it sorts by stand at its right; `isRight` where it has numbers and does not sort.
 * @template R
 * @typedef {{label: string, value?: (row: R) => string | number | null, isRight?: boolean, cell: (row: R) => import("./dom.mjs").Child}} Column
 */

const PAGE = 50;
const LOOKED_AT = 1000;
const LONGEST = 200;
/** Texts up to here stand on one line. */
const ONE_LINE = 28;
/** Room for the ring around what has the focus. */
const RING = 4;
/** The parts of a path between which a line may end. */
const PARTS = /.{16,}?\/|.+/gs;
/** A word that is too wide to stay in sight while the table scrolls under it. */
const WIDE_WORD = /[^\s/]{25}/;

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
  const some = rows.slice(0, LOOKED_AT);
  const sides = columns.map(({ value, isRight }) =>
    isRight || (value && areNumbers(some.map(value))) ? "arn-right" : "",
  );
  const heads = columns.map((column, i) =>
    h(
      "th",
      sides[i],
      column.value
        ? button(column.label, () => sortBy(column), { class: "arn-sort" })
        : column.label,
    ),
  );
  const body = h("tbody");
  const isNameFixed = !some.some((row) => WIDE_WORD.test(String(columns[0].value?.(row))));
  const table = h(
    "table",
    isNameFixed ? "arn-outputs arn-fixed" : "arn-outputs",
    h("thead", {}, h("tr", {}, ...heads)),
    body,
  );
  const more = button("", () => {
    const next = shown;
    shown += PAGE;
    paint();
    // The last press hides the button, so the focus goes to the first of the new rows, once that can have it.
    if (more.hidden)
      queueMicrotask(() =>
        /** @type {HTMLElement | null} */ (body.rows[next].querySelector("[tabindex]"))?.focus(),
      );
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
    heads.forEach(
      (head, i) =>
        columns[i].value &&
        head.setAttribute(
          "aria-sort",
          by !== columns[i] ? "none" : falling ? "descending" : "ascending",
        ),
    );
    body.replaceChildren(
      ...ordered
        .slice(0, shown)
        .map((row) =>
          h(
            "tr",
            {},
            ...columns.map(({ cell }, i) =>
              h(i ? "td" : "th", { class: sides[i], scope: !i && "row" }, cell(row)),
            ),
          ),
        ),
    );
    more.hidden = rows.length <= shown;
    more.textContent = more.hidden
      ? ""
      : `Show more: ${formatCount(rows.length - shown)} rows are hidden`;
  }

  paint();
  const element = h("div", "arn-scroll", grid(table));
  if (isNameFixed)
    table.addEventListener(
      "focusin",
      () => (element.style.scrollPaddingLeft = `${heads[0].offsetWidth + RING}px`),
    );
  return { element, more, paint };
}

/** Whether there are numbers, and nothing beside them. @param {(string | number | null)[]} values */
const areNumbers = (values) =>
  values.some((value) => value !== null) &&
  values.every((value) => value === null || typeof value === "number");

/** A text in a cell: on one line where it is short; a long one goes on below after a blank or a slash, never within a word. @param {import("../protocol.mjs").Scalar} value */
export function cellText(value) {
  const text = shortText(String(value), LONGEST);
  return text.length > ONE_LINE
    ? h("span", "arn-long", ...(text.match(PARTS) ?? []).flatMap((part) => [part, h("wbr")]))
    : text;
}

/** What a cell says where nothing stands in it. @param {string} words */
export const emptyCell = (words) => h("span", "arn-quiet", words);

/** @template R @param {R[]} rows @param {NonNullable<Column<R>["value"]>} value @param {boolean} falling @returns {R[]} in another order */
export function sorted(rows, value, falling) {
  const sign = falling ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: value(row) }));
  keyed.sort(({ key: a }, { key: b }) =>
    a === null || b === null ? Number(a === null) - Number(b === null) : sign * compare(a, b),
  );
  return keyed.map(({ row }) => row);
}

const { compare: collate } = new Intl.Collator("en", { numeric: true });

/** Numbers come before words. @param {string | number} a @param {string | number} b */
function compare(a, b) {
  const words = [typeof a, typeof b].map((type) => Number(type === "string"));
  if (words[0] !== words[1]) return words[0] - words[1];
  return words[0] ? collate(String(a), String(b)) : Number(a) - Number(b);
}
