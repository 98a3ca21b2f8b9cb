/** What lies under a point of the canvas, and where a run lies on it. Lengths are CSS pixels. */

import { COLUMN, scaleOf } from "./timeline-layout.mjs";
import { LOOKS } from "./timeline-model.mjs";

/**
 * @typedef {import("./timeline-paint.mjs").Scene} Scene
 * @typedef {{kind: "runs", places: number[]} | {kind: "column", start: number, end: number, counts: number[], places: Uint32Array} | {kind: "overview" | "ground"}} Hit
 */

const NEAR = 4;

/** @param {Scene} scene @param {number} x @param {number} y @returns {Hit} */
export function hitAt(scene, x, y) {
  const { frame, marks, fills } = scene;
  if (y >= frame.overview) return { kind: "overview" };
  if (y < frame.strip + 2) {
    const mark = marks.find((candidate) => Math.abs(candidate.x - x) <= NEAR + 1);
    return mark ? { kind: "runs", places: mark.places } : { kind: "ground" };
  }
  const b = frame.bands.findIndex((band) => y >= band.y && y <= band.y + band.height);
  if (b < 0) return { kind: "ground" };
  const { lanes } = fills[b];
  return lanes ? runAt(scene, lanes, x, (y - frame.bands[b].y) / lanes.pitch) : columnAt(scene, b, x);
}

/** @param {Scene} scene @param {import("./timeline-layout.mjs").Lanes} lanes @param {number} x @param {number} y in lanes @returns {Hit} */
function runAt({ frame }, { places, lane, x0, x1 }, x, y) {
  let [best, nearest] = [-1, frame.rows && x < frame.left ? Infinity : NEAR];
  for (let i = 0; i < places.length; i++) {
    if (lane[i] !== Math.floor(y)) continue;
    const away = Math.max(x0[i] - x, x - x1[i], 0);
    if (away <= nearest) [best, nearest] = [i, away];
  }
  return best < 0 ? { kind: "ground" } : { kind: "runs", places: [places[best]] };
}

/** @param {Scene} scene @param {number} b @param {number} x @returns {Hit} */
function columnAt({ frame, fills, window, model }, b, x) {
  const { columns, places } = fills[b];
  if (!columns) return { kind: "ground" };
  const i = Math.floor((x - columns.x) / COLUMN);
  const counts = LOOKS.map((_, look) => columns.counts[look][i] ?? 0);
  if (!counts.some(Boolean)) return { kind: "ground" };
  const scale = scaleOf(frame, window);
  const start = window.start + (columns.x + i * COLUMN - frame.left) / scale;
  const end = start + COLUMN / scale;
  return { kind: "column", start, end, counts, places: places.filter((p) => model.from[p] <= end && model.to[p] >= start) };
}

/** @param {Scene} scene @param {number} place @returns {{x: number, y: number} | null} a point on the run's own mark, null where it has none on the screen */
export function locate({ frame, fills, marks, window, model }, place) {
  const b = frame.bandOf ? frame.bandOf[place] : 0;
  const { lanes } = fills[b];
  if (!lanes) {
    const mark = marks.find(({ places }) => places.length === 1 && places[0] === place);
    return mark ? { x: mark.x, y: frame.strip / 2 + 1 } : null;
  }
  const i = lanes.places.indexOf(place);
  if (i < 0 || model.to[place] < window.start || model.from[place] > window.end) return null;
  const x = (Math.max(frame.left, lanes.x0[i]) + Math.min(frame.right, lanes.x1[i])) / 2;
  return { x, y: frame.bands[b].y + (lanes.lane[i] + 0.5) * lanes.pitch };
}
