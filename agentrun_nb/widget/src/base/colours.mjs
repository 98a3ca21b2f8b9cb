/** The colours of the page as a canvas can use them. */

import { h } from "./dom.mjs";
import { THEME_ATTRIBUTES } from "./host.mjs";
import { LOOKS } from "./status.mjs";

/** @typedef {{text: string, muted: string, grid: string, background: string, accent: string, font: string, looks: string[]}} Colours */

const ROLES = ["--arn-ink", "--arn-dim", "--arn-edge", "--arn-paper", "--arn-accent"];

/**
 * An unseen element that lets the browser work the style sheet's colours out, theme and forced colours included.
 * @param {Element} root
 * @returns {() => Colours}
 */
export function colourReader(root) {
  const properties = [...ROLES, ...LOOKS.map(({ color }) => color)];
  const swatches = properties.map((property) => {
    const swatch = h("i");
    swatch.style.color = `var(${property})`;
    return swatch;
  });
  root.append(h("span", { class: "arn-swatches", hidden: true }, ...swatches));
  return () => {
    const [text, muted, grid, background, accent, ...looks] = swatches.map(
      (swatch) => getComputedStyle(swatch).color,
    );
    const font = getComputedStyle(root).fontFamily;
    return { text, muted, grid, background, accent, looks, font };
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
