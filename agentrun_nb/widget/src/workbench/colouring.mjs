/** By which column the timeline colours its runs: the choice and the legend, on a line over the picture. */
import { shadeName } from "../base/colours.mjs";
import { h } from "../base/dom.mjs";
import { shortText, visible } from "../base/text.mjs";
import { lastStep } from "../json/path.mjs";
import { shadingOf } from "../runs/shades.mjs";
import { legendOf } from "./legend.mjs";

/** @typedef {import("../runs/shades.mjs").Shading} Shading */
/** @typedef {import("../runs/values.mjs").Values} Values */

const LONGEST = 30;
const COLOUR = /^#[0-9a-f]{6}$/;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{signal: AbortSignal, timeline: import("../timeline/timeline.mjs").Timeline, root: HTMLElement, onChange: () => void}} options `root` is the element of the timeline; `onChange` is called when runs have other colours
 */
export function createColouring(store, { signal, timeline, root, onChange }) {
  const { state } = store;
  const list = h("select", { "data-testid": "arn-colour", title: "Colour the runs by a column" });
  const choice = h("label", "arn-tl-by", "Colour ", list);
  const legend = h("div", {
    class: "arn-line-up",
    role: "group",
    "aria-label": "Colours",
    "data-testid": "arn-legend",
  });
  const line = h("div", "arn-line-up", choice, legend);
  /** Null: the runs have the colours of their statuses. @type {Shading | null} */
  let shading = null;
  /** The column that gives the colours; the picture says to the kernel which it is. @type {string | null} */
  let taken = null;
  /** Its values. @type {Values | undefined} */
  let values;

  /** @param {string | null} colour */
  function showChoice(colour) {
    const option = (/** @type {string} */ value, /** @type {string} */ words) =>
      h("option", { value, title: visible(value) }, words);
    const paths = state.columns.map((path) => option(path, shortText(lastStep(path), LONGEST)));
    list.replaceChildren(option("", "status"), ...paths);
    list.value = colour ?? "";
    line.hidden = !state.columns.length;
  }

  function takeColour() {
    const colour = state.columns.find((path) => path === state.colour) ?? null;
    showChoice(colour);
    const found = colour === null ? undefined : state.values.get(colour);
    if (colour !== null && !found) writeProblem(colour);
    if (colour === taken && found === values) return;
    taken = colour;
    values = found;
    shading = colour !== null && found ? shadingOf(colour, found) : null;
    if (shading) setShades(root, shading.parts);
    onChange();
  }

  /** @param {string} path */
  function writeProblem(path) {
    legend.textContent = visible(state.problems.get(path) ?? "");
  }

  list.addEventListener("change", () => store.change({ colour: list.value || null }));
  store.watch(["columns", "colour", "values", "problems"], takeColour, signal);
  timeline.tools.after(line);
  return {
    takeColour,
    /** The colours of the runs shown, as a timeline takes them. */
    shades() {
      legend.replaceChildren(...(shading ? legendOf(shading, state.shown) : []));
      if (!shading) return {};
      const { codes, parts } = shading;
      return {
        shades: Uint8Array.from(state.shown, (row) => codes[row]),
        blank: parts.length,
      };
    },
  };
}

/** Gives an element, and all in it, the colours of the parts of a column. @param {HTMLElement} root @param {Shading["parts"]} parts */
function setShades(root, parts) {
  parts.forEach(({ colour: [light, dark] }, place) => {
    if (COLOUR.test(light) && COLOUR.test(dark))
      root.style.setProperty(shadeName(place), `light-dark(${light}, ${dark})`);
  });
}
