/** CSV and TSV files, as a table. They are read as RFC 4180 has it, and as people write them in its place. */
import { h } from "../../base/dom.mjs";
import { countOf } from "../../base/numbers.mjs";
import { cellText, createTable } from "../../base/table.mjs";
import { shortText } from "../../base/text.mjs";

const MOST_ROWS = 10_000;
const MOST_COLUMNS = 24;
const LONGEST = 200;
/** By the ending of the file's name. @type {Record<string, string>} */
const SEPARATORS = { csv: ",", tsv: "\t" };

/** @type {import("./kind.mjs").Kind} */
export const csv = {
  name: "csv",
  // A table has a row under its head.
  reads: (file) => Object.hasOwn(SEPARATORS, file.ending) && rowsOf(file, 2).length === 2,
  draw(file) {
    const [head, ...rows] = rowsOf(file, MOST_ROWS + 1);
    return table(head, rows);
  },
};

/** @param {import("./kind.mjs").File} file @param {number} most rows that are read */
function rowsOf({ text, ending }, most) {
  return parseCsv(text ?? "", SEPARATORS[ending], most);
}

/** @param {string[]} head @param {string[][]} rows */
function table(head, rows) {
  const columns = head.slice(0, MOST_COLUMNS).map((name, i) => ({
    label: shortText(name, LONGEST) || `column ${i + 1}`,
    value: (/** @type {string[]} */ row) => sortValue(row[i]),
    cell: (/** @type {string[]} */ row) => cellText(row[i] ?? ""),
  }));
  const { element, more } = createTable(columns, rows);
  const note = h("span", "arn-quiet", cutWords(head.length, rows.length));
  return h("div", "arn-section", element, h("div", "arn-line-up", more, note));
}

/** What a cell sorts by: a number where it is one. @param {string | undefined} cell */
function sortValue(cell) {
  if (!cell) return null;
  const number = Number(cell);
  return Number.isNaN(number) ? cell : number;
}

/** What of the file is not shown. @param {number} columns @param {number} rows */
function cutWords(columns, rows) {
  const words = [];
  if (columns > MOST_COLUMNS)
    words.push(`The first ${MOST_COLUMNS} of ${countOf(columns, "column")}.`);
  if (rows === MOST_ROWS) words.push(`The first ${countOf(MOST_ROWS, "row")}.`);
  return words.join(" ");
}

/**
 * @param {string} text
 * @param {string} separator
 * @param {number} most rows that are read
 * @returns {string[][]}
 */
function parseCsv(text, separator, most) {
  const cell = new RegExp(
    `(?:"([^"]*(?:""[^"]*)*)"?)?([^${separator}\\r\\n]*)(${separator}|\\r\\n|[\\r\\n]|$)`,
    "y",
  );
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  while (cell.lastIndex < text.length && rows.length < most) {
    const [, quoted, rest, end] = /** @type {RegExpExecArray} */ (cell.exec(text));
    row.push((quoted ?? "").replaceAll('""', '"') + rest);
    if (end === separator && cell.lastIndex < text.length) continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
