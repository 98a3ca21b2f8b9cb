/** Sorting a great many rows by one number each. */

/** A pass sorts by so many bits of the number, from the lowest to the highest. */
const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;
const WORD_BITS = 32;
const ALL_BITS = 0xffffffff;
const SIGN = 0x80000000;

/**
 * Rows in the order of their keys; rows with the same key stay in the order in which they come.
 * It sorts by digits, from the last to the first, which is several times as quick as comparing a million rows.
 *
 * @param {Uint32Array} rows
 * @param {Float64Array} keys  by row; those of `rows` are numbers, and never NaN
 * @param {boolean} falling  whether the highest key comes first
 * @returns {Uint32Array} a new array
 */
export function sortedByKey(rows, keys, falling) {
  const found = inOrder(rows, keys, falling);
  if (found) return found;
  /** Places in `rows`, in the order that is found so far. @type {Uint32Array} */
  let order = new Uint32Array(rows.length);
  for (let place = 0; place < order.length; place++) order[place] = place;
  for (const word of sortableWords(rows, keys, falling))
    for (let shift = 0; shift < WORD_BITS; shift += DIGIT_BITS)
      order = sortedByDigit(order, word, shift);
  return order.map((place) => rows[place]);
}

/** A copy of rows that stand in order already, or of them turned round, as a service lists them; null where they have to be sorted. @param {Uint32Array} rows @param {Float64Array} keys @param {boolean} falling @returns {Uint32Array | null} */
function inOrder(rows, keys, falling) {
  let isSorted = true;
  let isReversed = true;
  for (let place = 1; place < rows.length && (isSorted || isReversed); place++) {
    const step = keys[rows[place]] - keys[rows[place - 1]];
    isSorted &&= falling ? step <= 0 : step >= 0;
    // Rows with the same key would change places.
    isReversed &&= falling ? step > 0 : step < 0;
  }
  if (isSorted) return rows.slice();
  return isReversed ? rows.slice().reverse() : null;
}

/**
 * The bits of the keys, as whole numbers that rise with them.
 * @param {Uint32Array} rows @param {Float64Array} keys @param {boolean} falling
 * @returns {Uint32Array[]} the lower halves and the upper ones, by place in `rows`
 */
function sortableWords(rows, keys, falling) {
  const numbers = new Float64Array(rows.length);
  // The sum makes a plain 0 of -0, which is the same number with other bits.
  for (let place = 0; place < rows.length; place++) numbers[place] = keys[rows[place]] + 0;
  // As in the buffers of the kernel, the lower half of a number comes first.
  const bits = new Uint32Array(numbers.buffer);
  const low = new Uint32Array(rows.length);
  const high = new Uint32Array(rows.length);
  const turn = falling ? ALL_BITS : 0;
  for (let place = 0; place < rows.length; place++) {
    const upper = bits[2 * place + 1];
    // The bits of a positive number rise with it once its sign is set; those of a negative one fall, so all are turned.
    const flip = upper & SIGN ? ALL_BITS : 0;
    low[place] = bits[2 * place] ^ flip ^ turn;
    high[place] = upper ^ (flip || SIGN) ^ turn;
  }
  return [low, high];
}

/** One pass: counts how often each digit occurs, and puts each place where its digit begins. @param {Uint32Array} order @param {Uint32Array} words by place @param {number} shift */
function sortedByDigit(order, words, shift) {
  const starts = new Uint32Array(DIGITS + 1);
  for (let i = 0; i < words.length; i++) starts[((words[i] >>> shift) & (DIGITS - 1)) + 1]++;
  // Where all have one digit, there is nothing to sort.
  if (starts.includes(order.length)) return order;
  for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1] += starts[digit];
  const next = new Uint32Array(order.length);
  for (let i = 0; i < order.length; i++) {
    const place = order[i];
    next[starts[(words[place] >>> shift) & (DIGITS - 1)]++] = place;
  }
  return next;
}
