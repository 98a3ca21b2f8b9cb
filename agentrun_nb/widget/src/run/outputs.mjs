/** The outputs of a run as a table, each with a look into its file. */
import { button, h } from "../dom.mjs";
import { exactSize, humanSize } from "../sizes.mjs";
import { createTable } from "../table.mjs";
import { shortText } from "../text.mjs";

/** @typedef {import("../protocol.mjs").OutputRow} OutputRow */

/** The columns of OUTPUTS that are worth a look; the first five are shown even where nothing stands in them. */
const COLUMNS = Object.entries({
  name: "Name", kind: "Kind", status: "Status", size_bytes: "Size", path: "Path", configured_path: "Configured path", access_path: "Access path", sandbox_id: "Sandbox", extra: "Extra",
  parse_notes: "Notes",
});
const ALWAYS = 5;
const LONGEST = 200;
const SIZE = "size_bytes";

/**
 * @param {OutputRow[]} outputs
 * @param {(position: number) => void} onChoose asked to show an output in the manifest
 * @param {(position: number) => void} onPreview asked to show what is in its file
 * @returns {HTMLElement}
 */
export function outputsTable(outputs, onChoose, onPreview) {
  const positions = Array.from(outputs.keys());
  let exact = false;
  const columns = COLUMNS.filter(([name], i) => i < ALWAYS || outputs.some((row) => (row[name] ?? null) !== null)).map(([name, label]) => ({
    label,
    right: name === SIZE,
    value: (/** @type {number} */ at) => sortValue(outputs[at], name),
    cell: (/** @type {number} */ at) => cell(at, name),
  }));
  const look = { label: "File", cell: (/** @type {number} */ at) => button("Preview", () => onPreview(at), { class: "arn-button arn-copy" }) };
  const { element, more, paint } = createTable([...columns, look], positions);
  const bytes = button("Exact bytes", () => {
    exact = !exact;
    bytes.setAttribute("aria-pressed", String(exact));
    paint();
  }, { "aria-pressed": "false" });

  /** @param {number} at @param {string} name */
  function cell(at, name) {
    const value = outputs[at][name] ?? null;
    if (value === null) return h("span", "arn-quiet", "not recorded");
    if (name === SIZE) return exact ? exactSize(value) : humanSize(value);
    const text = shortText(String(value), LONGEST);
    return name === "name" ? button(text || "(no name)", () => onChoose(at), { class: "arn-link" }) : text;
  }

  return h("div", "arn-section", element, h("div", "arn-line-up", more, h("span", "arn-spring"), bytes));
}

/** @param {OutputRow} row @param {string} name @returns {string | number | null} sizes are numbers, even those that are too large to be exact as one */
export function sortValue(row, name) {
  const value = row[name] ?? null;
  return value === null ? null : name === SIZE ? Number(value) : String(value);
}
