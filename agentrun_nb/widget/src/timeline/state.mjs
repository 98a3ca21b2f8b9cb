/** What the timeline shows, and what a person has chosen on it: one object that the modules beside this one read and change. It touches no page. */

import { isZone } from "../base/times.mjs";
import { visible } from "../base/text.mjs";
import { rowsNotRead } from "./model.mjs";
import { View } from "./view.mjs";

/**
 * A *row* is a place in the data; a *place* is a place in the order of time, and only runs with a created time have one.
 *
 * @typedef {import("./model.mjs").TimelineData} TimelineData
 * @typedef {object} State
 * @property {View} view
 * @property {string} zone  an IANA name
 * @property {string} unknownZone  words about a zone that the browser does not know, "" where it knows it
 * @property {number} active  the place of the run that the keyboard is at, -1 for none
 * @property {boolean} isSelecting  whether a plain drag selects a range
 * @property {import("./layout.mjs").Window | null} range  the range that is being drawn
 * @property {Set<number>} selected  places
 * @property {number[]} unreadRows  the rows of runs that were not read
 */

const noTimes = new Float64Array(0);
const noCodes = new Uint32Array(0);
/** @type {TimelineData} */
const NO_RUNS = {
  n: 0,
  now: 0,
  statuses: [],
  versions: [],
  deployments: [],
  names: new Map(),
  ids: [],
  created: noTimes,
  started: noTimes,
  completed: noTimes,
  until: noTimes,
  status: noCodes,
  version: noCodes,
  deployment: noCodes,
  error: noCodes,
};

/** @returns {State} of a timeline without runs */
export function createState() {
  return {
    view: new View(NO_RUNS),
    zone: "UTC",
    unknownZone: "",
    active: -1,
    isSelecting: false,
    range: null,
    selected: new Set(),
    unreadRows: [],
  };
}

/** Takes other runs: grouping, folds and window stay as far as they can, the selection is emptied, and the active run stays only where `moved` finds it. @param {State} state @param {TimelineData} data @param {((row: number) => number) | null} [moved] where a row of before is now */
export function takeData(state, data, moved) {
  const row = moved?.(state.view.model.row[state.active]) ?? -1;
  state.view = new View(data, state.view);
  state.selected = new Set();
  const { place, size } = state.view.model;
  state.active = place[row] < size ? place[row] : -1;
  state.unreadRows = rowsNotRead(data);
}

/** @param {State} state @param {string} tz an IANA name; UTC stands in for one that the browser does not know */
export function takeZone(state, tz) {
  const known = isZone(tz);
  state.zone = known ? tz : "UTC";
  state.unknownZone = known ? "" : ` (this browser does not know the zone ${visible(tz)})`;
}

/** @param {State} state @returns {number} how many runs were read and have no place in time */
export function countUnplaced({ view: { model }, unreadRows }) {
  return model.data.n - model.size - unreadRows.length;
}
