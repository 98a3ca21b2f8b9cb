/** How long runs took before and after their start. */
import { describe } from "../base/status.mjs";
import { withoutZeroTime } from "../base/times.mjs";

/**
 * Lengths of time by row, in ms; NaN where the record does not say when both ends were. Of a run that goes on, the
 * stretch that it is in is as long as it is known to have gone on, and `open`.
 * @typedef {{before: Float64Array, after: Float64Array, open: Uint8Array}} Lengths
 */

/** A run that goes on is in one of its two stretches. */
export const OPEN = { NO: 0, BEFORE: 1, AFTER: 2 };

/** @type {WeakMap<import("./store.mjs").Held, Lengths>} */
const known = new WeakMap();

/** @param {import("./store.mjs").Held} data @returns {Lengths} computed once for the same data */
export function lengthsOf(data) {
  const lengths = known.get(data) ?? measure(data);
  known.set(data, lengths);
  return lengths;
}

/** @param {import("./store.mjs").Held} data @returns {Lengths} */
function measure({ page, columns }) {
  const lengths = {
    before: new Float64Array(page.n).fill(NaN),
    after: new Float64Array(page.n).fill(NaN),
    open: new Uint8Array(page.n),
  };
  if (!columns) return lengths;
  const goesOn = page.statuses.map((status) => !describe(status).terminal);
  for (let row = 0; row < page.n; row++) {
    const started = withoutZeroTime(columns.started[row]);
    const completed = withoutZeroTime(columns.completed[row]);
    const isOpen = Number.isNaN(completed) && goesOn[columns.status[row]];
    const until = columns.until[row];
    const end = isOpen ? until : completed;
    const isWaiting = isOpen && Number.isNaN(started);
    lengths.before[row] = between(columns.created[row], isWaiting ? until : started);
    lengths.after[row] = between(started, end);
    if (isOpen) lengths.open[row] = isWaiting ? OPEN.BEFORE : OPEN.AFTER;
  }
  return lengths;
}

/** @param {number} start @param {number} end @returns {number} NaN where one is not known, or where they contradict each other */
const between = (start, end) => (end >= start ? end - start : NaN);
