/** The values of a column from the documents: JSON texts, each as it stands there, or null where a run has none. */

/** @typedef {(string | null)[]} Values */

const NUMBER = /^-?\d/;
const INTEGER = /^-?\d+$/;

/** @param {string | null} text @returns {boolean} */
export const isNumber = (text) => text !== null && NUMBER.test(text);

/** @param {string | null | undefined} text @returns {text is string} whether it says something: null does not */
export const isThere = (text) => (text ?? null) !== null && text !== "null";

/** @param {Values} values @returns {boolean} whether there are numbers, and nothing beside them */
export function areNumbers(values) {
  let some = false;
  for (const text of values) {
    if (!isThere(text)) continue;
    if (!isNumber(text)) return false;
    some = true;
  }
  return some;
}

/** @param {string} text JSON, or the beginning of it where it is clipped @returns {string} what a text says, and everything else as it stands there */
export function plainText(text) {
  if (!text.startsWith('"')) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * A number for each value, by which they sort: numbers rise, and texts follow in the order in which Python sorts them.
 * @param {Values} values
 * @returns {Float64Array} NaN where there is nothing
 */
export function valueKeys(values) {
  const keys = new Float64Array(values.length).fill(NaN);
  /** @type {Set<string>} */
  const numbers = new Set();
  /** @type {Set<string>} */
  const words = new Set();
  let areExact = true;
  values.forEach((text, row) => {
    if (!isThere(text)) return;
    if (!isNumber(text)) return words.add(plainText(text));
    keys[row] = Number(text);
    areExact &&= Math.abs(keys[row]) <= Number.MAX_SAFE_INTEGER;
  });
  if (areExact && !words.size) return keys;
  // Numbers that a float cannot hold, and texts, sort by their rank.
  for (const text of values) if (isNumber(text)) numbers.add(/** @type {string} */ (text));
  const numberRanks = ranks([...numbers].sort(compareNumbers), 0, compareNumbers);
  const wordRanks = ranks([...words].sort(), numbers.size, (a, b) => Number(a !== b));
  values.forEach((text, row) => {
    if (isThere(text))
      keys[row] = (isNumber(text) ? numberRanks.get(text) : wordRanks.get(plainText(text))) ?? NaN;
  });
  return keys;
}

/** @param {string[]} sorted @param {number} first @param {(a: string, b: string) => number} compare @returns {Map<string, number>} what is equal has one rank */
function ranks(sorted, first, compare) {
  /** @type {Map<string, number>} */
  const found = new Map();
  let rank = first;
  sorted.forEach((text, place) => {
    if (place && compare(sorted[place - 1], text)) rank = first + place;
    found.set(text, rank);
  });
  return found;
}

/** @param {string} a @param {string} b numbers as JSON has them @returns {number} exact for whole numbers of any length */
function compareNumbers(a, b) {
  if (INTEGER.test(a) && INTEGER.test(b)) {
    const difference = BigInt(a) - BigInt(b);
    return difference < 0n ? -1 : Number(difference > 0n);
  }
  return Number(a) - Number(b) || 0;
}
