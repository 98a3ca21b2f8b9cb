/** A page that is one run. */
import { h } from "../dom.mjs";
import { RunView } from "../run/view.mjs";

export class RunBody {
  #view;
  element;

  /** @param {import("../explorer.mjs").Held} held @param {import("../explorer.mjs").Context} context */
  constructor({ docs, page }, { traits, tz, signal }) {
    const doc = docs?.[0];
    this.#view = doc ? new RunView(doc, { tz, now: page.now, signal, onPath: (path) => traits.put("path", path) }) : null;
    this.element = this.#view?.element ?? h("p", "arn-quiet", "There is no run to show.");
  }

  /** @param {string} tz */
  setZone(tz) {
    this.#view?.setZone(tz);
  }

  /** @param {string} path */
  setPath(path) {
    if (path) this.#view?.reveal(path);
  }

  setSelected() {}
}
