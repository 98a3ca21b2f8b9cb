/** The outputs of a run as a table, each with a look into its file. */
import { button, h } from "../base/dom.mjs";
import { head } from "../base/head.mjs";
import { countOf, exactSize, humanSize } from "../base/numbers.mjs";
import { cellText, createTable, emptyCell } from "../base/table.mjs";
import { unreadable } from "../base/text.mjs";

/** @typedef {import("../protocol.mjs").OutputRow} OutputRow */

/** Columns that are shown whatever stands in them, and come first. */
const ALWAYS = ["name", "kind", "status", "size_bytes", "path"];
/** What is written over a column whose name does not say it well. @type {Record<string, string>} */
const TITLES = { size_bytes: "Size", parse_notes: "Notes", sandbox_id: "Sandbox" };
/** Where a look into the file stands: before the paths, which are long. */
const FILE = 4;
/** What the service needs to find a file; a person, only where it tells the outputs apart. */
const INTERNAL = ["access_path", "sandbox_id"];
/** By what the service is asked for a file. */
const NAMES = ["name", "path", "configured_path"];
/** What is written by this package and not in a record. */
const OURS = ["extra", "parse_notes"];
const SIZE = "size_bytes";

/** The columns of OUTPUTS in the order in which they are worth a look. @returns {string[]} */
function columnNames() {
  const names = head().outputs.map(({ name }) => name);
  const others = names.filter((name) => !ALWAYS.includes(name) && !INTERNAL.includes(name));
  return [...ALWAYS, ...others, ...INTERNAL].filter((name) => names.includes(name));
}

/** @param {string} name @returns {string} */
const titleOf = (name) =>
  TITLES[name] ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll("_", " ");

/**
 * @param {OutputRow[]} outputs
 * @param {(position: number) => void} onChoose asked to show an output in the manifest
 * @param {false | ((position: number) => void)} onPreview asked to show what is in its file, where there is a kernel to read it
 * @returns {HTMLElement}
 */
export function outputsTable(outputs, onChoose, onPreview) {
  let exact = false;
  /** @type {import("../base/table.mjs").Column<number>[]} */
  const columns = columnNames()
    .filter((name) => ALWAYS.includes(name) || tellsMore(outputs, name))
    .map((name) => ({
      label: titleOf(name),
      value: (/** @type {number} */ at) => sortValue(outputs[at], name),
      cell: (/** @type {number} */ at) => cell(at, name),
    }));
  const look = onPreview && {
    label: "File",
    cell: (/** @type {number} */ at) => fileCell(outputs[at], () => onPreview(at)),
  };
  const { element, more, paint } = createTable(look ? columns.toSpliced(FILE, 0, look) : columns, [
    ...outputs.keys(),
  ]);
  const bytes = button(
    "Exact bytes",
    () => {
      exact = !exact;
      bytes.setAttribute("aria-pressed", String(exact));
      paint();
    },
    { "aria-pressed": "false" },
  );

  /** @param {number} at @param {string} name */
  function cell(at, name) {
    const value = outputs[at][name] ?? null,
      unread = outputs[at].unread?.[name];
    if (unread) return unreadable(unread);
    if (value === null) return OURS.includes(name) ? "" : emptyCell("not recorded");
    if (name === SIZE) return exact ? exactSize(value) : humanSize(value);
    if (name !== "name") return cellText(value);
    return button(cellText(value || "(no name)"), () => onChoose(at), { class: "arn-link" });
  }

  return h(
    "div",
    "arn-section",
    h(
      "div",
      "arn-line-up",
      h("b", {}, countOf(outputs.length, "output")),
      h("span", "arn-spring"),
      bytes,
    ),
    element,
    h("div", {}, more),
  );
}

/** A look into a file is offered only where one may be had. @param {OutputRow} output @param {() => void} onPreview */
function fileCell(output, onPreview) {
  if (output.no_preview) return h("span", "arn-long arn-quiet", output.no_preview);
  return NAMES.some((name) => output[name]) && button("Preview", onPreview, { class: "arn-link" });
}

/** Whether a column says what no column before it says; the tree shows them all. @param {OutputRow[]} outputs @param {string} name */
function tellsMore(outputs, name) {
  const values = new Set(outputs.map((row) => row[name] ?? null));
  const names = columnNames();
  const before = names.slice(0, names.indexOf(name));
  const repeats = before.some((other) => outputs.every((row) => row[name] === row[other]));
  return !repeats && (values.size > 1 || !(INTERNAL.includes(name) || values.has(null)));
}

/** @param {OutputRow} row @param {string} name @returns {string | number | null} sizes are numbers, even those that are too large to be exact as one */
export function sortValue(row, name) {
  const value = row[name] ?? null;
  return value === null ? null : name === SIZE ? Number(value) : String(value);
}
