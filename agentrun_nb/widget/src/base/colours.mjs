/** The colours of the page as a canvas can use them. */

import { h } from "./dom.mjs";
import { THEME_ATTRIBUTES } from "./host.mjs";
import { LOOKS } from "./status.mjs";

/** @typedef {{text: string, muted: string, grid: string, background: string, accent: string, font: string, looks: string[], shades: string[]}} Colours */

const ROLES = ["--arn-ink", "--arn-dim", "--arn-edge", "--arn-paper", "--arn-accent"];
/** So many colours can stand for values of a column. */
const MOST_SHADES = 10;

/** The property with the colour of a part of a column. @param {number} place */
export const shadeName = (place) => `--arn-shade-${place}`;

/**
 * An unseen element that lets the browser work the style sheet's colours out, theme and forced colours included.
 * @param {Element} root
 * @returns {() => Colours}
 */
export function colourReader(root) {
  const shadeNames = Array.from({ length: MOST_SHADES }, (_, place) => shadeName(place));
  const properties = [...ROLES, ...LOOKS.map(({ color }) => color), ...shadeNames];
  const swatches = properties.map((property) => {
    const swatch = h("i");
    swatch.style.color = `var(${property})`;
    return swatch;
  });
  root.append(h("span", { class: "arn-swatches", hidden: true }, ...swatches));
  return () => {
    const [text, muted, grid, background, accent, ...others] = swatches.map(
      (swatch) => getComputedStyle(swatch).color,
    );
    const looks = others.splice(0, LOOKS.length);
    const font = getComputedStyle(root).fontFamily;
    return { text, muted, grid, background, accent, looks, shades: others, font };
  };
}

/**
 * Calls back when the theme of the page, the system's colours or the pixels of the screen change.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export function watchTheme(changed, signal) {
  const observer = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body])
    observer.observe(element, { attributeFilter: THEME_ATTRIBUTES });
  signal.addEventListener("abort", () => observer.disconnect());
  for (const query of [
    "(prefers-color-scheme: dark)",
    "(forced-colors: active)",
    `(resolution: ${devicePixelRatio}dppx)`,
  ]) {
    matchMedia(query).addEventListener("change", changed, { signal });
  }
}
