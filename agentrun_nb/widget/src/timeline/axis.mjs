/** The time axis, on which long quiet stretches can be folded: a place on it is an instant, less what was folded before. */

import { ticks } from "../base/ticks.mjs";

/**
 * A stretch of time in ms of which the axis keeps only `kept`; it begins at an instant and at a place.
 * @typedef {{instant: number, length: number, place: number, kept: number}} Fold
 * @typedef {{start: number, end: number}} Window
 */

export const YEAR = 365 * 86_400_000;
/** A fold keeps this part of what is not folded; all folds together at most the other. */
const KEPT = 0.03,
  MOST_KEPT = 0.4;
/** No shorter gap is folded, in ms; a fold keeps at least half of it. */
const SHORTEST_GAP = 1000;
/** How much longer than all that is not folded a stretch is, when what lies behind it is an outlier. */
const ABSURD = 20;

export class Axis {
  /** @param {Fold[]} folds rising */
  constructor(folds) {
    this.folds = folds;
  }

  /** @param {number} instant @returns {number} its place */
  at = (instant) => this.#shift(instant, "instant", "length", "place", "kept");

  /** @param {number} place @returns {number} its instant */
  instant = (place) => this.#shift(place, "place", "kept", "instant", "length");

  /** @param {number} x @param {keyof Fold} from @param {keyof Fold} size @param {keyof Fold} to @param {keyof Fold} toSize @returns {number} */
  #shift(x, from, size, to, toSize) {
    let [low, high] = [0, this.folds.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.folds[middle][from] < x) low = middle + 1;
      else high = middle;
    }
    const fold = this.folds[low - 1];
    if (!fold) return x;
    const over = x - fold[from];
    return (
      fold[to] +
      (over < fold[size] ? (over / fold[size]) * fold[toSize] : over - fold[size] + fold[toSize])
    );
  }

  /** @param {Window} window of places @returns {Window} of instants */
  instants = ({ start, end }) => ({ start: this.instant(start), end: this.instant(end) });

  /** @param {Window} window of instants @returns {Window} of places */
  places = ({ start, end }) => ({ start: this.at(start), end: this.at(end) });

  /** @param {Window} window of places @returns {Fold[]} */
  foldsIn = ({ start, end }) =>
    this.folds.filter(({ place, kept }) => place < end && place + kept > start);

  /**
   * Ticks of what is not folded, each where it lies on the axis.
   * @param {Window} window of places @param {string} zone @param {number} most
   */
  ticks(window, zone, most) {
    const found = [];
    let { start } = window;
    for (const { place, kept } of [...this.foldsIn(window), { place: window.end, kept: 0 }]) {
      const room = Math.floor((most * (place - start)) / (window.end - window.start));
      if (room > 0)
        for (const tick of ticks(this.instant(start), this.instant(place), zone, room))
          found.push({ ...tick, at: this.at(tick.at) });
      start = place + kept;
    }
    return found;
  }
}

/**
 * The axis of runs. Without being asked it folds only what would make everything else invisible: years before an outlier.
 * @param {Float64Array} from rising @param {Float64Array} to @param {boolean} idle whether to fold the long stretches in which no run goes on
 * @returns {Axis}
 */
export function axisOf(from, to, idle) {
  const last = to.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!idle && !(last - from[0] > YEAR)) return new Axis([]);
  const gaps = (idle ? gapsBetween(from, to) : yearsBetween(from, to)).sort(
    (a, b) => a.length - b.length,
  );
  let open = last - from[0] - gaps.reduce((sum, { length }) => sum + length, 0);
  let folded = 0;
  for (; folded < gaps.length; folded++) {
    const { length } = gaps[folded];
    if (length > (idle ? 2 * KEPT : ABSURD) * open) break;
    open += length;
  }
  const folds = gaps.slice(folded).sort((a, b) => a.instant - b.instant);
  const kept = Math.max(SHORTEST_GAP / 2, Math.min(KEPT, MOST_KEPT / folds.length) * open);
  let cut = 0;
  return new Axis(
    folds.map(({ instant, length }) => {
      const place = instant - cut;
      cut += length - kept;
      return { instant, length, place, kept };
    }),
  );
}

/** The stretches in which no run goes on. @param {Float64Array} from rising @param {Float64Array} to @returns {{instant: number, length: number}[]} */
function gapsBetween(from, to) {
  const gaps = [];
  let end = Infinity;
  for (let p = 0; p < from.length; p++) {
    if (from[p] - end > SHORTEST_GAP) gaps.push({ instant: end, length: from[p] - end });
    end = Math.max(to[p], end === Infinity ? -Infinity : end);
  }
  return gaps;
}

/**
 * The stretches of more than a year in which no run begins or ends.
 *
 * Time is cut into pieces of a year. Inside of one there is no such stretch, so the first and the last instant of each piece are
 * enough to find them all, and nothing is sorted.
 * @param {Float64Array} from @param {Float64Array} to @returns {{instant: number, length: number}[]}
 */
export function yearsBetween(from, to) {
  /** @type {Map<number, Window>} */
  const pieces = new Map();
  for (const instants of [from, to])
    for (const instant of instants) {
      const number = Math.floor(instant / YEAR);
      const piece = pieces.get(number);
      if (!piece) pieces.set(number, { start: instant, end: instant });
      else if (instant < piece.start) piece.start = instant;
      else if (instant > piece.end) piece.end = instant;
    }
  const gaps = [];
  let end = Infinity;
  for (const piece of [...pieces.values()].sort((a, b) => a.start - b.start)) {
    if (piece.start - end > YEAR) gaps.push({ instant: end, length: piece.start - end });
    end = piece.end;
  }
  return gaps;
}
