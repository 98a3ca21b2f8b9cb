/** The course of a run as one line to scale, thin before the start and thick after it; under it the lengths. */
import { h } from "../base/dom.mjs";
import { describe } from "../base/status.mjs";
import { isoText, milliseconds, withoutZeroTime } from "../base/times.mjs";
import { courseOf } from "./course.mjs";
import { momentText } from "./moments.mjs";

/** @typedef {import("./course.mjs").Interval} Interval */
/** @typedef {{element: HTMLElement, from: number, to: number}} Part a stretch of the line, and its moments in ms, NaN where they are not recorded */

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @param {string} tz
 * @param {number} now until when the run is known to have gone on, in milliseconds
 * @returns {{element: HTMLElement, parts: Part[]}}
 */
export function track({ fields, fetched }, tz, now) {
  const status = describe(/** @type {string | null} */ (fields.status));
  const live = status.name !== null && !status.terminal;
  const { intervals, share, notes } = courseOf(fields, live, now);
  const [first, second] = intervals;
  const parts = second
    ? [part(first, "arn-before", share), part(second, "arn-after", 1 - share)]
    : [part(first, "arn-undivided", 1)];
  const line = h(
    "div",
    { class: "arn-track", role: "group", "aria-label": "Course of the run" },
    h("div", { class: "arn-line", "aria-hidden": "true" }, ...parts),
    h("div", "arn-lengths", ...intervals.map(lengthOf)),
  );
  const read =
    live &&
    h(
      "p",
      "arn-note",
      fetched ? "Read at " : "When it was read is not known; the latest moment known is ",
      momentText(isoText(now), tz),
    );
  const [created, started, completed] = ["created_at", "started_at", "completed_at"].map((name) =>
    withoutZeroTime(milliseconds(fields[name])),
  );
  const end = Number.isNaN(completed) && live ? now : completed;
  const edges = second ? [created, started, end] : [created, end];
  const element = h(
    "section",
    "arn-course",
    line,
    read,
    ...notes.map((note) => h("p", "arn-note", note)),
  );
  element.style.setProperty("--arn-course", `var(${status.color})`);
  return {
    element,
    parts: parts.map((element, i) => ({ element, from: edges[i], to: edges[i + 1] })),
  };
}

/** One stretch of the line, as long as its share of the whole. @param {Interval} interval @param {string} place @param {number} share */
function part({ kind }, place, share) {
  const element = h("span", `arn-part arn-${kind} ${place}`);
  element.style.setProperty("--arn-share", String(share));
  return element;
}

/** @param {Interval} interval */
const lengthOf = ({ kind, words }) => h("span", `arn-words arn-${kind}`, words);
