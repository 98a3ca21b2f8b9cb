/** A field to search in, and the buttons that go from match to match. */
import { button, h } from "./dom.mjs";

/** A search waits for a pause in the typing. */
const PAUSE_MS = 150;

/**
 * @param {string} label
 * @param {{onSearch: (query: string) => void, onStep: (by: 1 | -1) => void, signal: AbortSignal}} options
 */
export function createSearch(label, { onSearch, onStep, signal }) {
  const count = h("span", { class: "arn-hits", role: "status" });
  const input = h("input", {
    type: "search",
    class: "arn-search",
    placeholder: label,
    "aria-label": label,
    spellcheck: "false",
  });
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    timer = setTimeout(() => onSearch(input.value), PAUSE_MS);
  };
  input.addEventListener("input", look);
  input.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter") onStep(shiftKey ? -1 : 1);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    input,
    /** What goes into a toolbar beside the field. */
    steps: [
      button("↑", () => onStep(-1), { "aria-label": "Previous match" }),
      button("↓", () => onStep(1), { "aria-label": "Next match" }),
      count,
    ],
    /** Searches again, once nothing more is typed. */
    look,
    /** @param {string} words how many matches, and which one is chosen */
    say: (words) => (count.textContent = words),
  };
}
