/** A page that is one JSON document. */
import { drawnLater } from "../base/drawn_later.mjs";
import { parsePath } from "../json/path.mjs";

/** @param {import("./explorer.mjs").Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createJsonBody({ text }, { kernel, traits, signal }) {
  /** @type {import("../tree/tree.mjs").Tree | null} */
  let tree = null;
  /** The place that is shown, or will be when the tree is there. @type {ReturnType<typeof parsePath>} */
  let steps = null;

  function reveal() {
    if (steps) tree?.reveal(steps);
  }

  /** @param {typeof import("../tree/json_view.mjs")} parts @param {HTMLElement} place */
  function draw({ jsonView }, place) {
    const view = jsonView(text ?? "", {
      root: "",
      python: "document",
      label: "JSON document",
      signal,
      onSelect: (path) => traits.put("path", path),
    });
    tree = view.tree;
    place.replaceChildren(view.element);
    reveal();
  }

  return {
    element: drawnLater({ later: kernel.later, signal }, draw),
    setPath(path) {
      steps = parsePath(path);
      reveal();
    },
  };
}
