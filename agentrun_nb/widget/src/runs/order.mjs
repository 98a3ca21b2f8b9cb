/** The order of runs as data: what they are sorted by, and which row comes where. It touches no page. */
import { sortedByKey } from "../base/sorting.mjs";
import { lookOf } from "../base/status.mjs";
import { lengthsOf } from "./lengths.mjs";
import { labelsOf } from "./labels.mjs";
import { allRows } from "./store.mjs";
import { valueKeys } from "./values.mjs";

/**
 * @typedef {import("./store.mjs").State} State
 * @typedef {import("./store.mjs").Held} Held
 * @typedef {import("../protocol.mjs").Columns} Columns
 */

const NONE = 0xffffffff;

/** Names that people gave: v2 comes before v10. */
const { compare: collate } = new Intl.Collator("en", { numeric: true });

/** The newest comes first where nobody asks for another order. */
export const NEWEST = "-created_at";

/**
 * What rows are sorted by: a number each, NaN where there is no value.
 * @type {Record<string, (state: State, columns: Columns) => Float64Array>}
 */
const KEYS = {
  created_at: (_, { created }) => created,
  started_at: (_, { started }) => started,
  completed_at: (_, { completed }) => completed,
  before_start: ({ data }) => lengthsOf(data).before,
  after_start: ({ data }) => lengthsOf(data).after,
  exit_code: (_, { exit }) => exit,
  status: ({ data }, { status }) => byCode(status, data.page.statuses.map(lookOf)),
  mode: ({ data }, { mode }) => byCode(mode, ranks(data.page.modes)),
  deployment_id: ({ data }, { deployment }) => byCode(deployment, ranks(data.page.deployments)),
  version_id: ({ data }, { version }) => byCode(version, ranks(data.page.versions)),
  failure_reason: ({ data }, { reason }) => byCode(reason, ranks(data.page.reasons)),
  id: (_, { ids }) => Float64Array.from(ranks(ids)),
  name(state) {
    const { list, codes } = labelsOf(state);
    return byCode(codes, ranks(list, collate));
  },
};

/** @param {string | null} sort like "after_start", "-created_at", or the path of a column @returns {{key: string, isFalling: boolean}} */
export function readSort(sort) {
  const text = sort ?? NEWEST;
  const isFalling = text.startsWith("-");
  return { key: isFalling ? text.slice(1) : text, isFalling };
}

/**
 * The runs that are shown, in the order that the store asks for. What has no value comes last, whichever way round; what is
 * equal comes with the newest first.
 * @param {State} state
 * @returns {Uint32Array} rows
 */
export function orderedRows(state) {
  const newest = shownOnly(newestFirst(state.data), state);
  const { key, isFalling } = readSort(state.sort);
  const { columns } = state.data;
  if (!columns || state.sort === NEWEST || state.sort === null) return newest;
  const values = state.values.get(key);
  // An inherited name, such as "constructor", is no key.
  const keysOf = Object.hasOwn(KEYS, key) ? KEYS[key] : values && (() => valueKeys(values));
  return keysOf ? sortedWithNoneLast(newest, keysOf(state, columns), isFalling) : newest;
}

/** @type {WeakMap<Held, Uint32Array>} */
const newestOf = new WeakMap();

/** @param {Held} data @returns {Uint32Array} all rows; computed once for the same data */
function newestFirst(data) {
  let rows = newestOf.get(data);
  if (!rows) {
    rows = allRows(data);
    if (data.columns) rows = sortedWithNoneLast(rows, data.columns.created, true);
    newestOf.set(data, rows);
  }
  return rows;
}

/** @param {Uint32Array} rows all of them @param {State} state @returns {Uint32Array} */
function shownOnly(rows, { shown }) {
  if (shown.length === rows.length) return rows;
  const isShown = new Uint8Array(rows.length);
  for (const row of shown) isShown[row] = 1;
  return rows.filter((row) => isShown[row]);
}

/** @param {Uint32Array} rows @param {Float64Array} keys by row @param {boolean} isFalling */
function sortedWithNoneLast(rows, keys, isFalling) {
  const present = rows.filter((row) => !Number.isNaN(keys[row]));
  const sorted = new Uint32Array(rows.length);
  sorted.set(sortedByKey(present, keys, isFalling));
  if (present.length < rows.length)
    sorted.set(
      rows.filter((row) => Number.isNaN(keys[row])),
      present.length,
    );
  return sorted;
}

/** @param {Uint32Array} codes by row @param {ArrayLike<number>} keyOfCode @returns {Float64Array} by row, NaN where there is no code */
function byCode(codes, keyOfCode) {
  const keys = new Float64Array(codes.length);
  for (let row = 0; row < keys.length; row++)
    keys[row] = codes[row] === NONE ? NaN : keyOfCode[codes[row]];
  return keys;
}

/** @param {string} a @param {string} b @returns {number} in the order in which Python sorts texts, but for rare signs */
const plainly = (a, b) => (a < b ? -1 : Number(a > b));

/** @param {string[]} texts @param {(a: string, b: string) => number} [compare] @returns {number[]} the rank of each among them; the same texts have the same */
function ranks(texts, compare = plainly) {
  const sorted = [...new Set(texts)].sort(compare);
  const rankOf = new Map(sorted.map((text, rank) => [text, rank]));
  return texts.map((text) => rankOf.get(text) ?? NaN);
}
