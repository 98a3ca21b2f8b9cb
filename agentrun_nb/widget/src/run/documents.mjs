/** The open documents of a run, one tab each; a document is read when its tab is first shown. */
import { h, uniqueId } from "../dom.mjs";
import { parsePath } from "../json/path.mjs";
import { jsonView } from "../json/view.mjs";

/** @typedef {"output_manifest" | "input" | "extra"} Name */
/** @typedef {{name: Name, tab: HTMLElement, panel: HTMLElement, view: ReturnType<typeof jsonView> | null}} Part */

/** @type {[Name, string][]} */
const NAMES = [["output_manifest", "Output manifest"], ["input", "Input"], ["extra", "Unknown fields"]];

/** @param {import("../protocol.mjs").RunDoc} doc @param {{signal: AbortSignal, onPath: (path: string) => void}} options */
export function createDocuments(doc, { signal, onPath }) {
  const parts = NAMES.filter(([name]) => name !== "extra" || doc.extra !== null).map(([name, label]) => {
    const panelId = uniqueId("panel"), tabId = uniqueId("tab");
    const tab = h("button", { type: "button", role: "tab", id: tabId, class: "arn-tab", "aria-controls": panelId }, label);
    const panel = h("div", { role: "tabpanel", id: panelId, "aria-labelledby": tabId });
    /** @type {Part} */
    const part = { name, tab, panel, view: null };
    tab.addEventListener("click", () => show(part));
    return part;
  });
  const tabs = h("div", { class: "arn-tabs", role: "tablist", "aria-label": "Documents of the run" }, ...parts.map(({ tab }) => tab));

  /** @param {Part} chosen */
  function show(chosen) {
    for (const part of parts) {
      part.tab.setAttribute("aria-selected", String(part === chosen));
      part.tab.tabIndex = part === chosen ? 0 : -1;
      part.panel.hidden = part !== chosen;
    }
    const { name, panel, tab } = chosen;
    const text = doc[name];
    if (chosen.view) return;
    if (text === null) return panel.replaceChildren(h("p", "arn-quiet", doc.absent.includes(name) ? "not in the record" : "null"));
    chosen.view = jsonView(text, { root: name, label: tab.innerText, signal, onSelect: onPath });
    panel.replaceChildren(chosen.view.element);
  }

  tabs.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const here = parts.findIndex(({ panel }) => !panel.hidden);
    const next = parts[(here + step + parts.length) % parts.length];
    show(next);
    next.tab.focus();
  });
  show(parts.find(({ name }) => doc[name] !== null) ?? parts[0]);

  return {
    element: h("section", "arn-section", tabs, ...parts.map(({ panel }) => panel)),
    /** Opens the way to a node. @param {string} path with the document's name in front @returns {boolean} whether it is there */
    reveal(path) {
      const [name, ...steps] = parsePath(path) ?? [];
      const part = parts.find((one) => one.name === name);
      if (part) show(part);
      return part?.view?.tree?.reveal(steps) ?? false;
    },
  };
}
