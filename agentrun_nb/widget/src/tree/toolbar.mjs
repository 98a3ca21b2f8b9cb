/** The line above a tree: search, and opening and closing everything. */
import { button, h } from "../base/dom.mjs";
import { toolbar } from "../base/roving.mjs";
import { createSearch } from "../base/search.mjs";
import { TYPES } from "./search.mjs";

/** @param {{onSearch(terms: {query: string, kinds: number[]}): void, onStep(by: 1 | -1): void, onOpenAll(open: boolean): void, signal: AbortSignal}} options */
export function createToolbar({ onSearch, onStep, onOpenAll, signal }) {
  const type = h(
    "select",
    { "aria-label": "Search only" },
    ...TYPES.map(([name]) => h("option", {}, name)),
  );
  const search = createSearch("Search keys and values", {
    onSearch: (query) => onSearch({ query, kinds: TYPES[type.selectedIndex][1] }),
    onStep,
    signal,
  });
  type.addEventListener("change", search.look);
  return {
    element: h(
      "div",
      "arn-line-up arn-toolbar",
      search.input,
      type,
      toolbar(
        "Tree",
        "arn-line-up arn-spring",
        ...search.steps,
        h("span", "arn-spring"),
        button("Expand all", () => onOpenAll(true)),
        button("Collapse all", () => onOpenAll(false)),
      ),
    ),
    say: search.say,
  };
}
