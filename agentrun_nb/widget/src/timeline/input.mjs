/** Pointer, wheel and keys on the canvas, turned into commands. */

import { axisPlaceOf, xOf } from "./layout.mjs";

/**
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./view.mjs").Scene} Scene
 * @typedef {object} Commands
 * @property {() => Scene} scene
 * @property {(window: Window) => boolean} show  false when the window stays as it was
 * @property {(factor: number, at?: number) => boolean} zoom  about an instant
 * @property {(x: number, y: number, add: boolean) => void} click
 * @property {(x: number, y: number) => void} hover
 * @property {() => void} leave
 * @property {(range: Window | null, done: boolean) => void} range
 * @property {() => boolean} isSelecting  whether a plain drag selects a range
 * @property {Record<string, (event: KeyboardEvent) => unknown>} keys  by key; false: not used
 */

const STILL = 4;
const EDGE = 6;
const LINE = 16;
const STEP = 120;

/** @param {HTMLCanvasElement} canvas @param {Commands} commands @param {AbortSignal} signal */
export function listen(canvas, commands, signal) {
  /** @type {{x: number, drag: (x: number, done: boolean) => void, far: boolean} | null} */
  let grip = null;
  /** Where the fingers are that touch the canvas. @type {Map<number, number>} */
  const fingers = new Map();
  /** @type {<K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) => void} */
  const on = (type, listener) =>
    canvas.addEventListener(type, listener, { signal, passive: false });
  on("pointerdown", (event) => {
    if (event.button) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event.offsetX);
    grip = fingers.size > 1 ? null : { x: event.offsetX, drag: grab(commands, event), far: false };
    commands.leave();
  });
  on("pointermove", ({ pointerId, offsetX, offsetY }) => {
    if (fingers.size === 2 && fingers.has(pointerId))
      return pinch(commands, fingers, pointerId, offsetX);
    if (!grip) return commands.hover(offsetX, offsetY);
    grip.far ||= Math.abs(offsetX - grip.x) >= STILL;
    if (grip.far) grip.drag(offsetX, false);
  });
  on("pointerup", ({ pointerId, offsetX, offsetY, ctrlKey, metaKey }) => {
    fingers.delete(pointerId);
    if (grip?.far) grip.drag(offsetX, true);
    else if (grip) commands.click(offsetX, offsetY, ctrlKey || metaKey);
    grip = null;
  });
  on("pointercancel", ({ pointerId }) => {
    fingers.delete(pointerId);
    grip = null;
    commands.range(null, false);
  });
  on("pointerleave", commands.leave);
  on("wheel", (event) => onWheel(canvas, commands, event));
  on("keydown", (event) => {
    const { key, altKey, ctrlKey, metaKey } = event;
    const ours =
      Object.hasOwn(commands.keys, key) && !altKey && (key === "Enter" || !(ctrlKey || metaKey));
    if (!ours || commands.keys[key](event) === false) return;
    event.preventDefault();
    event.stopPropagation();
  });
}

/** @param {Window} window @param {number} by @returns {Window} */
export const moved = ({ start, end }, by) => ({ start: start + by, end: end + by });

/** What a drag from here does. @param {Commands} commands @param {PointerEvent} event @returns {(x: number, done: boolean) => void} */
function grab(commands, { offsetX: x, offsetY, shiftKey }) {
  const { frame, window, whole } = commands.scene();
  if (offsetY >= frame.overview) return grabOverview(commands, frame, window, whole, x);
  const time = axisPlaceOf(frame, window);
  if (!shiftKey && !commands.isSelecting())
    return (to) => commands.show(moved(window, time(x) - time(to)));
  const inside = (/** @type {number} */ at) =>
    time(Math.min(frame.right, Math.max(frame.left, at)));
  return (to, done) =>
    commands.range({ start: inside(Math.min(x, to)), end: inside(Math.max(x, to)) }, done);
}

/** Two fingers hold their instants. @param {Commands} commands @param {Map<number, number>} fingers @param {number} moved the one that goes to x @param {number} x */
function pinch({ scene, show }, fingers, moved, x) {
  const { frame, window } = scene();
  const before = [...fingers.values()].map(axisPlaceOf(frame, window));
  const [a, b] = fingers.set(moved, x).values();
  if (Math.abs(b - a) < EDGE) return;
  const scale = (before[1] - before[0]) / (b - a);
  if (scale > 0)
    show({
      start: before[0] - (a - frame.left) * scale,
      end: before[0] + (frame.right - a) * scale,
    });
}

/** @param {Commands} commands @param {Scene["frame"]} frame @param {Window} window @param {Window} whole @param {number} x @returns {(x: number) => void} */
function grabOverview({ show }, frame, window, whole, x) {
  const { start, end } = window;
  const time = axisPlaceOf(frame, whole);
  const near = (/** @type {number} */ at) => Math.abs(xOf(frame, whole)(at) - x) <= EDGE;
  if (near(start)) return (to) => show({ start: Math.min(time(to), end - 1), end });
  if (near(end)) return (to) => show({ start, end: Math.max(time(to), start + 1) });
  const grabbed =
    time(x) > start && time(x) < end ? window : moved(window, time(x) - (start + end) / 2);
  return (to) => show(moved(grabbed, time(to) - time(x)));
}

/** The wheel zooms where the canvas has the focus and nothing is to be scrolled in it, or with ctrl or meta; else the page scrolls. @param {HTMLCanvasElement} canvas @param {Commands} commands @param {WheelEvent} event */
function onWheel(canvas, commands, event) {
  const { ctrlKey, metaKey, shiftKey, deltaX, deltaY, deltaMode, offsetX } = event;
  const hasModifier = ctrlKey || metaKey;
  if (
    !hasModifier &&
    /** @type {Document | ShadowRoot} */ (canvas.getRootNode()).activeElement !== canvas
  )
    return;
  const { frame, window, lift } = commands.scene();
  const time = axisPlaceOf(frame, window);
  const isScrolled = lift > 0 && !hasModifier && !shiftKey && Math.abs(deltaX) <= Math.abs(deltaY);
  if (isScrolled) return;
  const unit = deltaMode ? LINE : 1;
  const sideways = shiftKey || Math.abs(deltaX) > Math.abs(deltaY);
  const turn = Math.max(-STEP, Math.min(STEP, deltaY * unit));
  const changed = sideways
    ? commands.show(moved(window, time((deltaX || deltaY) * unit) - time(0)))
    : commands.zoom(Math.exp(turn / 300), time(Math.max(frame.left, offsetX)));
  if (changed || hasModifier) event.preventDefault();
}
