/** The outputs of a run as a table that can be sorted. */
import { button, h } from "../dom.mjs";
import { exactSize, humanSize } from "../sizes.mjs";
import { visible } from "../status.mjs";
import { clip } from "../text.mjs";

/** @typedef {import("../protocol.mjs").OutputRow} OutputRow */
/** @typedef {{name: string, label: string, always: boolean}} Column */

/** @type {Column[]} */
const COLUMNS = [
  { name: "name", label: "Name", always: true },
  { name: "kind", label: "Kind", always: true },
  { name: "status", label: "Status", always: true },
  { name: "size_bytes", label: "Size", always: true },
  { name: "path", label: "Path", always: true },
  { name: "configured_path", label: "Configured path", always: false },
  { name: "access_path", label: "Access path", always: false },
  { name: "sandbox_id", label: "Sandbox", always: false },
  { name: "extra", label: "Other keys", always: false },
  { name: "parse_notes", label: "Notes", always: false },
];
const PAGE = 50;
const LONGEST = 200;

export class OutputsTable {
  #rows;
  #columns;
  #onChoose;
  #sort = { name: "", falling: false };
  #exact = false;
  #shown = PAGE;
  #table = h("table", "arn-outputs");
  #exactButton = button("Exact bytes", () => this.#toggleExact(), { "aria-pressed": "false" });
  #more = button("", () => this.#showMore());
  element;

  /** @param {OutputRow[]} rows @param {(position: number) => void} onChoose asked to show an output in the manifest */
  constructor(rows, onChoose) {
    this.#rows = rows.map((row, position) => ({ ...row, position }));
    this.#columns = COLUMNS.filter(({ name, always }) => always || rows.some((row) => (row[name] ?? null) !== null));
    this.#onChoose = onChoose;
    this.element = h("div", "arn-outputsbox", h("div", "arn-scroll", this.#table), h("div", "arn-tablefoot", this.#more, h("span", "arn-spring"), this.#exactButton));
    this.#paint();
  }

  #toggleExact() {
    this.#exact = !this.#exact;
    this.#exactButton.setAttribute("aria-pressed", String(this.#exact));
    this.#paint();
  }

  #showMore() {
    this.#shown += PAGE;
    this.#paint();
  }

  /** Rising, falling, then the order of the record again. @param {string} name */
  #sortBy(name) {
    const { name: current, falling } = this.#sort;
    this.#sort = current !== name ? { name, falling: false } : falling ? { name: "", falling: false } : { name, falling: true };
    this.#paint();
  }

  #paint() {
    const rows = sorted(this.#rows, this.#sort.name, this.#sort.falling);
    const head = h("tr", {}, ...this.#columns.map((column) => this.#headCell(column)));
    const body = rows.slice(0, this.#shown).map((row) => h("tr", {}, ...this.#columns.map(({ name }) => this.#cell(row, name))));
    this.#table.replaceChildren(h("thead", {}, head), h("tbody", {}, ...body));
    this.#more.hidden = rows.length <= this.#shown;
    this.#more.textContent = `Show more: ${(rows.length - this.#shown).toLocaleString("en")} outputs are hidden`;
  }

  /** @param {Column} column */
  #headCell({ name, label }) {
    const order = this.#sort.name !== name ? "none" : this.#sort.falling ? "descending" : "ascending";
    return h("th", { scope: "col", "aria-sort": order, class: `arn-col-${name}` }, button(label, () => this.#sortBy(name), { class: "arn-sort" }));
  }

  /** @param {OutputRow} row @param {string} name */
  #cell(row, name) {
    const value = row[name] ?? null;
    const style = `arn-col-${name}`;
    if (value === null) return h("td", style, h("span", "arn-quiet", "not recorded"));
    if (name === "size_bytes") return h("td", style, this.#exact ? exactSize(value) : humanSize(value));
    const text = visible(clip(String(value), LONGEST)) + (String(value).length > LONGEST ? "…" : "");
    if (name !== "name") return h("td", style, text);
    return h("td", style, button(text || "(no name)", () => this.#onChoose(Number(row.position)), { class: "arn-linkbutton" }));
  }
}

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
