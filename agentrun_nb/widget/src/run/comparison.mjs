/** Two runs side by side: where their documents differ, and which outputs belong together. */
import { h } from "../base/dom.mjs";
import { countOf, formatCount, humanSize } from "../base/numbers.mjs";
import { statusMark } from "../base/status.mjs";
import { cellText, createTable, emptyCell } from "../base/table.mjs";
import { shortText } from "../base/text.mjs";

const SIDES = /** @type {const} */ (["a", "b"]);

/**
 * @typedef {import("../protocol.mjs").Comparison} Comparison
 * @typedef {import("../protocol.mjs").Difference} Difference
 * @typedef {import("../protocol.mjs").Pair} Pair
 * @typedef {import("../protocol.mjs").OutputRow} OutputRow
 */

/**
 * @param {Comparison} comparison
 * @param {{id: string, status: string | null}[]} runs the two
 * @returns {HTMLElement}
 */
export function comparisonView({ count, differences, outputs }, runs) {
  const names = runs.map(({ id }) => shortText(id, 60) || "(no id)");
  const heads = runs.map(({ status }, i) => h("b", "arn-line-up", statusMark(status), names[i]));
  return h(
    "article",
    "arn-run",
    h("div", "arn-line-up", heads[0], "beside", heads[1]),
    section(
      `${countOf(count, "difference")} in input and output manifest`,
      differences.length > 0 && differenceTable(differences, names),
      count > differences.length &&
        `Only the first ${formatCount(differences.length)} are shown; arn.diff gives all.`,
    ),
    outputs.length > 0 &&
      section(countOf(outputs.length, "output"), outputsTable(outputs, names), ""),
  );
}

/** @param {string} title @param {HTMLElement | false} table @param {string | false} note */
const section = (title, table, note) =>
  h("section", "arn-section", h("b", {}, title), table, note && h("p", "arn-quiet", note));

/** @param {Difference[]} differences @param {string[]} names */
function differenceTable(differences, names) {
  const place = (/** @type {Difference} */ { path_a: a, path_b: b }) =>
    a && b && a !== b ? `${a} → ${b}` : (a ?? b ?? "");
  return tableOf(differences, [
    ["Place", place],
    ["Change", ({ change }) => change],
    ...SIDES.map(
      (side, i) =>
        /** @type {[string, (row: Difference) => string | null]} */ ([
          names[i],
          (row) => row[side],
        ]),
    ),
  ]);
}

/** @param {Pair[]} outputs @param {string[]} names */
function outputsTable(outputs, names) {
  const either = (/** @type {Pair} */ pair, /** @type {string} */ name) =>
    pair.a?.[name] ?? pair.b?.[name] ?? null;
  return tableOf(outputs, [
    ["Name", (pair) => either(pair, "name")],
    ["Path", (pair) => either(pair, "configured_path") ?? either(pair, "path")],
    ...SIDES.map(
      (side, i) =>
        /** @type {[string, (pair: Pair) => string | null]} */ ([
          names[i],
          (pair) => outputWords(pair[side]),
        ]),
    ),
  ]);
}

/** @param {OutputRow | null} output */
const outputWords = (output) =>
  output &&
  [
    output.status ?? "no status",
    output.size_bytes === null
      ? output.unread?.size_bytes
        ? "size not readable"
        : "no size"
      : humanSize(output.size_bytes),
  ].join(", ");

/** @template R @param {R[]} rows @param {[label: string, text: (row: R) => import("../protocol.mjs").Scalar][]} columns */
function tableOf(rows, columns) {
  const shown = columns.map(([label, text]) => ({
    label,
    value: (/** @type {R} */ row) => /** @type {string | null} */ (text(row)),
    cell: (/** @type {R} */ row) =>
      text(row) === null ? emptyCell("not there") : cellText(text(row)),
  }));
  const { element, more } = createTable(shown, rows);
  return h("div", "arn-section", element, more);
}
