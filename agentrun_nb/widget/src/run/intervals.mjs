/**
 * What four timestamps say about the course of a run, and no more: only an interval with both ends recorded is closed.
 *
 * @typedef {"closed" | "open" | "missing" | "reversed"} Kind
 * @typedef {{kind: Kind, words: string}} Interval
 * @typedef {{before: Interval, after: Interval, undivided: Interval | null, share: number, toScale: boolean, notes: string[]}} Course
 *   `share` is the part of the track before the start; `undivided` stands for both intervals where no start is recorded
 */
import { duration, milliseconds } from "../times.mjs";

const LEAST_SHARE = 0.22;
/** @type {Interval} */
const MISSING = { kind: "missing", words: "not recorded" };

/**
 * @param {Record<string, import("../protocol.mjs").Scalar>} fields
 * @param {boolean} live whether the status says that the run goes on
 * @param {number} now when the record was read
 * @returns {Course}
 */
export function courseOf(fields, live, now) {
  const created = milliseconds(fields.created_at), started = milliseconds(fields.started_at), completed = milliseconds(fields.completed_at);
  const before = between(created, started, "before start", "started before created");
  const after = between(started, completed, "after start", "completed before started");
  const openAfter = live && known(started) && !known(completed);
  const openBefore = live && known(created) && !known(started) && !known(completed);
  const course = {
    before: openBefore ? open(created, now, "since created, no start recorded") : before,
    after: openAfter ? open(started, now, "since start, open when read") : after,
    undivided: known(created) && known(completed) && !known(started) ? between(created, completed, "from created to completed", "completed before created") : null,
    notes: notesOn({ created, started, completed }, live, now),
  };
  return { ...course, ...proportion(started - created, (openAfter ? now : completed) - started) };
}

/** @param {number} moment */
const known = (moment) => !Number.isNaN(moment);

/** @param {number} from @param {number} to @param {string} words for the right order @param {string} reversed @returns {Interval} */
function between(from, to, words, reversed) {
  if (!known(from) || !known(to)) return MISSING;
  return to < from ? { kind: "reversed", words: `a point: ${reversed} by ${duration(from - to)}` } : { kind: "closed", words: `${duration(to - from)} ${words}` };
}

/** @param {number} from @param {number} now @param {string} what @returns {Interval} */
const open = (from, now, what) => ({ kind: "open", words: now < from ? what : `${duration(now - from)} ${what}` });

/** @param {number} before @param {number} after */
function proportion(before, after) {
  const total = before + after;
  if (!(before >= 0 && after >= 0 && total > 0)) return { share: 0.5, toScale: false };
  const share = Math.min(Math.max(before / total, LEAST_SHARE), 1 - LEAST_SHARE);
  return { share, toScale: share === before / total };
}

/** @param {{created: number, started: number, completed: number}} at @param {boolean} live @param {number} now @returns {string[]} */
function notesOn({ created, started, completed }, live, now) {
  const notes = [];
  if (Math.max(...[created, started].filter(known)) > now) notes.push("a recorded time lies after the moment of reading");
  if (live && known(completed)) notes.push("completed is recorded although the status says that the run goes on");
  return notes;
}
