/** What a click on a row chooses, as data. */

/**
 * @typedef {{isRange: boolean, isToggle: boolean}} Modifiers  shift, and ctrl or meta
 */

/**
 * @param {Uint32Array} rows in their order
 * @param {number} place of the row that was clicked
 * @param {Modifiers & {chosen: number[], anchor: number}} options `anchor` is the place from which a range goes on, -1 where there is none
 * @returns {{chosen: number[], anchor: number}} the rows that are chosen then, in the order in which they were chosen
 */
export function clicked(rows, place, { chosen, anchor, isRange, isToggle }) {
  if (isRange && anchor >= 0) return { chosen: rangeOf(rows, anchor, place), anchor };
  const row = rows[place];
  if (!isToggle) return { chosen: [row], anchor: place };
  const others = chosen.filter((other) => other !== row);
  return { chosen: others.length < chosen.length ? others : [...chosen, row], anchor: place };
}

/** @param {Uint32Array} rows @param {number} from @param {number} to @returns {number[]} from where it began to where it ends */
function rangeOf(rows, from, to) {
  const range = Array.from(rows.subarray(Math.min(from, to), Math.max(from, to) + 1));
  return from <= to ? range : range.reverse();
}
