/** The line above a log: which levels are shown, search, the first error, and whether long lines go on below. */
import { button, h } from "../../base/dom.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { toolbar } from "../../base/roving.mjs";
import { shortText } from "../../base/text.mjs";
import { rankOf } from "./entries.mjs";

const PAUSE_MS = 150;
const LONGEST_LEVEL = 30;
const MOST_LEVELS = 12;

/**
 * @param {import("./entries.mjs").Entry[]} entries
 * @param {{onLevels: (levels: Set<string>) => void, onSearch: (query: string) => void, onStep: (by: 1 | -1) => void, onFirstError: () => void, onWrap: (wraps: boolean) => void, onAgain: (() => void) | null, signal: AbortSignal}} options
 *   `onAgain` asks for the log again, where it may have grown
 */
export function createTools(entries, options) {
  const { onSearch, onStep, onFirstError, onWrap, onAgain, signal } = options;
  const count = h("span", { class: "arn-hits", role: "status" });
  const input = h("input", {
    type: "search",
    class: "arn-search",
    placeholder: "Search the log",
    "aria-label": "Search the log",
    spellcheck: "false",
  });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => onSearch(input.value), PAUSE_MS);
  });
  input.addEventListener("keydown", ({ key, shiftKey }) => {
    if (key === "Enter") onStep(shiftKey ? -1 : 1);
  });
  signal.addEventListener("abort", () => clearTimeout(timer));
  const wrap = button("Wrap", () => onWrap(flip(wrap)), { "aria-pressed": "true" });
  const hasError = entries.some(({ level }) => rankOf(level) === 0);
  return {
    element: h(
      "div",
      "arn-line-up arn-toolbar",
      input,
      toolbar(
        "Log",
        "arn-line-up arn-spring",
        button("↑", () => onStep(-1), { "aria-label": "Previous match" }),
        button("↓", () => onStep(1), { "aria-label": "Next match" }),
        count,
        ...levelChips(entries, options.onLevels),
        h("span", "arn-spring"),
        hasError && button("First error", onFirstError),
        wrap,
        onAgain && button("Read again", onAgain),
      ),
    ),
    /** @param {string} words how many matches, and which one is chosen */
    say: (words) => (count.textContent = words),
  };
}

/** A chip for each level, with how many entries have it; where none is pressed, all are shown. @param {import("./entries.mjs").Entry[]} entries @param {(levels: Set<string>) => void} onLevels */
function levelChips(entries, onLevels) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { level } of entries) counts.set(level, (counts.get(level) ?? 0) + 1);
  if (counts.size < 2) return [];
  /** @type {Set<string>} */
  const pressed = new Set();
  const levels = [...counts].sort(([a], [b]) => rankOf(a) - rankOf(b)).slice(0, MOST_LEVELS);
  return levels.map(([level, n]) => {
    const words = `${shortText(level, LONGEST_LEVEL) || "no level"} ${formatCount(n)}`;
    const chip = button(
      words,
      () => {
        if (flip(chip)) pressed.add(level);
        else pressed.delete(level);
        onLevels(pressed);
      },
      { "aria-pressed": "false" },
    );
    return chip;
  });
}

/** @param {HTMLButtonElement} toggle @returns {boolean} whether it is pressed now */
function flip(toggle) {
  const isPressed = toggle.ariaPressed !== "true";
  toggle.ariaPressed = String(isPressed);
  return isPressed;
}
