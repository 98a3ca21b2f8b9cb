/** The line above a tree: search, and opening and closing everything. */
import { button, h } from "../dom.mjs";

const PAUSE_MS = 150;
const WHAT = "Search keys and values";

/** @param {{onSearch(query: string): void, onStep(by: 1 | -1): void, onOpenAll(open: boolean): void, signal: AbortSignal}} options */
export function createToolbar({ onSearch, onStep, onOpenAll, signal }) {
  const count = h("span", { class: "arn-hits", role: "status" });
  const input = h("input", { type: "search", class: "arn-search", placeholder: WHAT, "aria-label": WHAT, spellcheck: "false" });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => onSearch(input.value), PAUSE_MS);
  });
  input.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter") onStep(shiftKey ? -1 : 1);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    element: h("div", "arn-line-up arn-toolbar",
      input,
      button("↑", () => onStep(-1), { "aria-label": "Previous match" }),
      button("↓", () => onStep(1), { "aria-label": "Next match" }),
      count,
      h("span", "arn-spring"),
      button("Expand all", () => onOpenAll(true)),
      button("Collapse all", () => onOpenAll(false)),
    ),
    /** @param {string} words how many matches, and which one is chosen */
    say: (words) => (count.textContent = words),
  };
}
