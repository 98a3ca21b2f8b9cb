/** The line above a tree: search, and opening and closing everything. */
import { button, h } from "../dom.mjs";

const PAUSE_MS = 150;

export class Toolbar {
  #count = h("span", { class: "arn-hits", role: "status" });
  #input = h("input", { type: "search", class: "arn-search", placeholder: "Search keys and values", "aria-label": "Search keys and values", spellcheck: "false" });
  #timer = 0;

  /** @param {{onSearch(query: string): void, onStep(by: 1 | -1): void, onOpenAll(open: boolean): void, signal: AbortSignal}} options */
  constructor({ onSearch, onStep, onOpenAll, signal }) {
    this.element = h("div", "arn-toolbar",
      this.#input,
      button("↑", () => onStep(-1), { "aria-label": "Previous match" }),
      button("↓", () => onStep(1), { "aria-label": "Next match" }),
      this.#count,
      h("span", "arn-spring"),
      button("Expand all", () => onOpenAll(true)),
      button("Collapse all", () => onOpenAll(false)),
    );
    this.#input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => onSearch(this.#input.value), PAUSE_MS);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") onStep(event.shiftKey ? -1 : 1);
    });
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  /** @param {string} words how many matches, and which one is chosen */
  say(words) {
    this.#count.textContent = words;
  }
}
