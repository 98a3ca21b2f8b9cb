/** What is told of a run or of a stretch of time, in words. */

import { countOf, formatTime } from "./scale.mjs";
import { describe, visible } from "./status.mjs";
import { duration } from "./times.mjs";
import { KIND, LOOKS, NONE, isFailure, statusOf } from "./timeline-model.mjs";

/**
 * @typedef {import("./timeline-model.mjs").Model} Model
 * @typedef {import("./timeline-model.mjs").TimelineData} TimelineData
 */

const MISSING = "not recorded";

/** @param {number} start @param {number} end */
const between = (start, end) => (end >= start ? duration(end - start) : MISSING);

/** @param {TimelineData} data @param {number} code @returns {string} */
export const versionName = (data, code) => (code === NONE ? "no version recorded" : visible(data.versions[code] ?? ""));

/** What the columns of the hidden table and the lines of the tooltip are called. */
export const FIELDS = Object.freeze(["run", "status", "version", "created", "started", "completed", "created to started", "started to completed"]);

/**
 * @param {Model} model @param {number} row @param {string} zone
 * @returns {string[]} a text for each of FIELDS
 */
export function tell(model, row, zone) {
  const { data } = model;
  const time = (/** @type {number} */ at) => (Number.isNaN(at) ? MISSING : formatTime(at, zone));
  const [created, started, completed] = [data.created[row], data.started[row], data.completed[row]];
  return [
    visible(data.ids[row] ?? ""), describe(statusOf(data, row)).label, versionName(data, data.version[row]),
    time(created), time(started), time(completed) + remark(model, row), between(created, started), between(started, completed),
  ];
}

/** @param {Model} model @param {number} row */
function remark(model, row) {
  const p = model.place[row];
  if (p === NONE) return "";
  if (model.kind[p] === KIND.LIVE) return " (open up to when the data was read)";
  return model.kind[p] === KIND.POINT ? " (before it began: drawn as a point)" : "";
}

/** @param {Uint32Array | number[]} counts by look @returns {string[]} like "3 failed", worst first */
export function outcomes(counts) {
  return Array.from(counts, (count, look) => ({ count, look })).filter(({ count }) => count > 0)
    .sort((a, b) => Number(isFailure(b.look)) - Number(isFailure(a.look)) || b.count - a.count)
    .map(({ count, look }) => `${count.toLocaleString("en-US")} ${look === LOOKS.length - 2 ? "of unknown status" : LOOKS[look].label}`);
}

/** @param {Model} model @param {{start: number, end: number}} window @param {string} zone @param {number} shown @returns {string} */
export const windowWords = (model, { start, end }, zone, shown) =>
  `${formatTime(Math.round(start), zone)} to ${formatTime(Math.round(end), zone)} (${duration(Math.round(end - start))}): ${countOf(shown, "run")}`;

/** @param {Model} model @param {number} hidden runs whose status is switched off @returns {string[]} what the picture does not show, in sentences */
export function footnotes(model, hidden) {
  const unplaced = model.data.n - model.size;
  const count = (/** @type {number} */ kind) => model.kind.reduce((sum, k) => sum + Number(k === kind), 0);
  const [undivided, live, open, points] = [KIND.UNDIVIDED, KIND.LIVE, KIND.OPEN, KIND.POINT].map(count);
  return [
    hidden && `${countOf(hidden, "run")} hidden by the legend.`,
    unplaced && `${countOf(unplaced, "run")} without a created time: not on the timeline.`,
    undivided && `Hatched: when it started is not recorded (${countOf(undivided, "run")}).`,
    live && `Dashed: not ended when the data was read (${countOf(live, "run")}).`,
    open && `Open bracket: ended, but when is not recorded (${countOf(open, "run")}).`,
    points && `Points: times that contradict each other (${countOf(points, "run")}).`,
  ].filter((note) => typeof note === "string");
}
