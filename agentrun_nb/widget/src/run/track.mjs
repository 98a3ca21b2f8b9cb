/** The course of a run as one line: created, started, completed, with the durations written on it. */
import { h } from "../base/dom.mjs";
import { describe } from "../base/status.mjs";
import { unreadable } from "../base/text.mjs";
import { isoText } from "../base/times.mjs";
import { courseOf } from "./course.mjs";
import { momentText } from "./moments.mjs";
import { LEFT_OUT } from "./fields.mjs";

/** @typedef {import("./course.mjs").Interval} Interval */

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @param {string} tz
 * @param {number} now until when the run is known to have gone on, in milliseconds
 */
export function track({ fields, unread, left_out: leftOut, fetched }, tz, now) {
  const status = describe(/** @type {string | null} */ (fields.status));
  const live = status.name !== null && !status.terminal;
  const { intervals, share, notes } = courseOf(fields, live, now);
  const [first, second] = intervals;
  /** @param {"created" | "started" | "completed"} name */
  const mark = (name) => {
    const field = `${name}_at`,
      utc = fields[field],
      known = typeof utc === "string";
    return h(
      "div",
      `arn-stop arn-${name}${known ? "" : " arn-unrecorded"}`,
      h("span", { class: "arn-dot", "aria-hidden": "true" }),
      h("span", "arn-stopname", name),
      known
        ? momentText(utc, tz)
        : field in unread
          ? unreadable(unread[field])
          : h("span", "arn-quiet", leftOut.includes(field) ? LEFT_OUT : "not recorded"),
    );
  };
  const line = h(
    "div",
    { class: "arn-track", role: "group", "aria-label": "Course of the run" },
    mark("created"),
    segment(first, second ? "arn-before" : "arn-undivided"),
    mark("started"),
    second && segment(second, "arn-after"),
    mark("completed"),
  );
  line.style.setProperty("--arn-share", String(share));
  line.style.setProperty("--arn-course", `var(${status.color})`);
  const read =
    live &&
    h(
      "p",
      "arn-note",
      fetched ? "Read at " : "When it was read is not known; the latest moment known is ",
      momentText(isoText(now), tz),
    );
  return h("section", "arn-course", line, read, ...notes.map((note) => h("p", "arn-note", note)));
}

/** @param {Interval} interval @param {string} place */
const segment = ({ kind, words }, place) =>
  h(
    "div",
    `arn-segment arn-${kind} ${place}`,
    h("span", "arn-words", words),
    h("span", { class: "arn-line", "aria-hidden": "true" }),
  );
