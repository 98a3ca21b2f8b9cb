/** Where the keys lead in the picture. */
import { sortedByKey } from "../base/sorting.mjs";

/** @typedef {import("./points.mjs").Points} Points */

/** A page key goes on by so large a part of all runs. */
const PAGE = 0.1;

/** The places by length, once they were asked for. @type {WeakMap<Points, Uint32Array>} */
const orders = new WeakMap();

/** @param {Points} points @returns {Uint32Array} places, the shortest first */
function byLength(points) {
  let order = orders.get(points);
  if (!order) {
    order = sortedByKey(Uint32Array.from(points.rows.keys()), points.lengths, false);
    orders.set(points, order);
  }
  return order;
}

/** @param {Points} points @param {number} at @param {number} by @returns {number} the next longer run, or the next shorter one */
function inLength(points, at, by) {
  const order = byLength(points);
  return order[order.indexOf(at) + by] ?? at;
}

/** @type {Record<string, (at: number, points: Points) => number>} */
const WAYS = {
  ArrowRight: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  ArrowUp: (at, points) => inLength(points, at, 1),
  ArrowDown: (at, points) => inLength(points, at, -1),
  PageDown: (at, { rows }) => at + Math.ceil(rows.length * PAGE),
  PageUp: (at, { rows }) => at - Math.ceil(rows.length * PAGE),
  Home: () => 0,
  End: (_, { rows }) => rows.length - 1,
};

/**
 * @param {string} key @param {number} at the place that the keyboard is at @param {Points} points
 * @returns {number} the place that the key leads to, -1 where it leads nowhere
 */
export function wayOf(key, at, points) {
  if (!Object.hasOwn(WAYS, key) || !points.rows.length) return -1;
  return Math.max(0, Math.min(WAYS[key](at, points), points.rows.length - 1));
}
