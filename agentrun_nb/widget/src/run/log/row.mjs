/** One entry of a log as a row: when, how grave, and what. */
import { h } from "../../base/dom.mjs";
import { countOf } from "../../base/numbers.mjs";
import { clip, shortText, visibleLines } from "../../base/text.mjs";
import { duration, milliseconds, moment } from "../../base/times.mjs";
import { rankOf } from "./entries.mjs";

/** @typedef {import("./entries.mjs").LogEvent} LogEvent */
/** @typedef {import("./entries.mjs").Entry} Entry */

const LONGEST_LINE = 2_000;
const LONGEST_TEXT = 20_000;
const LONGEST_WORD = 60;
const MARKS = ["arn-error", "arn-warn", ""];

/** When an event was written, counted from the start of its run. @param {LogEvent} event @param {number} start in ms @returns {string} "" where either is not known */
export function sinceStart({ created_at: at }, start) {
  const ms = milliseconds(at) - start;
  if (Number.isNaN(ms)) return "";
  return ms < 0 ? `−${duration(-ms)}` : `+${duration(ms)}`;
}

/** @param {string | null} utc @param {string} tz @returns {string} the whole moment */
export function momentWords(utc, tz) {
  if (Number.isNaN(milliseconds(utc))) return "no time recorded";
  const { date, time, offset } = moment(String(utc), tz);
  return `${date} ${time} ${offset}`;
}

/**
 * @param {LogEvent} event the first of the entry
 * @param {Entry} entry
 * @param {{id: string, place: number, count: number, start: number, tz: string, isStep: boolean, isOpen: boolean, isActive: boolean, isHit: boolean}} state
 */
export function makeRow(event, entry, state) {
  const { level, lines } = entry;
  const folds = lines > 1;
  const row = h(
    "div",
    {
      class: `arn-logrow ${MARKS[rankOf(level)]}`,
      role: "treeitem",
      id: state.id,
      "aria-level": "1",
      "aria-posinset": String(state.place + 1),
      "aria-setsize": String(state.count),
      "aria-selected": String(state.isActive),
      "aria-expanded": folds && String(state.isOpen),
    },
    timeCell(event, state),
    h("span", "arn-loglevel", shortText(level, LONGEST_WORD)),
    h("span", { class: folds ? "arn-twisty" : "arn-leaf", "aria-hidden": "true" }),
    h("span", "arn-logtext", ...textOf(event, entry, state)),
  );
  row.classList.toggle("arn-active", state.isActive);
  row.classList.toggle("arn-hit", state.isHit);
  return row;
}

/** @param {LogEvent} event @param {{start: number, tz: string}} state */
function timeCell(event, { start, tz }) {
  const whole = h("span", "arn-utc", momentWords(event.created_at, tz));
  return h("span", "arn-logtime arn-moment", sinceStart(event, start), whole);
}

/** @param {LogEvent} event @param {Entry} entry @param {{isStep: boolean, isOpen: boolean}} state */
function textOf(event, { title, text, lines }, { isStep, isOpen }) {
  const type = isStep && event.event_type;
  const folded = isOpen ? visibleLines(clip(text, LONGEST_TEXT)) : shortText(title, LONGEST_LINE);
  return [
    type && h("b", "arn-logtype", shortText(type, LONGEST_WORD)),
    folded || h("span", "arn-quiet", "(empty line)"),
    lines > 1 && !isOpen && h("span", "arn-dim", ` ${countOf(lines, "line")}`),
  ];
}

/** What a row cannot show whole. @param {Entry} entry */
export const isClipped = ({ text, lines }) =>
  text.length > (lines > 1 ? LONGEST_TEXT : LONGEST_LINE);
