/** Pointer, wheel and keys on the canvas, turned into what they ask for. */

import { OVERVIEW, scaleOf } from "./timeline-layout.mjs";

/**
 * @typedef {import("./timeline-layout.mjs").Window} Window
 * @typedef {object} Asked
 * @property {() => {frame: import("./timeline-layout.mjs").Frame, window: Window, whole: Window}} view
 * @property {(window: Window) => boolean} show  false when the window stays as it was
 * @property {(factor: number, at?: number) => boolean} zoom  about an instant
 * @property {(x: number, y: number, add: boolean) => void} click
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {(range: Window | null, done: boolean) => void} range
 * @property {() => boolean} selecting  whether a plain drag selects a range
 * @property {(step: number, extend: boolean) => void} step
 * @property {(last: boolean) => void} edge
 * @property {(add: boolean) => void} choose
 * @property {() => boolean} clear  false when there was nothing to clear
 * @property {(step: 1 | -1) => void} failure
 * @property {() => void} fit
 */

const STILL = 4;
const EDGE = 6;

/** @param {HTMLCanvasElement} canvas @param {Asked} asked @param {AbortSignal} signal */
export function listen(canvas, asked, signal) {
  listenToPointer(canvas, asked, signal);
  canvas.addEventListener("wheel", (event) => onWheel(canvas, asked, event), { passive: false, signal });
  canvas.addEventListener("keydown", (event) => {
    if (!onKey(asked, event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, { signal });
}

/** @param {Window} window @param {number} by */
const moved = ({ start, end }, by) => ({ start: start + by, end: end + by });

/** @param {HTMLCanvasElement} canvas @param {Asked} asked @param {AbortSignal} signal */
function listenToPointer(canvas, asked, signal) {
  /** @type {{x: number, drag: (x: number, done: boolean) => void, far: boolean} | null} */
  let grip = null;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    grip = { x: event.offsetX, drag: grab(asked, event), far: false };
    asked.leave();
  }, { signal });
  canvas.addEventListener("pointermove", (event) => {
    if (!grip) return asked.hover(event.offsetX, event.offsetY);
    grip.far ||= Math.abs(event.offsetX - grip.x) >= STILL;
    if (grip.far) grip.drag(event.offsetX, false);
  }, { signal });
  canvas.addEventListener("pointerup", (event) => {
    if (grip?.far) grip.drag(event.offsetX, true);
    else if (grip) asked.click(event.offsetX, event.offsetY, event.ctrlKey || event.metaKey);
    grip = null;
  }, { signal });
  canvas.addEventListener("pointercancel", () => {
    grip = null;
    asked.range(null, false);
  }, { signal });
  canvas.addEventListener("pointerleave", asked.leave, { signal });
}

/** What a drag from here does. @param {Asked} asked @param {PointerEvent} event @returns {(x: number, done: boolean) => void} */
function grab(asked, event) {
  const { frame, window, whole } = asked.view();
  const x = event.offsetX;
  if (event.offsetY >= frame.overview && event.offsetY <= frame.overview + OVERVIEW) return grabOverview(asked, frame, window, whole, x);
  const scale = scaleOf(frame, window);
  const time = (/** @type {number} */ at) => window.start + (Math.min(frame.right, Math.max(frame.left, at)) - frame.left) / scale;
  if (event.shiftKey || asked.selecting()) {
    return (to, done) => asked.range({ start: Math.min(time(x), time(to)), end: Math.max(time(x), time(to)) }, done);
  }
  return (to) => void asked.show(moved(window, (x - to) / scale));
}

/** @param {Asked} asked @param {import("./timeline-layout.mjs").Frame} frame @param {Window} window @param {Window} whole @param {number} x @returns {(x: number) => void} */
function grabOverview(asked, frame, window, whole, x) {
  const scale = scaleOf(frame, whole);
  const time = (/** @type {number} */ at) => whole.start + (at - frame.left) / scale;
  const pixel = (/** @type {number} */ at) => frame.left + (at - whole.start) * scale;
  if (Math.abs(x - pixel(window.start)) <= EDGE) return (to) => void asked.show({ start: Math.min(time(to), window.end - 1), end: window.end });
  if (Math.abs(x - pixel(window.end)) <= EDGE) return (to) => void asked.show({ start: window.start, end: Math.max(time(to), window.start + 1) });
  const inside = time(x) >= window.start && time(x) <= window.end;
  const held = inside ? window : moved(window, time(x) - (window.start + window.end) / 2);
  return (to) => void asked.show(moved(held, (to - x) / scale));
}

/** @param {HTMLCanvasElement} canvas @param {Asked} asked @param {WheelEvent} event */
function onWheel(canvas, asked, event) {
  const focused = /** @type {Document | ShadowRoot} */ (canvas.getRootNode()).activeElement === canvas;
  if (!focused && !event.ctrlKey && !event.metaKey) return;
  const { frame, window } = asked.view();
  const scale = scaleOf(frame, window);
  const unit = event.deltaMode === 0 ? 1 : 16;
  const sideways = event.shiftKey ? event.deltaX || event.deltaY : event.deltaX;
  const pans = event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY);
  const changed = pans
    ? asked.show(moved(window, (sideways * unit) / scale))
    : asked.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY * unit)) / 300), window.start + (Math.max(frame.left, event.offsetX) - frame.left) / scale);
  if (changed || event.ctrlKey || event.metaKey) event.preventDefault();
}

/** @param {Asked} asked @param {KeyboardEvent} event @returns {boolean} whether the key was one of ours */
function onKey(asked, event) {
  const add = event.ctrlKey || event.metaKey;
  const { window } = asked.view();
  const page = (window.end - window.start) * 0.9;
  /** @type {Record<string, () => unknown>} */
  const keys = {
    ArrowRight: () => asked.step(1, event.shiftKey), ArrowDown: () => asked.step(1, event.shiftKey),
    ArrowLeft: () => asked.step(-1, event.shiftKey), ArrowUp: () => asked.step(-1, event.shiftKey),
    PageDown: () => asked.show(moved(window, page)), PageUp: () => asked.show(moved(window, -page)),
    Home: () => asked.edge(false), End: () => asked.edge(true),
    Enter: () => asked.choose(add), " ": () => asked.choose(add), Escape: () => asked.clear(),
    "+": () => asked.zoom(0.5), "=": () => asked.zoom(0.5), "-": () => asked.zoom(2), _: () => asked.zoom(2), 0: asked.fit,
    n: () => asked.failure(1), p: () => asked.failure(-1),
  };
  if (event.altKey || (add && event.key !== "Enter" && event.key !== " ") || !Object.hasOwn(keys, event.key)) return false;
  return keys[event.key]() !== false || event.key !== "Escape";
}
