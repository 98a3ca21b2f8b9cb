/** How long the runs that are shown took after their start, over when they were created. */
import { colourReader, watchTheme } from "../base/colours.mjs";
import { h } from "../base/dom.mjs";
import { countOf } from "../base/numbers.mjs";
import { isoText } from "../base/times.mjs";
import { showTip } from "../base/tip.mjs";
import { clicked } from "../runs/selection.mjs";
import { oneOfEachPlace } from "./crowd.mjs";
import { wayOf } from "./keyboard.mjs";
import { paintMarks, paintScene, sizeOf } from "./paint.mjs";
import { listenToPointer } from "./pointer.mjs";
import { NO_POINTS, pointsOf, within } from "./points.mjs";
import { createScale } from "./scale.mjs";
import { emptyWords, mediansTable, notes, runLines } from "./words.mjs";

/**
 * What the picture shows now.
 * @typedef {object} Look
 * @property {import("./points.mjs").Points} points
 * @property {import("./paint.mjs").Scene | null} scene  null until it is drawn
 * @property {number} active  the place that the keyboard is at, -1 for none
 * @property {import("./scale.mjs").Box | null} drag  the box that is being drawn
 */

/** Room for the words of the axes. */
const MARGIN = { left: 64, right: 14, top: 14, bottom: 34 };
const LEAST_HEIGHT = 160;
const HELP =
  "Left and right go from run to run by time, up and down to the next longer and shorter one, Enter chooses, Escape clears.";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(rows: number[]) => void} options.onChoose  a person chose rows
 * @param {(filter: import("../runs/filter.mjs").Filter) => void} options.onFilter  a person wants to see fewer runs
 * @returns {{element: HTMLElement, corner: HTMLElement}} `corner` is the line under the picture
 */
export function createDurations(store, { signal, onChoose, onFilter }) {
  const { state } = store;
  /** @type {Look} */
  const look = { points: NO_POINTS, scene: null, active: -1, drag: null };
  const base = h("canvas", { "aria-hidden": "true" });
  const marks = h("canvas", {
    tabindex: "0",
    role: "application",
    "aria-roledescription": "scatter plot",
    "data-testid": "arn-durations-canvas",
  });
  const tip = h("div", { class: "arn-tl-tooltip", hidden: true });
  const live = h("div", { class: "arn-offsight", "aria-live": "polite" });
  const table = h("div", "arn-offsight");
  const picture = h("div", "arn-du-picture", base, marks, tip);
  const empty = h("p", "arn-hint");
  const note = h("p");
  const corner = h("div", "arn-wb-foot arn-tl-foot", note);
  const element = h(
    "div",
    { class: "arn-durations", "data-testid": "arn-durations" },
    picture,
    empty,
    corner,
    live,
    table,
  );
  const readColours = colourReader(element);
  /** Whether the points have to be found anew, and whether they have to be drawn anew. */
  let isUnknown = true;
  let isStale = true;
  let nextFrame = 0;

  /** Where the picture is not on the screen, it is laid out when it comes there. */
  function takeData() {
    isUnknown = element.clientWidth === 0;
    if (isUnknown) return;
    const row = look.points.rows[look.active];
    look.points = pointsOf(state);
    look.active = row === undefined ? -1 : look.points.rows.indexOf(row);
    const { length } = look.points.rows;
    picture.hidden = length === 0;
    empty.hidden = length > 0;
    empty.textContent = emptyWords(look.points);
    note.textContent = notes(look.points, false);
    marks.setAttribute(
      "aria-label",
      `How long ${countOf(length)} took after their start, over when they were created. ${HELP}`,
    );
    table.replaceChildren(mediansTable(look.points));
    renew();
  }

  /** Draws all anew. */
  function renew() {
    isStale = true;
    redraw();
  }

  /** Draws with the next frame, once for however many changes. */
  function redraw() {
    nextFrame ||= requestAnimationFrame(draw);
  }

  function draw() {
    nextFrame = 0;
    if (signal.aborted || picture.clientWidth === 0 || !look.points.rows.length) return;
    if (isStale || !look.scene) drawScene();
    const ctx = contextOf(marks, picture);
    if (ctx && look.scene) paintMarks(ctx, look.scene, { ...look, chosen: chosenPlaces() });
  }

  function drawScene() {
    isStale = false;
    const { points } = look;
    const width = picture.clientWidth;
    const height = heightOf(picture);
    const box = {
      left: MARGIN.left,
      right: width - MARGIN.right,
      top: MARGIN.top,
      bottom: height - MARGIN.bottom,
    };
    const scale = createScale(points.extent, box);
    const xs = Float32Array.from(points.created, scale.x);
    const ys = Float32Array.from(points.lengths, scale.y);
    const crowd = oneOfEachPlace(xs, ys, sizeOf(xs.length), width, height);
    note.textContent = notes(points, crowd !== null);
    const colours = readColours();
    look.scene = { points, xs, ys, crowd, box, width, height, scale, zone: state.tz, colours };
    const ctx = contextOf(base, picture);
    if (ctx) paintScene(ctx, look.scene);
  }

  /** The places of the chosen runs that are in the picture. */
  function chosenPlaces() {
    const chosen = new Set(state.chosen);
    const found = [];
    const { rows } = look.points;
    for (let place = 0; chosen.size && place < rows.length; place++)
      if (chosen.has(rows[place])) found.push(place);
    return found;
  }

  /** @param {string} sentence to a screen reader */
  function say(sentence) {
    live.textContent = sentence;
  }

  /** @param {number} place */
  function goTo(place) {
    look.active = place;
    say(runLines(state, look.points, place).join(", "));
    redraw();
  }

  /** @param {number} place @param {boolean} isToggle whether what is chosen stays */
  function choose(place, isToggle) {
    goTo(place);
    const modifiers = { isToggle, isRange: false, anchor: -1 };
    onChoose(clicked(look.points.rows, place, { ...modifiers, chosen: state.chosen }).chosen);
  }

  /** @param {number} place -1 for none @param {import("./pointer.mjs").Point} point */
  function hover(place, { x, y }) {
    tip.hidden = place < 0;
    marks.classList.toggle("arn-pointing", place >= 0);
    if (place >= 0) showTip(tip, runLines(state, look.points, place), x, y);
  }

  /** Chooses what is in a box, and leaves the runs of its time alone. @param {import("./scale.mjs").Box} box */
  function filter(box) {
    const { points, scene } = look;
    const rows = scene ? within(scene.xs, scene.ys, box).map((place) => points.rows[place]) : [];
    if (!scene || !rows.length) return say("No runs there.");
    const since = isoText(Math.floor(scene.scale.time(box.left)));
    const until = isoText(Math.ceil(scene.scale.time(box.right)));
    onFilter({ ...state.filter, since, until });
    onChoose(rows);
    say(`${countOf(rows.length)} chosen.`);
  }

  /** The first arrow leads to what is chosen, else to the newest run. */
  const firstPlace = () => chosenPlaces()[0] ?? look.points.rows.length - 1;

  /** @param {KeyboardEvent} event */
  function press(event) {
    const { key, altKey, ctrlKey, metaKey } = event;
    const { points, active } = look;
    const isFirst = active < 0 && key.startsWith("Arrow");
    const next = wayOf(key, active, points);
    if (altKey || !(next >= 0 || key === "Enter" || key === "Escape")) return;
    event.preventDefault();
    event.stopPropagation();
    if (next >= 0) goTo(isFirst ? firstPlace() : next);
    else if (key === "Enter") active >= 0 && choose(active, ctrlKey || metaKey);
    else if (!stopDragging()) clear();
  }

  function clear() {
    look.active = -1;
    onChoose([]);
    say("Nothing is chosen.");
  }

  const stopDragging = listenToPointer(marks, look, { hover, choose, filter, redraw });
  marks.addEventListener("keydown", press);
  const resized = new ResizeObserver(() => (isUnknown ? takeData() : renew()));
  resized.observe(element);
  watchTheme(renew, signal);
  signal.addEventListener("abort", () => {
    resized.disconnect();
    cancelAnimationFrame(nextFrame);
  });
  // Where a run is drawn cannot be seen from outside of a canvas; those who test the page ask here.
  Object.defineProperty(marks, "arnLocate", { value: locate });

  /** @param {number} row */
  function locate(row) {
    const place = look.points.rows.indexOf(row);
    return look.scene && place >= 0 ? { x: look.scene.xs[place], y: look.scene.ys[place] } : null;
  }

  store.watch(["data", "renewed", "shown", "names"], takeData, signal);
  store.watch(["chosen"], redraw, signal);
  store.watch(["tz"], renew, signal);
  return { element, corner };
}

/** @param {HTMLElement} picture */
const heightOf = (picture) => Math.max(LEAST_HEIGHT, picture.clientHeight);

/** A canvas in the size of its place; one that is given its size anew is empty. @param {HTMLCanvasElement} canvas @param {HTMLElement} picture */
function contextOf(canvas, picture) {
  const width = Math.round(picture.clientWidth * devicePixelRatio);
  const height = Math.round(heightOf(picture) * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const ctx = canvas.getContext("2d");
  ctx?.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return ctx;
}
