/**
 * What a status looks like: words, colour and shape. A status is never told by its colour alone.
 *
 * @typedef {{name: string | null, label: string, color: string, shape: string, terminal: boolean}} Status
 *   `color` names a CSS custom property of styles/colours.css, `shape` is path data in a box of 12 by 12, filled evenodd.
 */
import { visible } from "./text.mjs";

const SVG = "http://www.w3.org/2000/svg";
const FRAME = {
  class: "arn-mark",
  viewBox: "0 0 12 12",
  width: "12",
  height: "12",
  "aria-hidden": "true",
};

/** The values that styles/colours.css gives each colour, in the light and the dark theme; figures elsewhere use the same. @type {Readonly<Record<string, readonly [string, string]>>} */
export const COLOURS = {
  queued: ["#9b68cf", "#8577c4"],
  starting: ["#b52896", "#da97d7"],
  installing: ["#713521", "#e2cd82"],
  running: ["#0a55c4", "#50a7ff"],
  succeeded: ["#2c9554", "#59e0a8"],
  failed: ["#b23c12", "#f4686e"],
  cancelled: ["#2a4560", "#a9dbdd"],
  timed_out: ["#ba7900", "#e1961a"],
  other: ["#6b6b6b", "#a3a3a3"],
};

const RING = "M6 0a6 6 0 1 0 0 12a6 6 0 1 0 0-12z";

/** @type {[name: string, terminal: boolean, shape: string][]} */
const TABLE = [
  ["queued", false, `${RING}M6 2a4 4 0 1 1 0 8a4 4 0 1 1 0-8z`],
  ["starting", false, `${RING}M6 2a4 4 0 0 1 0 8z`],
  ["installing", false, "M4 0h4v4h3L6 9 1 4h3zM0 10h12v2H0z"],
  ["running", false, "M2 0 12 6 2 12z"],
  ["succeeded", true, "M0 6 2 4 5 7 10 2 12 4 5 11z"],
  ["failed", true, "M2 0 6 4 10 0 12 2 8 6 12 10 10 12 6 8 2 12 0 10 4 6 0 2z"],
  ["cancelled", true, "M0 0h12v12H0zM3 5v2h6V5z"],
  ["timed_out", true, "M1 0h10v2L7 6 11 10v2H1v-2L5 6 1 2z"],
];

/** The statuses of the contract in lifecycle order. @type {readonly Status[]} */
export const STATUSES = TABLE.map(([name, terminal, shape]) => ({
  name,
  label: name.replace("_", " "),
  color: `--arn-${name.replace("_", "-")}`,
  shape,
  terminal,
}));

const OTHER = { color: "--arn-other", terminal: false };
const NONE = { ...OTHER, name: null, label: "no status recorded", shape: "M0 5h5v2H0zM7 5h5v2H7z" };
const UNKNOWN_SHAPE = "M6 0 12 6 6 12 0 6zM6 3 3 6 6 9 9 6z";
const BY_NAME = new Map(STATUSES.map((status) => [status.name, status]));

/**
 * The look of a status as it stands in a record; one that we do not know is neutral and not terminal.
 * @param {string | null | undefined} name
 * @returns {Status}
 */
export function describe(name) {
  if (name === null || name === undefined) return NONE;
  return (
    BY_NAME.get(name) ?? {
      ...OTHER,
      name,
      label: `unknown status: ${visible(name) || "(empty)"}`,
      shape: UNKNOWN_SHAPE,
    }
  );
}

/** @param {string | null | undefined} name @returns {boolean} whether a run with this status has ended for good */
export const isTerminal = (name) => describe(name).terminal;

/**
 * A small inline picture of a status (shape and colour), hidden from screen readers: the words stand beside it.
 * @param {string | null | undefined} name
 * @returns {SVGSVGElement}
 */
export function statusMark(name) {
  const { shape, color } = describe(name);
  const mark = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries(FRAME)) mark.setAttribute(name, value);
  path.setAttribute("d", shape);
  path.setAttribute("fill-rule", "evenodd");
  path.style.setProperty("fill", `var(${color})`);
  mark.append(path);
  return mark;
}
