/** The phases of a run as a second line under its course: thin while it waits, thick after that, hatched where a change lies between two looks. */
import { h } from "../base/dom.mjs";
import { describe } from "../base/status.mjs";
import { clip, visible } from "../base/text.mjs";
import { duration } from "../base/times.mjs";

/** @typedef {import("../protocol.mjs").Phase} Phase */
/** @typedef {{kind: "waiting" | "going" | "between", from: number, to: number}} Segment a stretch of the line, in ms; in one that is between, the phase changed */

const LONGEST_NAME = 60;
const CLASSES = { waiting: "arn-before", going: "arn-after", between: "arn-between" };
/** How a stretch looks in which the phase changed. It is seldom needed, so it does not come with the styles of each page. */
const HATCH = {
  border: "0",
  height: "10px",
  background: "repeating-linear-gradient(135deg, var(--arn-course) 0 2px, transparent 0 5px)",
};
const NOTES = {
  logged: "Phases as the log has them.",
  observed: "Phases as they were seen; hatched: between two looks.",
};

/** @param {Phase[]} phases one after another @returns {Segment[]} */
export function segmentsOf(phases) {
  /** @type {Segment[]} */
  const segments = [];
  let at = NaN;
  /** @param {Segment["kind"]} kind @param {number | null} from @param {number | null} to */
  const add = (kind, from, to) => {
    if (from !== null && to !== null && to > from) segments.push({ kind, from, to });
  };
  for (const { phase, start, end } of phases) {
    const [low, high] = start;
    const [last] = end;
    add("between", Number.isNaN(at) ? low : at, high);
    add(describe(phase).waiting ? "waiting" : "going", high, last);
    at = Math.max(high, last);
  }
  if (phases.length) add("between", at, phases[phases.length - 1].end[1]);
  return segments;
}

/** How long a phase was, as far as that is known. @param {Phase} phase */
export function phaseWords({ phase, start, end }) {
  const name = visible(clip(phase, LONGEST_NAME)).replaceAll("_", " ");
  const least = Math.max(0, end[0] - start[1]);
  if (start[0] === null || end[1] === null) return `${duration(least)} or more ${name}`;
  const most = end[1] - start[0];
  const length = most > least ? `${duration(least)} to ${duration(most)}` : duration(least);
  return `${length} ${name}`;
}

/** @param {Phase[]} phases one after another, at least one @returns {HTMLElement} */
export function phaseLine(phases) {
  const segments = segmentsOf(phases);
  const whole = segments.reduce((sum, { from, to }) => sum + to - from, 0);
  return h(
    "div",
    { class: "arn-phases", role: "group", "aria-label": "Phases of the run" },
    h(
      "div",
      { class: "arn-line", "aria-hidden": "true" },
      ...segments.map(({ kind, from, to }) => {
        const part = h("span", `arn-part ${CLASSES[kind]}`);
        part.style.setProperty("--arn-share", String((to - from) / whole));
        if (kind === "between") Object.assign(part.style, HATCH);
        return part;
      }),
    ),
    h("div", "arn-lengths", ...phases.map((phase) => h("span", "arn-words", phaseWords(phase)))),
    h("p", "arn-note", NOTES[phases[0].kind]),
  );
}
