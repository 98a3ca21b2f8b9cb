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
  const error = button("First error", onFirstError);
  const chips = createChips(options.onLevels);

  /** A log that has grown. @param {import("./entries.mjs").Entry[]} longer */
  function take(longer) {
    chips.take(longer);
    error.hidden = !longer.some(({ level }) => rankOf(level) === 0);
  }

  take(entries);
  return {
    take,
    element: h(
      "div",
      "arn-line-up arn-toolbar",
      search.input,
      toolbar(
        "Log",
        "arn-line-up arn-spring",
        ...search.steps,
        chips.element,
        h("span", "arn-spring"),
        error,
        wrap,
        onAgain && button("Read again", onAgain),
      ),
    ),
    say: search.say,
  };
}

/** A chip for each level, with how many entries have it; where none is pressed, all are shown. @param {(levels: Set<string>) => void} onLevels */
function createChips(onLevels) {
  const element = h("span", "arn-line-up");
  /** @type {Set<string>} */
  const pressed = new Set();
  /** @type {Map<string, HTMLButtonElement>} */
  const chips = new Map();

  /** @param {string} level */
  function make(level) {
    const chip = button("", () => toggle(level, chip), { "aria-pressed": "false" });
    chips.set(level, chip);
    return chip;
  }

  /** @param {string} level @param {HTMLButtonElement} chip */
  function toggle(level, chip) {
    if (flip(chip)) pressed.add(level);
    else pressed.delete(level);
    onLevels(pressed);
  }

  /** @param {import("./entries.mjs").Entry[]} entries */
  function take(entries) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (const { level } of entries) counts.set(level, (counts.get(level) ?? 0) + 1);
    const levels = [...counts].sort(([a], [b]) => rankOf(a) - rankOf(b)).slice(0, MOST_LEVELS);
    element.hidden = counts.size < 2;
    levels.forEach(([level, n], i) => {
      const chip = chips.get(level) ?? make(level);
      chip.textContent = `${shortText(level, LONGEST_LEVEL) || "no level"} ${formatCount(n)}`;
      if (element.children[i] !== chip) element.insertBefore(chip, element.children[i] ?? null);
    });
  }

  return { element, take };
}

/** @param {HTMLButtonElement} toggle @returns {boolean} whether it is pressed now */
function flip(toggle) {
  const isPressed = toggle.ariaPressed !== "true";
  toggle.ariaPressed = String(isPressed);
  return isPressed;
}
