/** The open documents of a run; each is read when it is first opened. */
import { h } from "../base/dom.mjs";
import { parsePath } from "../json/path.mjs";
import { jsonView } from "../tree/json_view.mjs";
import { missing } from "./fields.mjs";

/** @type {["output_manifest" | "input" | "extra", string][]} */
const NAMES = [
  ["output_manifest", "Output manifest"],
  ["input", "Input"],
  ["extra", "Unknown fields"],
];

/** @param {import("../protocol.mjs").RunDoc} doc @param {{signal: AbortSignal, pythonOf: (name: string) => string, onPath: (path: string) => void}} options `pythonOf` gives the expression of a parsed document */
export function createDocuments(doc, { signal, pythonOf, onPath }) {
  /** @type {Map<string, () => import("../tree/tree.mjs").Tree | null>} what opens a document */
  const open = new Map();
  const parts = NAMES.filter(([name]) => name !== "extra" || doc.extra !== null).map(
    ([name, label]) => {
      const text = doc[name];
      if (text === null) return h("p", {}, h("b", {}, label), " ", missing(doc, name));
      const part = h("details", {}, h("summary", {}, label));
      /** @type {ReturnType<typeof jsonView> | undefined} */
      let view;
      open.set(name, () => {
        if (!view)
          part.append(
            (view = jsonView(text, {
              root: name,
              python: pythonOf(name),
              label,
              signal,
              onSelect: onPath,
            })).element,
          );
        part.open = true;
        return view.tree;
      });
      part.addEventListener("toggle", () => part.open && open.get(name)?.());
      return part;
    },
  );
  [...open.values()][0]?.();

  return {
    element: h("section", "arn-section", ...parts),
    /** Opens the way to a node. @param {string} path with the document's name in front @returns {boolean} whether it is there */
    reveal(path) {
      const [name, ...steps] = parsePath(path) ?? [];
      return open.get(String(name))?.()?.reveal(steps) ?? false;
    },
  };
}
