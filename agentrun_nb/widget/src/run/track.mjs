/** The course of a run as one line: created, started, completed, with the durations written on it. */
import { h } from "../dom.mjs";
import { describe } from "../status.mjs";
import { isoText } from "../times.mjs";
import { courseOf } from "./intervals.mjs";
import { momentText } from "./moments.mjs";

/** @typedef {import("./intervals.mjs").Interval} Interval */

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @param {string} tz
 * @param {number} now when the record was read, in milliseconds
 */
export function track({ fields }, tz, now) {
  const status = describe(/** @type {string | null} */ (fields.status));
  const live = status.name !== null && !status.terminal;
  const { intervals, share, notes } = courseOf(fields, live, now);
  const [first, second] = intervals;
  const line = h("div", { class: "arn-track", role: "group", "aria-label": "Course of the run" },
    mark("created", fields.created_at, tz),
    segment(first, second ? "arn-before" : "arn-undivided"),
    mark("started", fields.started_at, tz),
    second && segment(second, "arn-after"),
    mark("completed", fields.completed_at, tz),
  );
  line.style.setProperty("--arn-share", String(share));
  line.style.setProperty("--arn-course", `var(${status.color})`);
  const read = live && h("p", "arn-note", "Read at ", momentText(isoText(now), tz));
  return h("section", "arn-course", line, read, ...notes.map((note) => h("p", "arn-note", note)));
}

/** @param {"created" | "started" | "completed"} name @param {unknown} utc @param {string} tz */
const mark = (name, utc, tz) =>
  h("div", `arn-stop arn-${name}${typeof utc === "string" ? "" : " arn-unrecorded"}`,
    h("span", { class: "arn-dot", "aria-hidden": "true" }),
    h("span", "arn-stopname", name),
    typeof utc === "string" ? momentText(utc, tz) : h("span", "arn-quiet", "not recorded"));

/** @param {Interval} interval @param {string} place */
const segment = ({ kind, words }, place) =>
  h("div", `arn-segment arn-${kind} ${place}`, h("span", "arn-words", words), h("span", { class: "arn-line", "aria-hidden": "true" }));
