/** How many runs have each status. It touches no page. */
import { lookOf } from "../base/status.mjs";

/**
 * @typedef {object} Tally
 * @property {string | null} status
 * @property {number} all
 * @property {number} shown  how many of them the filter lets through
 * @property {boolean} unread  whether none of them could be read
 */

/**
 * @param {import("./store.mjs").State} state
 * @returns {Tally[]} of the statuses that occur, in lifecycle order, unknown ones after them, none last
 */
export function tallies({ data: { page, columns }, shown }) {
  if (!columns) return [];
  const { statuses } = page;
  const { status, error } = columns;
  const all = new Uint32Array(statuses.length + 1);
  const passed = new Uint32Array(statuses.length + 1);
  const none = statuses.length;
  let read = 0;
  for (let row = 0; row < page.n; row++) {
    all[Math.min(status[row], none)]++;
    if (status[row] >= none && error[row] >= page.errors.length) read++;
  }
  for (const row of shown) passed[Math.min(status[row], none)]++;
  return [...statuses, null]
    .map((name, code) => ({ status: name, all: all[code], shown: passed[code], unread: false }))
    .map((tally) => ({ ...tally, unread: tally.status === null && read === 0 }))
    .filter((tally) => tally.all > 0)
    .sort((a, b) => lookOf(a.status) - lookOf(b.status));
}
