/** What the pointer does on the picture: a click chooses a run, a drag draws a box. */
import { nearest } from "./points.mjs";

/**
 * @typedef {import("./scale.mjs").Box} Box
 * @typedef {{x: number, y: number}} Point
 * @typedef {object} Commands
 * @property {(place: number, point: Point) => void} hover  -1 where no run is near
 * @property {(place: number, isToggle: boolean) => void} choose
 * @property {(box: Box) => void} filter  by a box that was drawn
 * @property {() => void} redraw
 */

/** So near to a point counts as on it. */
const REACH = 12;
/** A pointer that goes less far has not dragged. */
const STILL = 4;

/**
 * @param {HTMLCanvasElement} canvas @param {import("./durations.mjs").Look} look @param {Commands} commands
 * @returns {() => boolean} breaks a drag off, and says whether there was one
 */
export function listenToPointer(canvas, look, { hover, choose, filter, redraw }) {
  /** Where the pointer went down. @type {Point | null} */
  let grip = null;

  /** @param {Point} point @returns {number} the place under it, -1 where there is none */
  function under({ x, y }) {
    return look.scene ? nearest(look.scene.xs, look.scene.ys, x, y, REACH) : -1;
  }

  function stop() {
    const wasDown = grip !== null;
    grip = look.drag = null;
    redraw();
    return wasDown;
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    grip = pointOf(event);
    hover(-1, grip);
  });
  canvas.addEventListener("pointermove", (event) => {
    const point = pointOf(event);
    if (!grip) return hover(under(point), point);
    const isFar = Math.hypot(point.x - grip.x, point.y - grip.y) >= STILL;
    if (look.drag || isFar) look.drag = boxBetween(grip, point);
    redraw();
  });
  canvas.addEventListener("pointerup", (event) => {
    const box = look.drag;
    if (!stop()) return;
    if (box) return filter(box);
    const place = under(pointOf(event));
    if (place >= 0) choose(place, event.ctrlKey || event.metaKey || event.shiftKey);
  });
  canvas.addEventListener("pointercancel", stop);
  canvas.addEventListener("pointerleave", (event) => hover(-1, pointOf(event)));
  return stop;
}

/** @param {PointerEvent} event @returns {Point} */
const pointOf = ({ offsetX, offsetY }) => ({ x: offsetX, y: offsetY });

/** @param {Point} a @param {Point} b @returns {Box} */
const boxBetween = (a, b) => ({
  left: Math.min(a.x, b.x),
  right: Math.max(a.x, b.x),
  top: Math.min(a.y, b.y),
  bottom: Math.max(a.y, b.y),
});
