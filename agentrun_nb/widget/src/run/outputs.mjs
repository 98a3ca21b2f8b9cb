/** The outputs of a run as a table. Their names open their files; beside them is where they stand in the manifest. */
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
/** Where the place in the manifest stands: before the paths, which are long. */
const BEFORE_PATHS = 4;
/** So many outputs stand in the overview. */
const FEW = 5;
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
 * @typedef {object} Ways
 * @property {(position: number) => void} onPlace asked to show an output in the manifest
 * @property {false | ((position: number) => void)} onOpen asked to show what is in its file, where there is a kernel to read it
 */

/**
 * @param {OutputRow[]} outputs
 * @param {Ways} ways
 * @returns {HTMLElement}
 */
export function outputsTable(outputs, { onPlace, onOpen }) {
  let exact = false;
  /** @type {import("../base/table.mjs").Column<number>[]} */
  const columns = columnNames()
    .filter((name) => ALWAYS.includes(name) || tellsMore(outputs, name))
    .map((name) => ({
      label: titleOf(name),
      value: (/** @type {number} */ at) => sortValue(outputs[at], name),
      cell: (/** @type {number} */ at) => cell(at, name),
    }));
  const place = {
    label: "In manifest",
    cell: (/** @type {number} */ at) => placeLink(at, onPlace),
  };
  const obstacle = {
    label: "File",
    cell: (/** @type {number} */ at) => h("span", "arn-long arn-quiet", outputs[at].no_preview),
  };
  const isAnyClosed = onOpen && outputs.some((output) => output.no_preview);
  columns.splice(BEFORE_PATHS, 0, place, ...(isAnyClosed ? [obstacle] : []));
  const { element, more, paint } = createTable(columns, [...outputs.keys()]);
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
    return name === "name"
      ? nameCell(outputs[at], at, onOpen)
      : plainCell(outputs[at], name, exact);
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

/** A few outputs, and of each what tells most. @param {OutputRow[]} outputs @param {Ways} ways @param {() => void} onAll asked to show all of them */
export function outputsList(outputs, { onPlace, onOpen }, onAll) {
  /** @type {import("../base/table.mjs").Column<number>[]} */
  const columns = [
    { label: "Name", cell: (at) => nameCell(outputs[at], at, onOpen) },
    { label: "Size", isRight: true, cell: (at) => plainCell(outputs[at], SIZE) },
    { label: "Status", cell: (at) => plainCell(outputs[at], "status") },
    { label: "In manifest", cell: (at) => placeLink(at, onPlace) },
  ];
  const places = [...outputs.keys()].slice(0, FEW);
  const title = h("b", {}, countOf(outputs.length, "output"));
  const all = button("Show all", onAll, { class: "arn-link" });
  return h(
    "section",
    "arn-section",
    h("div", "arn-line-up", title, outputs.length > FEW && all),
    createTable(columns, places).element,
  );
}

/** What stands in the record, as it is read. @param {OutputRow} output @param {string} name of a column @param {boolean} [exact] whether a size is told to the byte */
function plainCell(output, name, exact = false) {
  const value = output[name] ?? null;
  const unread = output.unread?.[name];
  if (unread) return unreadable(unread);
  if (value === null) return OURS.includes(name) ? "" : emptyCell("not recorded");
  if (name === SIZE) return exact ? exactSize(value) : humanSize(value);
  return cellText(value);
}

/** The name opens the file where one may be had; a file without a name is called by its path. @param {OutputRow} output @param {number} at @param {Ways["onOpen"]} onOpen */
function nameCell(output, at, onOpen) {
  if (output.unread?.name) return unreadable(output.unread.name);
  const path = NAMES.map((part) => output[part]).find(Boolean);
  const canOpen = onOpen && !output.no_preview && path;
  const name = output.name ?? (canOpen ? path : null);
  if (name === null) return emptyCell("not recorded");
  const words = cellText(name || "(no name)");
  return canOpen ? button(words, () => onOpen(at), { class: "arn-link" }) : h("span", {}, words);
}

/** @param {number} at @param {Ways["onPlace"]} onPlace */
const placeLink = (at, onPlace) =>
  button(`outputs[${at}]`, () => onPlace(at), { class: "arn-link" });

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
