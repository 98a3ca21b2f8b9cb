/** The colours of the page as a canvas can use them. */

import { h } from "../base/dom.mjs";
import { LOOKS } from "../base/status.mjs";

/** @typedef {{text: string, muted: string, grid: string, background: string, accent: string, font: string, looks: string[], vivid: string[]}} Colours */

/** How much of its colour a run keeps that the legend does not bring out. */
const PALE = "30%";
const ROLES = ["--arn-ink", "--arn-dim", "--arn-edge", "--arn-paper", "--arn-accent"];

/**
 * An unseen element that lets the browser work the style sheet's colours out, theme and forced colours included.
 * @param {Element} root
 * @returns {(highlighted: Set<number>) => Colours} where some looks are highlighted, the others are pale; in `vivid` none is
 */
export function colourReader(root) {
  const vivid = LOOKS.map(({ color }) => `var(${color})`);
  const pale = vivid.map((colour) => `color-mix(in srgb, ${colour} ${PALE}, var(--arn-paper))`);
  const swatches = [...ROLES.map((role) => `var(${role})`), ...vivid, ...pale].map((colour) => {
    const swatch = h("i");
    swatch.style.color = colour;
    return swatch;
  });
  root.append(h("span", { class: "arn-swatches", hidden: true }, ...swatches));
  return (highlighted) => {
    const [text, muted, grid, background, accent, ...both] = swatches.map(
      (swatch) => getComputedStyle(swatch).color,
    );
    const looks = LOOKS.map(
      (_, look) => both[highlighted.size && !highlighted.has(look) ? LOOKS.length + look : look],
    );
    return {
      text,
      muted,
      grid,
      background,
      accent,
      looks,
      vivid: both,
      font: getComputedStyle(root).fontFamily,
    };
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
    observer.observe(element, {
      attributeFilter: [
        "class",
        "style",
        "data-jp-theme-light",
        "data-jp-theme-name",
        "data-theme",
      ],
    });
  signal.addEventListener("abort", () => observer.disconnect());
  for (const query of [
    "(prefers-color-scheme: dark)",
    "(forced-colors: active)",
    `(resolution: ${devicePixelRatio}dppx)`,
  ]) {
    matchMedia(query).addEventListener("change", changed, { signal });
  }
}
