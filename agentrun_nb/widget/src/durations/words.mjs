/** What is told of the durations of runs, in words. */
import { h } from "../base/dom.mjs";
import { countOf, partOf } from "../base/numbers.mjs";
import { describe } from "../base/status.mjs";
import { visible } from "../base/text.mjs";
import { formatTime } from "../base/ticks.mjs";
import { duration } from "../base/times.mjs";
import { labelsOf } from "../runs/labels.mjs";
import { shortId } from "../runs/names.mjs";

/**
 * @typedef {import("./points.mjs").Points} Points
 * @typedef {import("../runs/store.mjs").State} State
 */

/** @param {State} state @param {Points} points @param {number} place @returns {string[]} lines about one run */
export function runLines(state, points, place) {
  const { page, columns } = state.data;
  const row = points.rows[place];
  const { list, codes } = labelsOf(state);
  const status = page.statuses[columns?.status[row] ?? -1] ?? null;
  const length = duration(points.lengths[place]);
  return [
    visible(`${list[codes[row]]} ${shortId(columns?.ids[row] ?? "")}`),
    describe(status).label,
    points.isOpen[place] ? `${length} after start so far` : `${length} after start`,
    `created: ${formatTime(Math.round(points.created[place]), state.tz)}`,
  ];
}

/** @param {Points} points @param {boolean} isCrowded @returns {string} what the picture shows and what it does not, and the gesture that nobody guesses */
export function notes({ missing, isOpen, medians, versions }, isCrowded) {
  const open = isOpen.reduce((sum, one) => sum + one, 0);
  const lines = partOf(medians.length, versions);
  const parts = [
    medians.length > 0 && `lines: medians of ${lines} ${versions === 1 ? "version" : "versions"}`,
    isCrowded && "one run drawn a place",
    open > 0 && `hollow: ${countOf(open)} not ended when read`,
    "drag: filter by time",
    missing > 0 && `not here: ${countOf(missing)} without a length`,
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Points} points @returns {string} why nothing is drawn */
export const emptyWords = ({ missing }) =>
  missing ? `None of ${countOf(missing)} has a length after start.` : "There are no runs to show.";

/** For those who do not see the lines. @param {Points} points */
export function mediansTable({ medians }) {
  const row = (/** @type {(string | HTMLElement)[]} */ ...cells) => h("tr", {}, ...cells);
  const heads = ["Version", "Ended runs", "Median after start"].map((words) =>
    h("th", { scope: "col" }, words),
  );
  const rows = medians.map(({ name, n, length }) =>
    row(
      h("th", { scope: "row" }, visible(name)),
      h("td", {}, countOf(n)),
      h("td", {}, duration(length)),
    ),
  );
  return h("table", {}, h("caption", {}, "Medians by version"), row(...heads), ...rows);
}
