/** What lies under a point of the canvas, and where a run lies on it. Lengths are CSS pixels. */

import { COLUMN, axisPlaceOf } from "./layout.mjs";

/**
 * @typedef {import("./view.mjs").Scene} Scene
 * @typedef {{places: ArrayLike<number> & Iterable<number>, window: import("./layout.mjs").Window | null, band?: number}} Hit  the runs there; a window: they are counted in a column; a band: its name is there
 */

const NEAR = 4;

/** @param {Scene} scene @param {number} x @param {number} y @returns {Hit | null} */
export function hitAt(scene, x, y) {
  const { frame, marks, fills } = scene;
  // In rows there is no strip of failures at the top.
  if (frame.strip && y < frame.strip + 2) {
    const mark = marks.find((candidate) => Math.abs(candidate.x - x) <= NEAR + 1);
    return mark ? { places: mark.places, window: null } : null;
  }
  if (y > frame.axis) return null;
  const b = frame.bands.findIndex((band) => y >= band.y && y <= band.y + band.height);
  if (b < 0) return null;
  const { lanes, columns, places } = fills[b];
  if (!frame.rows && x < frame.left - NEAR) return { places, window: null, band: b };
  return lanes
    ? runAt(frame, lanes, x, Math.floor((y - frame.bands[b].y) / lanes.pitch))
    : columnAt(scene, places, x, columns.x);
}

/** @param {Scene["frame"]} frame @param {import("./layout.mjs").Lanes} lanes @param {number} x @param {number} laneAt the number of a lane @returns {Hit | null} */
function runAt({ rows }, { places, lane, x0, x1 }, x, laneAt) {
  let [best, nearest] = [-1, rows ? Infinity : NEAR];
  for (let i = 0; i < places.length; i++) {
    const away = Math.max(x0[i] - x, x - x1[i], 0);
    if (lane[i] === laneAt && away <= nearest) [best, nearest] = [i, away];
  }
  return best < 0 ? null : { places: [places[best]], window: null };
}

/** @param {Scene} scene @param {Uint32Array} places @param {number} x @param {number} first @returns {Hit | null} */
function columnAt({ frame, window, model: { from, to } }, places, x, first) {
  const edge = first + Math.floor((x - first) / COLUMN) * COLUMN;
  const [start, end] = [edge, edge + COLUMN].map(axisPlaceOf(frame, window));
  const found = places.filter((p) => from[p] < end && to[p] >= start);
  return found.length ? { places: found, window: { start, end } } : null;
}

/** @param {Scene} scene @param {number} place @returns {{x: number, y: number} | null} a point on the run's own mark, null where it has none on the screen */
export function locate({ frame, fills, marks, window, model }, place) {
  const b = frame.bandOf ? frame.bandOf[place] : 0;
  const { lanes } = fills[b];
  if (!lanes) {
    const mark = marks.find(({ places }) => places.length === 1 && places[0] === place);
    return mark ? { x: mark.x, y: frame.strip / 2 } : null;
  }
  const i = lanes.places.indexOf(place);
  if (i < 0 || model.to[place] < window.start || model.from[place] > window.end) return null;
  const x = (Math.max(frame.left, lanes.x0[i]) + Math.min(frame.width, lanes.x1[i])) / 2;
  const y = frame.bands[b].y + (lanes.lane[i] + 0.5) * lanes.pitch;
  return y > frame.strip && y < frame.axis ? { x, y } : null;
}
