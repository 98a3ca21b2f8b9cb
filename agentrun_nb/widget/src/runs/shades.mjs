/** What colour each run has by the values of a column: one for each of a few values, or steps from low to high for numbers. It touches no page. */
import { head } from "../base/head.mjs";
import { shortText } from "../base/text.mjs";
import { areNumbers, isThere, plainText } from "./values.mjs";

/**
 * @typedef {import("./values.mjs").Values} Values
 * @typedef {import("../protocol.mjs").Colour} Colour
 * @typedef {object} Shading
 * @property {string} path
 * @property {Uint8Array} codes  by row: the place of its part; the number of parts where the run has no value
 * @property {{label: string, colour: Colour}[]} parts
 * @property {string[]} edges  of numbers, the lowest and the highest as they stand there; of values none
 * @property {boolean} isLogarithmic  whether the steps grow by a factor
 */

/** From this factor between the lowest and the highest number on, steps grow by a factor. */
const WIDE = 100;
/** Numbers that are larger are as this one is: a float holds them no longer, or no longer what lies between them. */
const LARGEST = 1e300;
const LONGEST = 40;

/** @param {string} path @param {Values} values by row @returns {Shading} */
export const shadingOf = (path, values) =>
  areNumbers(values) ? shadeNumbers(path, values) : shadeValues(path, values);

/** @param {string} path @param {Values} values @returns {Shading} the most frequent values with a colour each, the others with one together */
function shadeValues(path, values) {
  const { categories, other } = head().shades;
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const text of values) if (isThere(text)) counts.set(text, (counts.get(text) ?? 0) + 1);
  const frequent = [...counts].sort((a, b) => b[1] - a[1]).slice(0, categories.length);
  const parts = frequent.map(([text], place) => ({
    label: shortText(plainText(text), LONGEST) || "(empty)",
    colour: categories[place],
  }));
  const rest = counts.size - frequent.length;
  if (rest > 0) parts.push({ label: `${rest} other values`, colour: other });
  const codeOf = new Map(frequent.map(([text], place) => [text, place]));
  const codes = Uint8Array.from(values, (text) =>
    isThere(text) ? (codeOf.get(text) ?? frequent.length) : parts.length,
  );
  return { path, codes, parts, edges: [], isLogarithmic: false };
}

/** @param {string} path @param {Values} values numbers, and nothing beside them @returns {Shading} */
function shadeNumbers(path, values) {
  const { steps } = head().shades;
  const there = values.filter(isThere);
  const lowest = there.reduce((a, b) => (Number(b) < Number(a) ? b : a));
  const highest = there.reduce((a, b) => (Number(b) > Number(a) ? b : a));
  const [low, high] = [numberOf(lowest), numberOf(highest)];
  const isLogarithmic = low > 0 && high / low >= WIDE;
  const scale = isLogarithmic ? Math.log : (/** @type {number} */ number) => number;
  const back = isLogarithmic ? Math.exp : scale;
  // Where all are the same, one step is all there is.
  const count = low < high ? steps.length : 1;
  const size = (scale(high) - scale(low)) / count || 1;
  const codes = Uint8Array.from(values, (text) =>
    isThere(text)
      ? Math.min(count - 1, Math.floor((scale(numberOf(text)) - scale(low)) / size))
      : count,
  );
  const edge = (/** @type {number} */ step) =>
    Number(back(scale(low) + step * size).toPrecision(3)).toLocaleString("en");
  const parts = steps.slice(0, count).map((colour, step) => ({
    label: count > 1 ? `${edge(step)} to ${edge(step + 1)}` : edge(0),
    colour,
  }));
  return { path, codes, parts, edges: [lowest, highest], isLogarithmic };
}

/** @param {string} text of a number */
const numberOf = (text) => Math.max(-LARGEST, Math.min(LARGEST, Number(text)));

/** @param {Shading} shading @param {Uint32Array} rows @returns {number[]} how many of some rows are in each part, and last how many have no value */
export function countParts({ codes, parts }, rows) {
  const counts = new Array(parts.length + 1).fill(0);
  for (const row of rows) counts[codes[row]]++;
  return counts;
}
