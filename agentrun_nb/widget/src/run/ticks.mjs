/** The steps of a run as marks on its track. They lead to their entries in the log, and the log to them. */
import { h } from "../base/dom.mjs";
import { shortText } from "../base/text.mjs";

/** @typedef {import("./log/log.mjs").Step} Step */

const LONGEST_TYPE = 60;
/** So many marks have room on a track. */
const MOST = 60;
/** How much later than the end of a run its last events may be written. */
const GRACE_MS = 1000;

/**
 * @param {import("./track.mjs").Part[]} parts of the line
 * @param {Step[]} steps
 * @param {(entry: number) => void} onChoose
 * @returns {{mark: (entry: number) => void}}
 */
export function addTicks(parts, steps, onChoose) {
  /** @type {Map<number, HTMLElement>} */
  const ticks = new Map();
  for (const step of steps.slice(0, MOST)) {
    const part = partOf(parts, step.at);
    if (!part) continue;
    const tick = tickOf(step, part);
    tick.addEventListener("click", () => onChoose(step.entry));
    part.element.append(tick);
    ticks.set(step.entry, tick);
  }
  return {
    /** Lets the mark of an entry stand out. @param {number} chosen */
    mark(chosen) {
      for (const [entry, tick] of ticks) tick.classList.toggle("arn-here", entry === chosen);
    },
  };
}

/** The stretch in which a moment lies. What is written just after the end belongs to the end. @param {import("./track.mjs").Part[]} parts @param {number} at */
function partOf(parts, at) {
  const last = parts[parts.length - 1];
  const isLate = at > last.to && at <= last.to + GRACE_MS;
  return isLate ? last : parts.find(({ from, to }) => at >= from && at <= to);
}

/** @param {Step} step @param {import("./track.mjs").Part} part @returns {HTMLElement} */
function tickOf({ at, since, type, isError }, { from, to }) {
  const words = `${shortText(type, LONGEST_TYPE) || "first error"} ${since}`;
  const tick = h("span", `arn-tick${isError ? " arn-error" : ""}`, h("span", "arn-utc", words));
  tick.style.setProperty(
    "--arn-at",
    String(to > from ? Math.min(1, (at - from) / (to - from)) : 0),
  );
  return tick;
}
