/** Where runs lie on the canvas: bands of groups, and in each band either lanes of single runs or columns of counts. Lengths are CSS pixels. */

import { head } from "../base/head.mjs";
import { LOOKS } from "../base/status.mjs";
import { groupsOf } from "./grouping.mjs";
import { KIND, touching } from "./model.mjs";
import { rowName } from "./words.mjs";

/**
 * @typedef {import("./model.mjs").Model} Model
 * @typedef {import("../protocol.mjs").Grouping} Grouping
 * @typedef {{start: number, end: number}} Window
 * @typedef {{name: string, id: string, count: number, y: number, height: number, wish: number}} Band  `wish` is the height that it likes, by which single runs or columns are chosen
 * @typedef {object} Frame  what stays while the window moves
 * @property {number} width
 * @property {number} left  where the time axis begins; the names stand before it
 * @property {number} right  where it ends; behind it there is room for the mark of an end, and in rows for the length of the run
 * @property {boolean} rows  every run has a row of its own
 * @property {number} strip  height of the strip of failures on top, 0 where there is none
 * @property {Band[]} bands
 * @property {Uint16Array | null} bandOf  the band of each place, null where there is one
 * @property {number} axis  y of the axis
 * @property {number} overview  y of the overview
 * @property {number} height  of all; it ends where the overview would begin where there is none
 * @property {number} natural  the height that all of it likes
 * @typedef {object} Lanes  single runs: place, lane, left and right edge
 * @property {Uint32Array} places
 * @property {Uint16Array} lane
 * @property {Float32Array} x0
 * @property {Float32Array} x1
 * @property {number} count  lanes
 * @property {number} pitch  height of a lane with its gap
 * @typedef {object} Columns  counts of runs that touch each column, look by look
 * @property {number} x  left edge of the first column
 * @property {number} size
 * @property {Uint32Array[]} counts  by look, or by shade where there are shades
 * @property {number} peak  the highest sum
 * @property {number} scale  the sum that is as high as there is room
 * @typedef {({lanes: Lanes, columns: null} | {lanes: null, columns: Columns}) & {places: Uint32Array}} Fill  places: the runs that touch the window
 */

export const MARK = 3;
export const COLUMN = 3;
export const OVERVIEW = 34;
const AXIS = 34;
const GAP = 8;
const TOP = 4;
const ROOM = 15;
const LETTER = 7;
const CELL = 10;
const STRIP = 16;
const THINNEST = 5;
const THICKEST = 22;
/** The names in the margin: their share of the width, and how wide they are; those of rows have an id behind them. */
const NAMES_SHARE = 0.22;
const ROW_NAMES_SHARE = 0.26;
const NAMES_LEAST = 96;
const NAMES_MOST = 180;
const ROW_NAMES_MOST = 200;
/** What the length of a run takes up behind its bar. */
const LENGTH_ROOM = 92;
/** The heights of rows: of few, of more, and the least. */
const HIGH_ROW = 26;
const ROW = 20;
const FEW = 8;
const LEAST_ROW = 15;
/** The heights of bands: of a lane, the least, the most of one alone, the most of all together. */
const LANE = 16;
const LOWEST = 34;
const ONE_BAND = 240;
const ALL_BANDS = 400;

/** @param {number} value @param {number} low @param {number} high */
const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** @param {Model} model @returns {Window} all runs with a little room */
export function extent({ first, last, size }) {
  if (!size) return { start: 0, end: 1 };
  const room = Math.max((last - first) * 0.02, 5);
  return { start: first - room, end: last + room };
}

/**
 * @param {Model} model @param {Grouping} by @param {number} width
 * @param {number} [room]  how high it may be; rows and bands are lower where that is less than they wish, down to a least height
 * @returns {Frame}
 */
export function frameOf(model, by, width, room = Infinity) {
  const rows = by === "none" && model.size <= head().limits.rows;
  const widest = rows
    ? clamp(width * ROW_NAMES_SHARE, NAMES_LEAST, ROW_NAMES_MOST)
    : clamp(width * NAMES_SHARE, NAMES_LEAST, NAMES_MOST);
  const left = Math.round(rows ? clamp(nameRoom(model), NAMES_LEAST, widest) : widest);
  const right = Math.round(width - (rows ? clamp(width * NAMES_SHARE, ROOM, LENGTH_ROOM) : ROOM));
  const strip = !rows && model.failures.length ? STRIP : 0;
  const { groups, bandOf } = groupsOf(model, by);
  const parts = split(touching(model, -Infinity, Infinity), bandOf, groups.length);
  const highest = Math.round((by === "none" ? ONE_BAND : ALL_BANDS) / groups.length);
  const wishes = rows
    ? [rowsWish(model.size)]
    : bandWishes(model, parts, extent(model), right - left, highest);
  const around = strip + TOP + AXIS + GAP * (groups.length - 1);
  const heights = lowered(wishes, room - around, rows ? LEAST_ROW * model.size : 0);
  let y = strip + TOP;
  const bands = groups.map((group, band) => {
    const height = heights[band];
    const top = y;
    y += height + GAP;
    return { ...group, count: parts[band].length, y: top, height, wish: wishes[band] };
  });
  const axis = y - GAP + 2;
  const height = axis + AXIS;
  const natural = height + sum(wishes) - sum(heights);
  return {
    width,
    left,
    right,
    rows,
    strip,
    bands,
    bandOf,
    axis,
    overview: height,
    height,
    natural,
  };
}

/** @param {number[]} values */
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** @param {number} count @returns {number} how high so many rows like to be */
const rowsWish = (count) => Math.max(count * (count > FEW ? ROW : HIGH_ROW), LOWEST);

/** @param {Model} model @param {Uint32Array[]} parts the places of each band @param {Window} window @param {number} width @param {number} most @returns {number[]} how high bands like to be */
function bandWishes(model, parts, window, width, most) {
  const lanes = lanesOfBands(model, parts, window, width, () => most);
  return parts.map((_, band) =>
    lanes ? clamp(lanes[band].count * LANE, Math.min(LOWEST, most), most) : most,
  );
}

/** Whether the runs of a picture are counted in columns and not drawn one by one. @param {Model} model @param {Uint32Array[]} parts the places of each band @param {number} unit how much of the axis a pixel is */
export function areCounted({ from, to }, parts, unit) {
  const { single, marks } = head().limits;
  const count = sum(parts.map(({ length }) => length));
  if (count > single) return true;
  const brief = parts.map((places) => places.filter((p) => to[p] - from[p] < MARK * unit).length);
  return count > marks && 2 * sum(brief) > count;
}

/**
 * The lanes of each band; null where those of one do not fit: bands are compared with one another, so all are drawn in one way.
 * @param {Model} model @param {Uint32Array[]} parts the places of each band @param {Window} window @param {number} width @param {(band: number) => number} heightOf
 * @returns {Lanes[] | null}
 */
function lanesOfBands(model, parts, window, width, heightOf) {
  if (areCounted(model, parts, (window.end - window.start) / width)) return null;
  const packed = [];
  for (const [band, places] of parts.entries()) {
    const lanes = pack(model, places, window, width, heightOf(band));
    if (!lanes) return null;
    packed.push(lanes);
  }
  return packed;
}

/** @param {number[]} wishes @param {number} room for all @param {number} least  of all together @returns {number[]} the heights, lowered in proportion towards the room, none below LOWEST or its wish; together they may still exceed the room */
function lowered(wishes, room, least) {
  const share = Math.max(room, least) / sum(wishes);
  if (share >= 1) return wishes;
  return wishes.map((wish) => Math.max(Math.min(wish, LOWEST), Math.floor(wish * share)));
}

/** @param {Model} model @returns {number} what the longest name takes up at most */
const nameRoom = ({ data, row }) =>
  row.reduce((longest, r) => Math.max(longest, rowName(data, r).join(" ").length), 0) * LETTER +
  ROOM;

/** @param {Frame} frame @param {Window} window @returns {(at: number) => number} the x of a place on the axis (of an instant: of `axis.at(instant)`) */
export const xOf =
  ({ left, right }, { start, end }) =>
  (at) =>
    left + ((at - start) / (end - start)) * (right - left);

/** @param {Frame} frame @param {Window} window @returns {(x: number) => number} the place on the axis at an x, also beside it */
export const axisPlaceOf =
  ({ left, right }, { start, end }) =>
  (x) =>
    start + ((x - left) / (right - left)) * (end - start);

/**
 * The runs of a window, band by band. Lanes are made on a stretch that starts at a multiple of the span, so that they stay while one pans.
 * @param {Model} model @param {Frame} frame @param {Window} window
 * @returns {Fill[]}
 */
export function layOutBands(model, frame, window) {
  const { bandOf, bands, rows, left } = frame;
  const width = frame.right - left;
  const span = window.end - window.start;
  const base = rows ? window.start : Math.floor(window.start / span) * span;
  const near = split(touching(model, base, base + 2 * span), bandOf, bands.length);
  const inside = split(touching(model, window.start, window.end), bandOf, bands.length);
  const stretch = { start: base, end: base + span };
  const packed = rows
    ? [ownRows(model, near[0], stretch, width, bands[0].height)]
    : lanesOfBands(model, near, stretch, width, (band) => bands[band].wish);
  if (!packed) return fillsInColumns(model, inside, window, width, left);
  const shift = xOf(frame, window)(base);
  return packed.map((lanes, band) => {
    lanes.pitch = Math.min(lanes.pitch, bands[band].height / Math.max(1, lanes.count));
    for (const x of [lanes.x0, lanes.x1]) for (let i = 0; i < x.length; i++) x[i] += shift;
    return { lanes, columns: null, places: inside[band] };
  });
}

/** The bands as columns of counts, all to one scale. @param {Model} model @param {Uint32Array[]} inside the places of each band @param {Window} window @param {number} width @param {number} left @returns {Fill[]} */
function fillsInColumns(model, inside, window, width, left) {
  const made = inside.map((places) => columns(model, places, window, width, left));
  const scale = Math.max(...made.map(({ peak }) => peak));
  return made.map((one, band) => ({
    lanes: null,
    columns: { ...one, scale },
    places: inside[band],
  }));
}

/** @param {Uint32Array} places @param {Uint16Array | null} bandOf @param {number} bands @returns {Uint32Array[]} */
function split(places, bandOf, bands) {
  if (bandOf === null) return [places];
  const sizes = new Uint32Array(bands);
  for (let i = 0; i < places.length; i++) sizes[bandOf[places[i]]]++;
  const parts = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < places.length; i++) {
    const band = bandOf[places[i]];
    parts[band][sizes[band]++] = places[i];
  }
  return parts;
}

/** Whether a run's end needs no mark: a success whose begin and end are known. @param {Model} model @param {number} p */
export const endsPlain = (model, p) =>
  LOOKS[model.look[p]].succeeded && model.kind[p] <= KIND.UNDIVIDED;

/** @param {Model} model @param {number} p @returns {number} room at the right for the mark of an end that is not plain */
const tail = (model, p) => (endsPlain(model, p) ? 1 : 13);

/**
 * First-fit lanes in which no two runs touch, or null where they do not fit the height.
 * @param {Model} model @param {Uint32Array} places rising @param {Window} window @param {number} width @param {number} height
 * @returns {Lanes | null}
 */
export function pack(model, places, window, width, height) {
  const most = Math.floor(height / THINNEST);
  if (places.length > head().limits.single) return null;
  const made = edges(model, places, window, width);
  const ends = [];
  for (let i = 0; i < places.length; i++) {
    let lane = 0;
    while (lane < ends.length && ends[lane] > made.x0[i]) lane++;
    if (lane === most) return null;
    ends[lane] = made.x1[i] + tail(model, places[i]);
    made.lane[i] = lane;
  }
  return {
    ...made,
    count: ends.length,
    pitch: clamp(height / Math.max(1, ends.length), THINNEST, THICKEST),
  };
}

/** @param {Model} model @param {Uint32Array} places @param {Window} window @param {number} width @param {number} height @returns {Lanes} */
function ownRows(model, places, window, width, height) {
  return {
    ...edges(model, places, window, width),
    lane: Uint16Array.from(places),
    count: model.size,
    pitch: height / Math.max(1, model.size),
  };
}

/** @param {Model} model @param {Uint32Array} places @param {Window} window @param {number} width */
function edges({ from, to }, places, { start, end }, width) {
  const scale = width / (end - start);
  const x0 = Float32Array.from(places, (p) => (from[p] - start) * scale);
  const x1 = Float32Array.from(places, (p, i) => Math.max(x0[i] + MARK, (to[p] - start) * scale));
  return { places, x0, x1, lane: new Uint16Array(places.length) };
}

/**
 * @param {Model} model @param {Uint32Array} places @param {Window} window @param {number} width @param {number} left
 * @returns {Columns}
 */
export function columns({ from, to, look, shade, blank }, places, { start, end }, width, left) {
  const kinds = shade ?? look;
  const kindCount = shade ? blank + 1 : LOOKS.length;
  const scale = width / (end - start);
  const offset = (((start * scale) % COLUMN) + COLUMN) % COLUMN;
  const size = Math.ceil((width + offset) / COLUMN);
  const counts = Array.from({ length: kindCount }, () => new Uint32Array(size + 1));
  for (let i = 0; i < places.length; i++) {
    const p = places[i];
    const a = ((from[p] - start) * scale + offset) / COLUMN;
    const b = ((to[p] - start) * scale + offset) / COLUMN;
    counts[kinds[p]][a > 0 ? a | 0 : 0]++;
    counts[kinds[p]][b < size ? (b | 0) + 1 : size]--;
  }
  const sums = new Uint32Array(size);
  for (const count of counts) {
    for (let i = 0; i < size; i++) {
      if (i) count[i] += count[i - 1];
      sums[i] += count[i];
    }
  }
  const peak = sums.reduce((a, b) => Math.max(a, b), 0);
  return { x: left - offset, size, counts, peak, scale: peak };
}

/**
 * The marks of failures on the strip: neighbours closer than a mark are one, the worst look and the count are kept.
 * @param {Model} model @param {Frame} frame @param {Window} window
 * @returns {{x: number, look: number, places: number[]}[]}
 */
export function failureMarks(model, frame, window) {
  const { left, right } = frame;
  const at = xOf(frame, window);
  /** @type {Map<number, {x: number, look: number, places: number[]}>} */
  const cells = new Map();
  for (const p of model.failures) {
    const x = at(model.to[p]);
    if (x < left || x > right) continue;
    const cell = Math.floor((x - left) / CELL);
    const found = cells.get(cell);
    if (!found) cells.set(cell, { x, look: model.look[p], places: [p] });
    else {
      found.places.push(p);
      found.x = left + (cell + 0.5) * CELL;
      found.look = Math.min(found.look, model.look[p]);
    }
  }
  return [...cells.values()];
}
