/** The outputs of a run as a table that can be sorted. */
import { button, h } from "../dom.mjs";
import { formatCount } from "../scale.mjs";
import { exactSize, humanSize } from "../sizes.mjs";
import { shortText } from "../text.mjs";

/** @typedef {import("../protocol.mjs").OutputRow} OutputRow */

/** The columns of OUTPUTS that are worth a look; the first five are shown even where nothing stands in them. */
const COLUMNS = ["name", "kind", "status", "size_bytes", "path", "configured_path", "access_path", "sandbox_id", "extra", "parse_notes"];
const ALWAYS = 5;
const PAGE = 50;
const LONGEST = 200;

/**
 * @param {OutputRow[]} outputs
 * @param {(position: number) => void} onChoose asked to show an output in the manifest
 * @returns {HTMLElement}
 */
export function outputsTable(outputs, onChoose) {
  const positioned = outputs.map((row, position) => ({ ...row, position }));
  const columns = COLUMNS.filter((name, i) => i < ALWAYS || outputs.some((row) => (row[name] ?? null) !== null));
  let sort = { name: "", falling: false };
  let exact = false;
  let shown = PAGE;
  const table = h("table", "arn-outputs");
  const more = button("", () => paint((shown += PAGE)));
  const bytes = button("Exact bytes", () => paint((exact = !exact)));

  /** Rising, falling, then the order of the record again. @param {string} name */
  function sortBy(name) {
    if (sort.name !== name) sort = { name, falling: false };
    else sort = sort.falling ? { name: "", falling: false } : { name, falling: true };
    paint();
  }

  /** @param {unknown} [change] what has been changed before the call */
  function paint(change) {
    const head = columns.map((name) => {
      const order = sort.name !== name ? "none" : sort.falling ? "descending" : "ascending";
      return h("th", { "aria-sort": order, class: `arn-col-${name}` }, button(labelOf(name), () => sortBy(name), { class: "arn-sort" }));
    });
    const body = sorted(positioned, sort.name, sort.falling).slice(0, shown).map((row) => h("tr", {}, ...columns.map((name) => h("td", `arn-col-${name}`, cell(row, name)))));
    table.replaceChildren(h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body));
    bytes.setAttribute("aria-pressed", String(exact));
    more.hidden = outputs.length <= shown;
    more.textContent = `Show more: ${formatCount(outputs.length - shown)} outputs are hidden`;
  }

  /** @param {OutputRow} row @param {string} name */
  function cell(row, name) {
    const value = row[name] ?? null;
    if (value === null) return h("span", "arn-quiet", "not recorded");
    if (name === "size_bytes") return exact ? exactSize(value) : humanSize(value);
    const text = shortText(String(value), LONGEST);
    return name === "name" ? button(text || "(no name)", () => onChoose(Number(row.position)), { class: "arn-link" }) : text;
  }

  paint();
  return h("div", "arn-section", h("div", "arn-scroll", table), h("div", "arn-line-up", more, h("span", "arn-spring"), bytes));
}

/** @param {string} column */
const labelOf = (column) => (column.replace("_bytes", "").replace("_", " "));

/** @template {OutputRow} R @param {R[]} rows @param {string} name "" for the order of the record @param {boolean} falling @returns {R[]} nothing recorded always comes last */
export function sorted(rows, name, falling) {
  if (name === "") return rows;
  const sign = falling ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = a[name] ?? null, right = b[name] ?? null;
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * (name === "size_bytes" ? Number(left) - Number(right) : String(left).localeCompare(String(right), "en", { numeric: true }));
  });
}
