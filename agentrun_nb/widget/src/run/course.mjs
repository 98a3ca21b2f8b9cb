/**
 * What four timestamps say about the course of a run, and no more: only an interval with both ends recorded is closed.
 *
 * @typedef {{kind: "closed" | "open" | "missing" | "reversed", words: string}} Interval
 * @typedef {{intervals: Interval[], share: number, notes: string[]}} Course
 *   two intervals, before and after the start, or one where the start is not recorded; `share` is the part of the track that the first of two takes
 */
import { NOT_KNOWN, duration, milliseconds, withoutZeroTime } from "../base/times.mjs";

/**
 * @param {Record<string, import("../protocol.mjs").Scalar>} fields
 * @param {boolean} live whether the status says that the run goes on
 * @param {number} now when the record was read
 * @returns {Course}
 */
export function courseOf(fields, live, now) {
  const created = milliseconds(fields.created_at);
  const [started, completed] = [fields.started_at, fields.completed_at].map((text) =>
    withoutZeroTime(milliseconds(text)),
  );
  const goesOn = live && !known(completed);
  const notes = [];
  if ([created, started].some((time) => time > now))
    notes.push("a recorded time lies after the moment of reading");
  if (live && !goesOn)
    notes.push("completed is recorded although the status says that the run goes on");
  if (!known(started) && known(completed))
    return {
      intervals: [
        between(created, completed, "from created to completed", "completed before created"),
      ],
      share: 0.5,
      notes,
    };
  const intervals = [
    goesOn && !known(started)
      ? open(created, now, "since created, start not known")
      : between(created, started, "before start", "started before created"),
    goesOn
      ? open(started, now, "since start, open when read")
      : between(started, completed, "after start", "completed before started"),
  ];
  const before = started - created,
    after = (goesOn ? now : completed) - started;
  if (!(before >= 0 && after >= 0)) return { intervals, share: 0.5, notes };
  // Two lengths of nothing share the track evenly.
  const whole = before + after;
  return { intervals, share: whole > 0 ? before / whole : 0.5, notes };
}

/** @param {number} moment */
const known = (moment) => !Number.isNaN(moment);

/** @type {Interval} */
const MISSING = { kind: "missing", words: NOT_KNOWN };

/** @param {number} from @param {number} to @param {string} words for the right order @param {string} reversed @returns {Interval} */
function between(from, to, words, reversed) {
  if (!known(from) || !known(to)) return MISSING;
  return to < from
    ? { kind: "reversed", words: `${reversed} by ${duration(from - to)}` }
    : { kind: "closed", words: `${duration(to - from)} ${words}` };
}

/** @param {number} from @param {number} now @param {string} words @returns {Interval} */
function open(from, now, words) {
  if (!known(from)) return MISSING;
  return { kind: "open", words: now < from ? words : `${duration(now - from)} ${words}` };
}
