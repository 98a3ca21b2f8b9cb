/** The line above a tree: search, and opening and closing everything. */
import { button, h } from "../base/dom.mjs";
import { toolbar } from "../base/roving.mjs";
import { TYPES } from "./search.mjs";

const PAUSE_MS = 150;
const WHAT = "Search keys and values";

/** @param {{onSearch(terms: {query: string, kinds: number[]}): void, onStep(by: 1 | -1): void, onOpenAll(open: boolean): void, signal: AbortSignal}} options */
export function createToolbar({ onSearch, onStep, onOpenAll, signal }) {
  const count = h("span", { class: "arn-hits", role: "status" });
  const input = h("input", {
    type: "search",
    class: "arn-search",
    placeholder: WHAT,
    "aria-label": WHAT,
    spellcheck: "false",
  });
  const type = h(
    "select",
    { "aria-label": "Search only" },
    ...TYPES.map(([name]) => h("option", {}, name)),
  );
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(
      () => onSearch({ query: input.value, kinds: TYPES[type.selectedIndex][1] }),
      PAUSE_MS,
    );
  };
  input.addEventListener("input", look);
  type.addEventListener("change", look);
  input.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter") onStep(shiftKey ? -1 : 1);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    element: h(
      "div",
      "arn-line-up arn-toolbar",
      input,
      type,
      toolbar(
        "Tree",
        "arn-line-up arn-spring",
        button("↑", () => onStep(-1), { "aria-label": "Previous match" }),
        button("↓", () => onStep(1), { "aria-label": "Next match" }),
        count,
        h("span", "arn-spring"),
        button("Expand all", () => onOpenAll(true)),
        button("Collapse all", () => onOpenAll(false)),
      ),
    ),
    /** @param {string} words how many matches, and which one is chosen */
    say: (words) => (count.textContent = words),
  };
}
