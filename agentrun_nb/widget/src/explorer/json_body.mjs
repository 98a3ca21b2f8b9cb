/** A page that is one JSON document. */
import { parsePath } from "../json/path.mjs";
import { jsonView } from "../tree/json_view.mjs";

/** @param {import("./explorer.mjs").Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createJsonBody({ text }, { traits, signal }) {
  const { element, tree } = jsonView(text ?? "", {
    root: "",
    python: "document",
    label: "JSON document",
    signal,
    onSelect: (path) => traits.put("path", path),
  });
  return {
    element,
    setPath(path) {
      const steps = parsePath(path);
      if (steps) tree?.reveal(steps);
    },
  };
}
