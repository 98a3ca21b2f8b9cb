/** The open documents of a run, each in a tab and read when that is first opened. */
import { h } from "../base/dom.mjs";
import { drawnLater } from "../base/drawn_later.mjs";
import { parsePath } from "../json/path.mjs";
import { missing } from "./fields.mjs";

/** @typedef {"output_manifest" | "input" | "extra"} Name */

/** What each document is called. @type {Record<Name, string>} */
const LABELS = {
  output_manifest: "Output manifest",
  input: "Input",
  extra: "Unknown fields",
};

/** @param {import("../protocol.mjs").RunDoc} first @param {{later: () => Promise<any>, pythonOf: (name: string) => string, onPath: (path: string) => void, onColumn?: (path: string) => string}} options `later` fetches the code that draws trees, `pythonOf` gives the expression of a parsed document */
export function createDocuments(first, { later, pythonOf, onPath, onColumn }) {
  let doc = first;
  /** @type {Map<string, import("../tree/tree.mjs").Tree>} */
  const trees = new Map();
  /** The last place of each document, which is shown when the document is read. @type {Map<string, import("../json/path.mjs").Step[]>} */
  const places = new Map();

  /** @param {Name} name @param {string} text @param {AbortSignal} signal @param {typeof import("../tree/json_view.mjs")} parts */
  function view(name, text, signal, { jsonView }) {
    const { element, tree } = jsonView(text, {
      root: name,
      python: pythonOf(name),
      label: LABELS[name],
      signal,
      onSelect: onPath,
      onColumn,
    });
    if (tree) trees.set(name, tree);
    return { element, reveal: () => tree?.reveal(places.get(name) ?? []) };
  }

  return {
    /** Takes a newer record; what is drawn stays. @param {import("../protocol.mjs").RunDoc} newer */
    setDoc(newer) {
      doc = newer;
    },

    /** @param {Name} name @param {AbortSignal} signal ends what is drawn @returns {HTMLElement} */
    draw(name, signal) {
      const text = doc[name];
      if (text === null) return h("p", {}, h("b", {}, LABELS[name]), " ", missing(doc, name));
      return drawnLater({ later, signal }, (parts, place) => {
        const { element, reveal } = view(name, text, signal, parts);
        place.replaceChildren(element);
        if (places.has(name)) reveal();
      });
    },

    /** @param {string} path with the document's name in front @returns {Name | null} the document that it leads into */
    nameOf(path) {
      const name = parsePath(path)?.[0];
      return typeof name === "string" && Object.hasOwn(LABELS, name)
        ? /** @type {Name} */ (name)
        : null;
    },

    /** Opens the way to a node, at once or when the document is read. @param {string} path with the document's name in front */
    reveal(path) {
      const [name, ...steps] = parsePath(path) ?? [];
      places.set(String(name), steps);
      trees.get(String(name))?.reveal(steps);
    },
  };
}
