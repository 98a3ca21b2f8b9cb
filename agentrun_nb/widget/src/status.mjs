/**
 * What a status looks like: words, colour and shape. A status is never told by its colour alone.
 *
 * @typedef {{name: string | null, label: string, color: string, shape: string, terminal: boolean}} Status
 *   `color` names a CSS custom property of timeline.css, `shape` is path data in a box of 12 by 12, filled evenodd.
 */

const SVG = "http://www.w3.org/2000/svg";
const FRAME = { class: "arn-mark", viewBox: "0 0 12 12", width: "12", height: "12", "aria-hidden": "true" };

/** The values that timeline.css gives each colour, in the light and the dark theme; figures elsewhere use the same. @type {Readonly<Record<string, readonly [string, string]>>} */
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

const RING = "M6 .5a5.5 5.5 0 1 0 0 11a5.5 5.5 0 1 0 0-11z";

/** @type {[name: string, terminal: boolean, shape: string][]} */
const TABLE = [
  ["queued", false, `${RING}M6 2.5a3.5 3.5 0 1 1 0 7a3.5 3.5 0 1 1 0-7z`],
  ["starting", false, `${RING}M6 2.5a3.5 3.5 0 0 1 0 7z`],
  ["installing", false, "M4.5 .5h3v4h3L6 9L1.5 4.5h3zM1 10h10v1.5h-10z"],
  ["running", false, "M2.5 .5L11 6L2.5 11.5z"],
  ["succeeded", true, "M.5 6.5L2.3 4.7L4.7 7.1L9.9 1.8L11.6 3.5L4.7 10.5z"],
  ["failed", true, "M2.3 .5L6 4.2L9.7 .5L11.5 2.3L7.8 6L11.5 9.7L9.7 11.5L6 7.8L2.3 11.5L.5 9.7L4.2 6L.5 2.3z"],
  ["cancelled", true, "M.8 .8h10.4v10.4h-10.4zM3 5v2h6v-2z"],
  ["timed_out", true, "M1.2 .5h9.6v1.8L7.2 6L10.8 9.7v1.8H1.2V9.7L4.8 6L1.2 2.3z"],
];

/** The statuses of the contract in lifecycle order. @type {readonly Status[]} */
export const STATUSES = TABLE.map(([name, terminal, shape]) => ({ name, label: name.replace("_", " "), color: `--arn-${name.replace("_", "-")}`, shape, terminal }));

const OTHER = { color: "--arn-other", terminal: false };
const NONE = { ...OTHER, name: null, label: "no status recorded", shape: "M.5 5h4.5v2H.5zM7 5h4.5v2H7z" };
const UNKNOWN_SHAPE = "M6 .3L11.7 6L6 11.7L.3 6zM6 3.3L3.3 6L6 8.7L8.7 6z";
const BY_NAME = new Map(STATUSES.map((status) => [status.name, status]));

/**
 * The look of a status as it stands in a record; one that we do not know is neutral and not terminal.
 * @param {string | null | undefined} name
 * @returns {Status}
 */
export function describe(name) {
  if (name === null || name === undefined) return NONE;
  return BY_NAME.get(name) ?? { ...OTHER, name, label: `unknown status: ${visible(name) || "(empty)"}`, shape: UNKNOWN_SHAPE };
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

/**
 * Text in which control, zero-width and direction characters are seen instead of obeyed.
 * @param {string} text
 * @returns {string}
 */
export const visible = (text) =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? "\u2421" : `\u2039U+${code.toString(16).toUpperCase().padStart(4, "0")}\u203a`;
  });
