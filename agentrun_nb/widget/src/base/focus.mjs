/** Keeping the keyboard focus: what is drawn anew hands it to what stands in its place, so that nobody who uses keys is thrown out of the view. */
import { meanings } from "./dom.mjs";

const TAKES_FOCUS = "button, select, input, summary, [tabindex]";
/** So long, in ms, something may be in coming that is drawn anew. After that it is gone. */
const PATIENCE_MS = 5000;

/**
 * What has the focus, or had it when it was taken out of the page.
 * @typedef {object} Held
 * @property {HTMLElement} element
 * @property {string} name  what is drawn in its place has the same
 * @property {number} at  its place among those of that name
 * @property {HTMLElement[]} around  the elements it stands in, from the inside out
 */

/** What an element is and says, but for numbers, which change. @param {Element} element */
function nameOf(element) {
  const { localName, role, ariaLabel } = element;
  // What stands in a box are not words of its own.
  const words = localName === "div" ? "" : element.textContent;
  const said = meanings.get(element) ?? ariaLabel ?? words;
  return `${localName} ${role} ${said}`.replace(/[\d.,]+/g, "#");
}

/** @param {HTMLElement} root the view in which the focus is kept @param {AbortSignal} signal the end of the keeping */
export function keepFocus(root, signal) {
  /** @type {Held | null} */
  let held = null;
  let lostAt = 0;

  /** @param {string} name */
  function called(name) {
    const all = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(TAKES_FOCUS));
    return [...all].filter((element) => nameOf(element) === name);
  }

  const isLost = () => held && !held.element.isConnected;
  /** What has the focus while the other is gone. */
  const standIn = () => held?.around.find((one) => one.isConnected && one.matches("[tabindex]"));

  function restore() {
    if (!held || !isLost()) return;
    lostAt ||= performance.now();
    const { activeElement } = /** @type {Document | ShadowRoot} */ (root.getRootNode());
    const isElsewhere =
      activeElement && activeElement !== document.body && activeElement !== standIn();
    if (isElsewhere || performance.now() - lostAt > PATIENCE_MS) return void (held = null);
    const found = called(held.name);
    const next = found[held.at] ?? found.at(-1) ?? standIn();
    next?.focus({ preventScroll: true });
  }

  root.addEventListener("focusin", (event) => {
    const path = /** @type {HTMLElement[]} */ (event.composedPath());
    const [element, ...around] = path.slice(0, path.indexOf(root));
    if (isLost() && element === standIn()) return;
    const name = nameOf(element);
    held = { element, name, at: called(name).indexOf(element), around };
    lostAt = 0;
  });
  root.addEventListener("focusout", ({ target }) => {
    // What is taken out of the page is not left by a person.
    setTimeout(() => {
      if (held?.element === target && !isLost() && !held.element.matches(":focus")) held = null;
    });
  });
  const observer = new MutationObserver(restore);
  observer.observe(root, { childList: true, subtree: true });
  signal.addEventListener("abort", () => observer.disconnect());
}
