/** Where a run stands in the picture: when it was created goes to the right, how long it took after its start goes up, tenfold by tenfold. */
import { duration } from "../base/times.mjs";

/**
 * @typedef {{start: number, end: number, low: number, high: number}} Extent  of the data: times in ms since the epoch, lengths in ms
 * @typedef {{left: number, right: number, top: number, bottom: number}} Box  in CSS pixels
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** What is shorter stands at the bottom: it has no place on a scale that goes tenfold. */
export const SHORTEST = 1;
/** Lengths at which a line is drawn: those of a whole unit, and between them where there is room. */
const WHOLE = [
  1,
  10,
  100,
  SECOND,
  10 * SECOND,
  MINUTE,
  10 * MINUTE,
  HOUR,
  6 * HOUR,
  DAY,
  7 * DAY,
  30 * DAY,
  300 * DAY,
  3000 * DAY,
];
const BETWEEN = [
  2,
  5,
  20,
  50,
  200,
  500,
  2 * SECOND,
  5 * SECOND,
  20 * SECOND,
  30 * SECOND,
  2 * MINUTE,
  5 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  12 * HOUR,
  2 * DAY,
  14 * DAY,
  60 * DAY,
  120 * DAY,
];
/** All lengths lie within at least so many times the shortest, so that lines are among them. */
const LEAST_RATIO = 10;
/** A little room around the data. */
const MARGIN = 1.25;

/** @param {number} low @param {number} high the shortest and the longest length @returns {[number, number]} the ends of the axis */
export function lengthsAround(low, high) {
  const [least, most] = [Math.max(SHORTEST, low) / MARGIN, Math.max(SHORTEST, high) * MARGIN];
  const more = Math.sqrt(Math.max(1, LEAST_RATIO / (most / least)));
  return [least / more, most * more];
}

/**
 * Lengths at which a line is drawn.
 * @param {Extent} extent @param {number} most how many fit
 * @returns {{at: number, label: string}[]} rising
 */
export function lengthTicks({ low, high }, most) {
  const within = (/** @type {number[]} */ lengths) =>
    lengths.filter((at) => at >= low && at <= high);
  const all = within([...WHOLE, ...BETWEEN]).sort((a, b) => a - b);
  const whole = within(WHOLE);
  const step = Math.ceil(whole.length / most);
  const chosen = all.length <= most ? all : whole.filter((_, i) => i % step === 0);
  return chosen.map((at) => ({ at, label: duration(at) }));
}

/** @param {Extent} extent @param {Box} box */
export function createScale({ start, end, low, high }, { left, right, top, bottom }) {
  const perMs = (right - left) / (end - start);
  const perTenth = (bottom - top) / Math.log(high / low);
  return {
    /** @param {number} at */
    x: (at) => left + (at - start) * perMs,
    /** @param {number} length */
    y: (length) => bottom - Math.log(Math.max(length, SHORTEST, low) / low) * perTenth,
    /** @param {number} x */
    time: (x) => start + (x - left) / perMs,
  };
}
