/** The open documents of a run, one tab each; a document is read when its tab is first shown. */
import { h, uniqueId } from "../dom.mjs";
import { parsePath } from "../json/path.mjs";
import { jsonView } from "../json/view.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */
/** @typedef {{name: "output_manifest" | "input" | "extra", text: string | null, tab: HTMLElement, panel: HTMLElement, view: ReturnType<typeof jsonView> | null}} Part */

const LABELS = { output_manifest: "Output manifest", input: "Input", extra: "Unknown fields" };

export class Documents {
  #doc;
  #signal;
  #onPath;
  /** @type {Part[]} */
  #parts;
  element;

  /** @param {RunDoc} doc @param {{signal: AbortSignal, onPath: (path: string) => void}} options */
  constructor(doc, { signal, onPath }) {
    this.#doc = doc;
    this.#signal = signal;
    this.#onPath = onPath;
    const names = /** @type {const} */ (["output_manifest", "input", "extra"]);
    this.#parts = names.filter((name) => name !== "extra" || doc.extra !== null).map((name) => this.#part(name));
    const tabs = h("div", { class: "arn-tabs", role: "tablist", "aria-label": "Documents of the run" }, ...this.#parts.map(({ tab }) => tab));
    tabs.addEventListener("keydown", (event) => this.#key(event));
    this.element = h("section", "arn-documents", tabs, ...this.#parts.map(({ panel }) => panel));
    this.#show(this.#parts.find(({ text }) => text !== null) ?? this.#parts[0]);
  }

  /** Opens the way to a node. @param {string} path with the document's name in front @returns {boolean} whether it is there */
  reveal(path) {
    const steps = parsePath(path);
    const part = this.#parts.find(({ name }) => name === steps?.[0]);
    if (!steps || !part) return false;
    this.#show(part);
    return part.view?.tree?.reveal(steps.slice(1)) ?? false;
  }

  /** @param {Part["name"]} name @returns {Part} */
  #part(name) {
    const panelId = uniqueId("panel"), tabId = uniqueId("tab");
    const tab = h("button", { type: "button", role: "tab", id: tabId, class: "arn-tab", "aria-controls": panelId }, LABELS[name]);
    const panel = h("div", { role: "tabpanel", id: panelId, class: "arn-panel", "aria-labelledby": tabId });
    /** @type {Part} */
    const part = { name, text: this.#doc[name], tab, panel, view: null };
    tab.addEventListener("click", () => this.#show(part));
    return part;
  }

  /** @param {Part} chosen */
  #show(chosen) {
    for (const part of this.#parts) {
      part.tab.setAttribute("aria-selected", String(part === chosen));
      part.tab.tabIndex = part === chosen ? 0 : -1;
      part.panel.hidden = part !== chosen;
    }
    if (chosen.view) return;
    if (chosen.text === null) {
      chosen.panel.replaceChildren(h("p", "arn-quiet", this.#doc.absent.includes(chosen.name) ? "not in the record" : "null"));
      return;
    }
    chosen.view = jsonView(chosen.text, { root: chosen.name, label: LABELS[chosen.name], signal: this.#signal, onSelect: this.#onPath });
    chosen.panel.replaceChildren(chosen.view.element);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const here = this.#parts.findIndex(({ panel }) => !panel.hidden);
    const next = this.#parts[(here + step + this.#parts.length) % this.#parts.length];
    this.#show(next);
    next.tab.focus();
  }
}
