/** The words beside what the pointer is at. */
import { h } from "./dom.mjs";

/** @param {HTMLElement} tip @param {string[]} lines @param {number} x @param {number} y */
export function showTip(tip, lines, x, y) {
  const around = /** @type {HTMLElement} */ (tip.parentElement);
  tip.replaceChildren(...lines.map((line) => h("div", {}, line)));
  tip.hidden = false;
  const below = y + 16 + tip.offsetHeight <= around.clientHeight;
  tip.style.left = `${Math.max(0, Math.min(around.clientWidth - tip.offsetWidth, x + 12))}px`;
  tip.style.top = `${below ? y + 16 : Math.max(0, y - tip.offsetHeight - 10)}px`;
}
