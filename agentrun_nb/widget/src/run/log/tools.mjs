/** The line above a log: which levels are shown, search, the first error, and whether long lines go on below. */
import { button, h } from "../../base/dom.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { toolbar } from "../../base/roving.mjs";
import { createSearch } from "../../base/search.mjs";
import { shortText } from "../../base/text.mjs";
import { rankOf } from "./entries.mjs";

const LONGEST_LEVEL = 30;
const MOST_LEVELS = 12;

/**
 * @param {import("./entries.mjs").Entry[]} entries
 * @param {{onLevels: (levels: Set<string>) => void, onSearch: (query: string) => void, onStep: (by: 1 | -1) => void, onFirstError: () => void, onWrap: (wraps: boolean) => void, onAgain: (() => void) | null, signal: AbortSignal}} options
 *   `onAgain` asks for the log again, where it may have grown
 */
export function createTools(entries, options) {
  const { onFirstError, onWrap, onAgain } = options;
  const search = createSearch("Search the log", options);
  const wrap = button("Wrap", () => onWrap(flip(wrap)), { "aria-pressed": "true" });
  const hasError = entries.some(({ level }) => rankOf(level) === 0);
  return {
    element: h(
      "div",
      "arn-line-up arn-toolbar",
      search.input,
      toolbar(
        "Log",
        "arn-line-up arn-spring",
        ...search.steps,
        ...levelChips(entries, options.onLevels),
        h("span", "arn-spring"),
        hasError && button("First error", onFirstError),
        wrap,
        onAgain && button("Read again", onAgain),
      ),
    ),
    say: search.say,
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
