/** What is told of a run or of a stretch of time, in words. */

import { countOf, formatCount, formatTime } from "./scale.mjs";
import { describe, visible } from "./status.mjs";
import { KIND, LOOKS, NONE, UNKNOWN, isFailure, statusOf } from "./timeline-model.mjs";
import { duration } from "./times.mjs";

/**
 * @typedef {import("./timeline-model.mjs").Model} Model
 * @typedef {import("./timeline-model.mjs").TimelineData} TimelineData
 */

const MISSING = "not known";

/** @param {number} start @param {number} end */
const between = (start, end) => (end >= start ? duration(end - start) : MISSING);

/** @param {TimelineData} data @param {number} code @returns {string} */
export const versionName = (data, code) => (code === NONE ? "no version recorded" : visible(data.versions[code] ?? ""));

/** The names of what is told of a run. */
export const FIELDS = ["run", "status", "version", "created", "started", "completed", "created to started", "started to completed"];

/**
 * @param {Model} model @param {number} row @param {string} zone
 * @returns {string[]} a text for each of FIELDS
 */
export function tell(model, row, zone) {
  const { data } = model;
  const [created, started, completed] = [data.created[row], data.started[row], data.completed[row]];
  const [whenCreated, whenStarted, whenCompleted] = [created, started, completed].map((at) => (Number.isNaN(at) ? MISSING : formatTime(at, zone)));
  return [
    visible(data.ids[row] ?? ""), describe(statusOf(data, row)).label, versionName(data, data.version[row]),
    whenCreated, whenStarted, whenCompleted + remark(model, row), between(created, started), between(started, completed),
  ];
}

/** @param {Model} model @param {number} row */
function remark({ place, kind }, row) {
  const drawn = kind[place[row]];
  return drawn === KIND.LIVE ? " (open up to when the data was read)" : drawn === KIND.POINT ? " (before it began: drawn as a point)" : "";
}

/** @param {Model} model @param {number} row @param {string} zone @returns {string[]} lines; the first two need no name */
export const tellLines = (model, row, zone) => tell(model, row, zone).map((text, i) => (i < 2 ? text : `${FIELDS[i]}: ${text}`));

/** @param {Model} model @param {Iterable<number>} places @returns {string[]} like "3 failed", failures first */
export function outcomes(model, places) {
  const counts = LOOKS.map((look, i) => ({ label: i === UNKNOWN ? "of unknown status" : look.label, failure: isFailure(i), count: 0 }));
  for (const place of places) counts[model.look[place]].count++;
  return counts.filter(({ count }) => count).sort((a, b) => Number(b.failure) - Number(a.failure) || b.count - a.count).map(({ count, label }) => `${formatCount(count)} ${label}`);
}

/** @param {{start: number, end: number}} window @param {string} zone @param {number} runs @returns {string} */
export const windowWords = ({ start, end }, zone, runs) =>
  `${formatTime(Math.round(start), zone)} to ${formatTime(Math.round(end), zone)} (${duration(Math.round(end - start))}): ${countOf(runs)}`;

/**
 * @param {{name: string | null, look: number, count: number}[]} counts
 * @param {Set<number>} lit looks
 * @returns {string} what the legend brings out and what it dims, in a sentence each
 */
export function highlights(counts, lit) {
  const sum = (/** @type {typeof counts} */ some) => countOf(some.reduce((total, { count }) => total + count, 0));
  const [on, off] = [true, false].map((wanted) => counts.filter(({ look }) => lit.has(look) === wanted));
  return lit.size ? `Highlighted: ${on.map(({ name }) => describe(name).label).join(", ")}, ${sum(on)}. Dimmed: the other ${sum(off)}.` : "";
}

/** @param {Model} model @returns {string} what the picture does not show, in sentences */
export function footnotes({ data, size, kind, axis: { folds } }) {
  const notes = [
    { count: size && data.n - size, note: "without a created time that can be read, so not on the timeline" },
    { count: amount(kind, KIND.UNDIVIDED), note: "hatched: no started time is known" },
    { count: amount(kind, KIND.LIVE), note: "dashed: not ended when the data was read" },
    { count: amount(kind, KIND.OPEN), note: "with an open bracket: ended, but when is not known" },
    { count: amount(kind, KIND.POINT), note: "drawn as a point: the times contradict each other" },
  ];
  const told = notes.filter(({ count }) => count).map(({ count, note }) => `${countOf(count)} ${note}.`);
  return [folds.length ? `${countOf(folds.length, "gap")} folded, ${duration(folds.reduce((sum, { length }) => sum + length, 0))} in all.` : "", ...told].join(" ").trim();
}

/** @param {Uint8Array} kinds @param {number} wanted */
const amount = (kinds, wanted) => kinds.reduce((sum, kind) => sum + Number(kind === wanted), 0);
