/** The runs of the picture as points, in typed arrays in the order of time. It touches no page. */
import { sortedByKey } from "../base/sorting.mjs";
import { UNKNOWN, lookOf } from "../base/status.mjs";
import { labelsOf } from "../runs/labels.mjs";
import { OPEN, lengthsOf } from "../runs/lengths.mjs";
import { lengthsAround } from "./scale.mjs";

/**
 * A *place* is a rank by created time, among the runs whose created time and length after start are known.
 * @typedef {object} Points
 * @property {Uint32Array} rows  by place
 * @property {Float64Array} created
 * @property {Float64Array} lengths  after start, in ms
 * @property {Uint8Array} looks
 * @property {Uint8Array} isOpen  1 for runs that go on
 * @property {number} missing  runs that are shown and have no place
 * @property {import("./scale.mjs").Extent} extent
 * @property {Median[]} medians  of the versions with most runs
 * @property {number} versions  how many there are that have a median
 *
 * @typedef {{name: string, n: number, length: number, start: number, end: number}} Median  of runs that have ended
 */

/** Fewer runs have no median worth a line. */
const LEAST_RUNS = 3;
const MOST_MEDIANS = 12;
const NONE = 0xffffffff;
/** An axis of time is at least so long, in ms. */
const SHORTEST_TIME = 1000;

/** @type {Points} */
export const NO_POINTS = {
  rows: new Uint32Array(0),
  created: new Float64Array(0),
  lengths: new Float64Array(0),
  looks: new Uint8Array(0),
  isOpen: new Uint8Array(0),
  missing: 0,
  extent: { start: 0, end: 1, low: 1, high: 2 },
  medians: [],
  versions: 0,
};

/** @param {import("../runs/store.mjs").State} state @returns {Points} */
export function pointsOf(state) {
  const { data, shown } = state;
  const columns = /** @type {import("../protocol.mjs").Columns} */ (data.columns);
  const { after, open } = lengthsOf(data);
  const known = shown.filter(
    (row) => columns.created[row] - columns.created[row] === 0 && after[row] >= 0,
  );
  const rows = sortedByKey(known, columns.created, false);
  const looks = data.page.statuses.map(lookOf);
  const points = {
    rows,
    created: new Float64Array(rows.length),
    lengths: new Float64Array(rows.length),
    looks: new Uint8Array(rows.length),
    isOpen: new Uint8Array(rows.length),
    missing: shown.length - rows.length,
  };
  let [low, high] = [Infinity, -Infinity];
  for (let place = 0; place < rows.length; place++) {
    const row = rows[place];
    points.created[place] = columns.created[row];
    points.lengths[place] = after[row];
    points.looks[place] = looks[columns.status[row]] ?? UNKNOWN + 1;
    points.isOpen[place] = Number(open[row] === OPEN.AFTER);
    low = Math.min(low, after[row]);
    high = Math.max(high, after[row]);
  }
  const medians = mediansOf(state, points);
  return {
    ...points,
    extent: extentOf(points.created, low, high),
    medians: medians.slice(0, MOST_MEDIANS),
    versions: medians.length,
  };
}

/** @param {Float64Array} created rising @param {number} low @param {number} high @returns {import("./scale.mjs").Extent} */
function extentOf(created, low, high) {
  const start = created[0] ?? 0;
  const end = created.at(-1) ?? 0;
  const margin = Math.max(SHORTEST_TIME, end - start) * 0.02;
  const [least, most] = lengthsAround(low, high);
  return { start: start - margin, end: end + margin, low: least, high: most };
}

/** @param {import("../runs/store.mjs").State} state @param {Pick<Points, "rows" | "created" | "lengths" | "isOpen">} points @returns {Median[]} those of most runs first */
function mediansOf(state, { rows, created, lengths, isOpen }) {
  const { page, columns } = state.data;
  const { list, codes } = labelsOf(state);
  /** @type {Map<number, number[]>} */
  const placesOf = new Map();
  for (let place = 0; place < rows.length; place++) {
    const version = columns?.version[rows[place]] ?? NONE;
    if (isOpen[place] || version === NONE) continue;
    const places = placesOf.get(version);
    if (places) places.push(place);
    else placesOf.set(version, [place]);
  }
  return [...placesOf]
    .filter(([, places]) => places.length >= LEAST_RUNS)
    .map(([version, places]) => ({
      name: state.names.size ? list[codes[rows[places[0]]]] : page.versions[version],
      n: places.length,
      length: median(Float64Array.from(places, (place) => lengths[place])),
      start: created[places[0]],
      end: created[/** @type {number} */ (places.at(-1))],
    }))
    .sort((a, b) => b.n - a.n);
}

/** @param {Float64Array} lengths at least one; their order is changed */
function median(lengths) {
  lengths.sort();
  const middle = (lengths.length - 1) / 2;
  return (lengths[Math.floor(middle)] + lengths[Math.ceil(middle)]) / 2;
}

/**
 * The point nearest to a place in the picture; of those that lie equally near, the last drawn.
 * @param {Float32Array} xs @param {Float32Array} ys by place @param {number} x @param {number} y @param {number} reach
 * @returns {number} its place, -1 where none is near
 */
export function nearest(xs, ys, x, y, reach) {
  let found = -1;
  let least = reach * reach;
  for (let place = 0; place < xs.length; place++) {
    const dx = xs[place] - x;
    const dy = ys[place] - y;
    const distance = dx * dx + dy * dy;
    if (distance > least) continue;
    found = place;
    least = distance;
  }
  return found;
}

/**
 * @param {Float32Array} xs @param {Float32Array} ys by place @param {import("./scale.mjs").Box} box
 * @returns {number[]} the places within it, by time
 */
export function within(xs, ys, { left, right, top, bottom }) {
  const found = [];
  for (let place = 0; place < xs.length; place++)
    if (xs[place] >= left && xs[place] <= right && ys[place] >= top && ys[place] <= bottom)
      found.push(place);
  return found;
}
