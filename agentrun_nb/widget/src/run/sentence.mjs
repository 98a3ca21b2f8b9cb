/** What became of a run, in one sentence behind its status: "exit code 1, 912 ms after start · 4 s ago". */
import { describe } from "../base/status.mjs";
import { duration, milliseconds } from "../base/times.mjs";
import { courseOf } from "./course.mjs";

const SECOND = 1000;

/**
 * Only what the record says: a part that is not recorded is left out, and so is an age that a clock would make negative.
 *
 * @param {import("../protocol.mjs").RunDoc} doc
 * @param {number} now until when the run is known to have gone on, in milliseconds
 * @param {number} clock the time at the reader's, in milliseconds
 * @returns {string} "" where there is nothing to say
 */
export function sentenceOf({ fields, error }, now, clock) {
  if (error !== null) return "";
  const { name, terminal } = describe(/** @type {string | null} */ (fields.status));
  const { intervals } = courseOf(fields, name !== null && !terminal, now);
  const parts = [exitWords(fields.exit_code), lengthWords(intervals)];
  const facts = parts.filter(Boolean).join(", ");
  return [facts, ageWords(milliseconds(fields.completed_at), clock)].filter(Boolean).join(" · ");
}

/** @param {import("../protocol.mjs").Scalar | undefined} code */
const exitWords = (code) => ((code ?? null) === null ? "" : `exit code ${code}`);

/** The last length that is known: after the start where there is one. @param {import("./course.mjs").Interval[]} intervals */
function lengthWords(intervals) {
  const known = intervals.filter(({ kind }) => kind === "closed" || kind === "open");
  return known.at(-1)?.words ?? "";
}

/** @param {number} end when the run ended, NaN where that is not recorded @param {number} clock */
function ageWords(end, clock) {
  const age = Math.floor((clock - end) / SECOND) * SECOND;
  return age >= 0 ? `${duration(age)} ago` : "";
}
