/** A page that is one JSON document. */
import { h } from "../dom.mjs";
import { parsePath } from "../json/path.mjs";
import { jsonView } from "../json/view.mjs";

export class JsonBody {
  #view;
  element;

  /** @param {import("../explorer.mjs").Held} held @param {import("../explorer.mjs").Context} context */
  constructor({ text }, { traits, signal }) {
    this.#view = jsonView(text ?? "", { root: "", label: "JSON document", signal, onSelect: (path) => traits.put("path", path) });
    this.element = h("div", "arn-documents", this.#view.element);
  }

  /** @param {string} path */
  setPath(path) {
    const steps = parsePath(path);
    if (path && steps) this.#view.tree?.reveal(steps);
  }

  setZone() {}

  setSelected() {}
}
