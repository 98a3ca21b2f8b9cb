/**
 * What a status looks like: words, colour and shape. A status is never told by its colour alone.
 *
 * @typedef {import("../protocol.mjs").Look & {name: string | null, color: string, terminal: boolean, succeeded: boolean, failed: boolean, waiting: boolean, retained: boolean}} Status
 *   `color` names a CSS custom property that `setColours` sets, `shape` is path data in a box of 12 by 12, filled evenodd.
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

const COLOUR = /^#[0-9a-f]{6}$/;

/** Looks by their place: the known statuses in lifecycle order, any unknown one, none. @type {readonly Status[]} */
export let LOOKS = [];
/** The place of the look of all unknown statuses; that of none comes after it. */
export let UNKNOWN = 0;
/** Places of looks from the ground of a stack to its top: the worst lies on top. @type {readonly number[]} */
export let STACK = [];
/** @type {Map<string, number>} */
let placeOf = new Map();

/** Takes what Python knows of statuses. @param {import("./head.mjs").Head} head */
export function learnStatuses({ statuses, unknown, none, stack }) {
  const plain = {
    terminal: false,
    succeeded: false,
    failed: false,
    waiting: false,
    retained: false,
  };
  LOOKS = [...statuses, { ...plain, ...unknown, name: "" }, { ...plain, ...none, name: null }].map(
    (look) => ({ ...look, color: `--arn-${(look.name || "other").replaceAll("_", "-")}` }),
  );
  UNKNOWN = statuses.length;
  STACK = stack;
  placeOf = new Map(statuses.map(({ name }, place) => [name, place]));
}

/** Gives an element, and all in it, the colours of the looks. @param {HTMLElement} root */
export function setColours(root) {
  for (const { color, light, dark } of LOOKS)
    if (COLOUR.test(light) && COLOUR.test(dark))
      root.style.setProperty(color, `light-dark(${light}, ${dark})`);
}

/** @param {string | null | undefined} name @returns {number} the place of its look */
export function lookOf(name) {
  if (name === null || name === undefined) return UNKNOWN + 1;
  return placeOf.get(name) ?? UNKNOWN;
}

/** @param {number} place @returns {boolean} */
export const isFailure = (place) => LOOKS[place].failed;

/**
 * The look of a status as it stands in a record; one that we do not know is neutral and not terminal.
 * @param {string | null | undefined} name
 * @returns {Status}
 */
export function describe(name) {
  const place = lookOf(name);
  const look = LOOKS[place];
  if (place !== UNKNOWN) return look;
  return { ...look, name: name ?? "", label: `${look.label}: ${visible(name ?? "") || "(empty)"}` };
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
