/** What the colours of a column mean, and how many of the runs shown have each. */
import { shadeName } from "../base/colours.mjs";
import { h } from "../base/dom.mjs";
import { formatCount } from "../base/numbers.mjs";
import { shortText } from "../base/text.mjs";
import { countParts } from "../runs/shades.mjs";

const LONGEST = 40;
const FILLED = "■";
const HOLLOW = "□";

/**
 * @param {import("../runs/shades.mjs").Shading} shading
 * @param {Uint32Array} rows  those that are shown
 * @returns {HTMLElement[]}
 */
export function legendOf(shading, rows) {
  const { parts, edges, isLogarithmic } = shading;
  const counts = countParts(shading, rows);
  const missing = counts[parts.length];
  const keys = parts.map(({ label }, place) => {
    const count = formatCount(counts[place]);
    // Of a scale the ends are read, and what lies between is pointed at.
    const words = edges.length
      ? [h("span", "arn-offsight", `${label}: ${count} `)]
      : [` ${label} `, h("b", {}, count)];
    const key = h("span", {}, mark(FILLED, place), ...words);
    key.title = `${label}: ${count}`;
    return key;
  });
  const [low, high] = edges.map((text) => shortText(text, LONGEST));
  const scale = h("span", {}, `${low} `, ...keys, ` ${high}`, isLogarithmic && " (log scale)");
  return [
    ...(edges.length ? [scale] : keys),
    missing > 0 && h("span", {}, HOLLOW, " no value ", h("b", {}, formatCount(missing))),
  ].filter((part) => part !== false);
}

/** @param {string} shape @param {number} place of the part */
function mark(shape, place) {
  const element = h("span", { "aria-hidden": "true" }, shape);
  element.style.color = `var(${shadeName(place)})`;
  // The colour is what it says, so it stays where others are forced.
  element.style.forcedColorAdjust = "none";
  return element;
}
