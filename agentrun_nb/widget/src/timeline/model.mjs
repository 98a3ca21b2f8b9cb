/** What is drawn of every run, from the timestamps of its record alone, in typed arrays ordered by time. */

import { sortedByKey } from "../base/sorting.mjs";
import { LOOKS, UNKNOWN, isFailure, lookOf } from "../base/status.mjs";
import { Axis, axisOf } from "./axis.mjs";
import { withoutZeroTime } from "../base/times.mjs";

/**
 * @typedef {object} TimelineData  columns of n rows; times in ms since the epoch, NaN where not recorded; codes index the lists, NONE where there is none
 * @property {number} n
 * @property {number} now  when the data was read
 * @property {string[]} statuses
 * @property {string[]} versions
 * @property {string[]} deployments
 * @property {ReadonlyMap<string, string>} names  of deployments and versions by their ids, as far as they are known
 * @property {Float64Array} created
 * @property {Float64Array} started
 * @property {Float64Array} completed
 * @property {Float64Array} until  until when a run that has not ended is known to have gone on
 * @property {Uint32Array} status
 * @property {Uint32Array} version
 * @property {Uint32Array} deployment
 * @property {Uint32Array} error  which runs were not read; any code but NONE
 * @property {string[]} ids
 * @property {Uint8Array} [shades]  the parts of a column, which give runs their colours in place of their statuses
 * @property {number} [blank]  the part of those without a value, the last one
 */

/**
 * A run stands at a place: its rank by time. `row` gives the row of a place, `place` the place of a row (NONE: it has no created_at).
 * @typedef {object} Model
 * @property {TimelineData} data
 * @property {number} size  runs that have a place
 * @property {Uint32Array} row
 * @property {Uint32Array} place
 * @property {import("./axis.mjs").Axis} axis
 * @property {boolean} foldable  whether there are long stretches in which no run goes on
 * @property {Float64Array} from  where the run begins on the axis
 * @property {Float64Array} middle  where it started, NaN where that is not known
 * @property {Float64Array} to  where it ends on the axis
 * @property {Uint8Array} kind  one of KIND
 * @property {Uint8Array} look  index into LOOKS
 * @property {Uint8Array | null} shade  the part of a column that gives the run its colour; null: its look does
 * @property {number} blank  the part of runs without a value
 * @property {Uint32Array} failures  places of failures
 * @property {number} first  the earliest begin
 * @property {number} last  the latest end
 */

export const NONE = 0xffffffff;

/** How a run is drawn: two phases; one that is not divided; still going; ended, but when is not recorded; or times that contradict each other. */
export const KIND = { PHASES: 0, UNDIVIDED: 1, LIVE: 2, OPEN: 3, POINT: 4 };

const LAST_DATE = 8.64e15;

/** @param {TimelineData} data @param {number} row @returns {string | null} */
export const statusOf = (data, row) => data.statuses[data.status[row]] ?? null;

/** The model of runs: where each lies on the axis and how it is drawn. @param {TimelineData} data @param {boolean} [idle] whether to fold the stretches in which no run goes on @returns {Model} */
export function modelOf(data, idle = false) {
  const row = inOrder(data);
  const size = row.length;
  const looks = data.statuses.map(lookOf);
  /** @type {Model} */
  const model = {
    data,
    size,
    row,
    place: new Uint32Array(data.n).fill(NONE),
    from: new Float64Array(size),
    middle: new Float64Array(size),
    to: new Float64Array(size),
    kind: new Uint8Array(size),
    look: new Uint8Array(size),
    shade: data.shades ? Uint8Array.from(row, (at) => data.shades?.[at] ?? 0) : null,
    blank: data.blank ?? 0,
    failures: new Uint32Array(0),
    axis: new Axis([]),
    foldable: false,
    first: 0,
    last: 0,
  };
  const failures = [];
  for (let p = 0; p < size; p++) {
    const look = looks[data.status[row[p]]] ?? UNKNOWN + 1;
    model.place[row[p]] = p;
    model.look[p] = look;
    setSpan(model, p, LOOKS[look].terminal);
    if (isFailure(look)) failures.push(p);
  }
  model.failures = Uint32Array.from(failures);
  const folded = axisOf(model.from, model.to, true);
  model.foldable = folded.folds.length > 0;
  model.axis = idle ? folded : axisOf(model.from, model.to, false);
  if (model.axis.folds.length)
    for (const times of [model.from, model.middle, model.to])
      times.forEach((time, p) => (times[p] = model.axis.at(time)));
  model.first = model.from[0];
  model.last = model.to.reduce((a, b) => Math.max(a, b), -Infinity);
  return model;
}

/** @param {TimelineData} data @returns {Uint32Array} the rows that have a created time, in its order */
function inOrder({ n, created }) {
  const rows = new Uint32Array(n);
  let size = 0;
  for (let r = 0; r < n; r++) if (Math.abs(created[r]) <= LAST_DATE) rows[size++] = r;
  return sortedByKey(rows.subarray(0, size), created, false);
}

/** @param {Model} model @param {number} p @param {boolean} terminal */
function setSpan(model, p, terminal) {
  const { data, row, from, middle, to, kind } = model;
  const created = data.created[row[p]];
  const started = withoutZeroTime(data.started[row[p]]);
  const completed = withoutZeroTime(data.completed[row[p]]);
  const divided = started >= created;
  from[p] = to[p] = created;
  middle[p] = divided ? started : NaN;
  if (completed < created || completed < started) {
    kind[p] = KIND.POINT;
    middle[p] = NaN;
  } else if (completed >= created) {
    kind[p] = divided ? KIND.PHASES : KIND.UNDIVIDED;
    to[p] = completed;
  } else {
    kind[p] = terminal ? KIND.OPEN : KIND.LIVE;
    to[p] = Math.max(created, divided ? started : created, terminal ? created : data.until[row[p]]);
  }
}

/** @param {Float64Array} from rising @param {number} time @returns {number} the first place that begins after the time */
function firstAfter(from, time) {
  let [low, high] = [0, from.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (from[middle] > time) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * Places of the runs that touch a window, rising.
 * @param {Model} model @param {number} start @param {number} end
 * @returns {Uint32Array}
 */
export function touching(model, start, end) {
  const { from, to } = model;
  const stop = firstAfter(from, end);
  const found = new Uint32Array(stop);
  let size = 0;
  for (let p = 0; p < stop; p++) if (to[p] >= start) found[size++] = p;
  return found.subarray(0, size);
}

/** The rows of runs that were not read. @param {TimelineData} data @returns {number[]} */
export function rowsNotRead({ n, error }) {
  const rows = [];
  for (let row = 0; row < n; row++) if (error[row] !== NONE) rows.push(row);
  return rows;
}
