/** What is told of a run or of a stretch of time, in words. */

import { formatTime } from "../base/ticks.mjs";
import { LOOKS, UNKNOWN, describe, isFailure } from "../base/status.mjs";
import { KIND, NONE, statusOf } from "./model.mjs";
import { NOT_KNOWN, duration } from "../base/times.mjs";
import { countOf, formatCount, partOf, percent, runsOf } from "../base/numbers.mjs";
import { nameOfRun, shortId } from "../runs/names.mjs";
import { visible } from "../base/text.mjs";

/**
 * @typedef {import("./model.mjs").Model} Model
 * @typedef {import("./model.mjs").TimelineData} TimelineData
 */

/** @param {number} start @param {number} end */
const between = (start, end) => (end >= start ? duration(end - start) : NOT_KNOWN);

/** @param {TimelineData} data @param {number} code @returns {string} */
export const versionName = (data, code) =>
  code === NONE ? "no version recorded" : visible(data.versions[code] ?? "");

/** @param {TimelineData} data @param {number} row @returns {string} its name, "" where none is known */
const nameOf = ({ names, deployment, deployments, version, versions }, row) =>
  nameOfRun(names, deployments[deployment[row]] ?? "", versions[version[row]] ?? "");

/** @param {TimelineData} data @param {number} row @returns {[name: string, behind: string]} what stands in the margin of a row: the name and the end of the id, or the id alone */
export function rowName(data, row) {
  const id = visible(data.ids[row] ?? "");
  const name = visible(nameOf(data, row));
  return name ? [name, shortId(id)] : [id, ""];
}

/** @param {Model} model @param {number} place @returns {string} how long the run took after its start, and what its record does not say */
export function lengthWords({ kind, from, middle, to, axis }, place) {
  const begin = Number.isNaN(middle[place]) ? from[place] : middle[place];
  const length = duration(axis.instant(to[place]) - axis.instant(begin));
  switch (kind[place]) {
    case KIND.PHASES:
      return length;
    case KIND.UNDIVIDED:
      return `${length} in all`;
    case KIND.LIVE:
      return `${length} so far`;
    default:
      return "";
  }
}

/**
 * @param {Model} model @param {import("./layout.mjs").Band} band @param {import("./layout.mjs").Fill} fill
 * @returns {{name: string, count: string[], failed: string[], peak: string[]}} what stands in the margin of a band; each of the last three in words for much and for little room, [] where there is nothing to say
 */
export function bandWords({ look }, { name, count }, { places, columns }) {
  let failed = 0;
  let judged = 0;
  for (const place of places) {
    if (isFailure(look[place])) failed++;
    if (isFailure(look[place]) || LOOKS[look[place]].succeeded) judged++;
  }
  const runs = places.length === count ? countOf(count) : partOf(places.length, count);
  const share = judged ? percent(failed / judged) : "";
  const most = columns ? `up to ${formatCount(columns.peak)}` : "";
  return {
    name: visible(name),
    count: [runs, formatCount(places.length)],
    failed: judged ? [`${formatCount(failed)} ${share}`, share] : [],
    peak: columns ? [`${most} a column`, most] : [],
  };
}

/** @param {Model} model @param {import("./layout.mjs").Band} band @param {import("./layout.mjs").Fill} fill @returns {string[]} lines on a band */
export function tellBand(model, band, fill) {
  const { name, count, peak } = bandWords(model, band, fill);
  const id = band.id === band.name ? "" : visible(band.id);
  return [name, id, count[0], ...outcomes(model, fill.places), peak[0]].filter(Boolean);
}

/** The names of what is told of a run. */
export const FIELDS = [
  "run",
  "status",
  "version",
  "created",
  "started",
  "completed",
  "created to started",
  "started to completed",
];

/**
 * @param {Model} model @param {number} row @param {string} zone
 * @returns {string[]} a text for each of FIELDS
 */
export function tell(model, row, zone) {
  const { data } = model;
  const [created, started, completed] = [data.created[row], data.started[row], data.completed[row]];
  const [whenCreated, whenStarted, whenCompleted] = [created, started, completed].map((at) =>
    Number.isNaN(at) ? NOT_KNOWN : formatTime(at, zone),
  );
  return [
    [nameOf(data, row), data.ids[row] ?? ""].filter(Boolean).map(visible).join(" \u00b7 "),
    describe(statusOf(data, row)).label,
    versionName(data, data.version[row]),
    whenCreated,
    whenStarted,
    whenCompleted + remark(model, row),
    between(created, started),
    between(started, completed),
  ];
}

/** @param {Model} model @param {number} row */
function remark({ place, kind }, row) {
  const drawn = kind[place[row]];
  return drawn === KIND.LIVE
    ? " (open up to when the data was read)"
    : drawn === KIND.POINT
      ? " (before it began: drawn as a point)"
      : "";
}

/** @param {Model} model @param {number} row @param {string} zone @returns {string[]} lines; the first two need no name */
export const tellLines = (model, row, zone) =>
  tell(model, row, zone).map((text, i) => (i < 2 ? text : `${FIELDS[i]}: ${text}`));

/** @param {Model} model @param {Iterable<number>} places @returns {string[]} like "3 failed", failures first */
export function outcomes(model, places) {
  const counts = LOOKS.map((look, i) => ({
    label: i === UNKNOWN ? "of unknown status" : look.label,
    failure: isFailure(i),
    count: 0,
  }));
  for (const place of places) counts[model.look[place]].count++;
  return counts
    .filter(({ count }) => count)
    .sort((a, b) => Number(b.failure) - Number(a.failure) || b.count - a.count)
    .map(({ count, label }) => `${formatCount(count)} ${label}`);
}

/** @param {{start: number, end: number}} window @param {string} zone @param {string} runs how many, in words @returns {string} */
export const windowWords = ({ start, end }, zone, runs) =>
  `${formatTime(Math.round(start), zone)} to ${formatTime(Math.round(end), zone)} (${duration(Math.round(end - start))}): ${runs}`;

/** @param {number} n runs, none of which has a place in time @param {number} unread how many of them were not read @returns {string} why there is no timeline */
export function emptyWords(n, unread) {
  if (n === 0) return "There are no runs to show.";
  const none = n === 1 ? "The run" : `None of the ${countOf(n)}`;
  if (unread === n)
    return `${none} was ${n === 1 ? "not " : ""}read, so nothing can be placed in time.`;
  return `${none} has ${n === 1 ? "no" : "a"} created time that can be read, so nothing can be placed in time.`;
}

/** How runs are drawn that are not drawn in two phases, and why. @type {[kind: number, drawn: string, why: string][]} */
const DRAWN = [
  [KIND.UNDIVIDED, " hatched", "no started time is known"],
  [KIND.LIVE, " dashed", "not ended when the data was read"],
  [KIND.OPEN, " with an open bracket", "ended, but when is not known"],
  [KIND.POINT, " drawn as a point", "the times contradict each other"],
];

/** @param {Model} model @param {Uint32Array[]} parts the places of the window @param {number} unread how many runs were not read @param {boolean} [isCounted] whether they are counted in columns, and not drawn one by one @returns {string} what the picture does not show, in sentences */
export function footnotes({ data, size, kind, axis: { folds } }, parts, unread, isCounted) {
  const everywhere = Object.values(KIND).fill(0),
    inside = Object.values(KIND).fill(0);
  for (let p = 0; p < size; p++) everywhere[kind[p]]++;
  for (const places of parts) for (let i = 0; i < places.length; i++) inside[kind[places[i]]]++;
  const unplaced = data.n - size - unread;
  const drawn = DRAWN.filter(([drawnAs]) => inside[drawnAs]).map(
    ([drawnAs, how, why]) =>
      `${runsOf(inside[drawnAs], everywhere[drawnAs])}${isCounted ? "" : how}: ${why}.`,
  );
  return [
    folds.length &&
      `${countOf(folds.length, "gap")} folded, ${duration(folds.reduce((sum, { length }) => sum + length, 0))} in all.`,
    size > 0 &&
      unplaced > 0 &&
      `${countOf(unplaced)} without a created time that can be read, so not on the timeline.`,
    ...drawn,
  ]
    .filter(Boolean)
    .join(" ");
}
