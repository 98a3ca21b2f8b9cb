/** The timeline of many runs on one canvas: its parts put together, and when it is drawn. */

import { h } from "../base/dom.mjs";
import { createAnnouncer } from "./announce.mjs";
import { createArrangement } from "./arrangement.mjs";
import { colourReader, watchTheme } from "./colours.mjs";
import { elements, fillTable } from "./elements.mjs";
import { locate } from "./hits.mjs";
import { listen } from "./input.mjs";
import { createNavigation } from "./navigation.mjs";
import { paint } from "./paint.mjs";
import { createPointer } from "./pointer.mjs";
import { createSelection } from "./selection.mjs";
import { createState, highlightedStatuses, takeData, takeZone } from "./state.mjs";

/**
 * @typedef {import("./model.mjs").TimelineData} TimelineData
 * @typedef {import("./view.mjs").View} View
 * @typedef {object} Options
 * @property {(rows: number[]) => void} [onSelect]  a person selected rows
 * @property {(screen: View["screen"] & {dark: boolean, highlighted: (string | null)[]}) => void} [onWindow]  what is on the screen, once it stands still
 * @property {AbortSignal} [signal]  ends the timeline
 * @typedef {object} Timeline
 * @property {(data: TimelineData) => void} setData
 * @property {(screen: import("../protocol.mjs").Screen) => void} setScreen  shows the same stretch of time, grouping, folds and highlights as were seen before
 * @property {(rows: Iterable<number>) => void} setSelected
 * @property {(tz: string) => void} setZone  an IANA name; UTC where the browser does not know it, and that is said
 * @property {(row: number) => {x: number, y: number} | null} locate  a point on a run, in CSS pixels of the canvas; null where it has no mark of its own now
 * @property {() => void} destroy
 */

/** How long nothing moves, in ms, before the table and the kernel are brought up to date. */
const QUIET = 150;
/** The text of a dark theme is brighter than the middle of 0 to 255. */
const MIDDLE = 127;

/**
 * @param {HTMLElement} root an empty element
 * @param {Options} [options]
 * @returns {Timeline}
 */
export function createTimeline(root, { onSelect, onWindow, signal } = {}) {
  const life = new AbortController();
  const state = createState();
  // The toolbar is made before what it commands, which writes on it: the names are looked up when a button is pressed.
  const toolbar = elements({
    group: (by) => arrangement.group(by),
    fold: () => arrangement.fold(),
    range: () => arrangement.toggleSelecting(),
    zoom: (factor) => navigation.zoom(factor),
    fit: () => navigation.fit(),
    failure: (by) => navigation.goToFailure(by),
    unplaced: () => selection.selectUnplaced(),
    unread: () => selection.selectUnread(),
  });
  const { canvas, tip } = toolbar;
  const picture = h("div", "arn-tl-picture", canvas);
  const parts = { ...toolbar, picture };
  const announcer = createAnnouncer(state, parts, (look) => arrangement.highlight(look));
  const arrangement = createArrangement(state, { announcer, parts, changed });
  const selection = createSelection(state, { redraw, say: announcer.say, onSelect });
  const navigation = createNavigation(state, { selection, announcer, changed, redraw });
  const pointer = createPointer(state, parts, { navigation, selection });

  root.classList.add("arn-timeline");
  root.dataset.testid = "arn-timeline";
  root.append(
    parts.bar,
    parts.window,
    parts.empty,
    picture,
    parts.legend,
    parts.highlighted,
    parts.notes,
    parts.unplaced,
    parts.live,
    parts.table,
    tip,
  );
  const readColours = colourReader(root);
  let nextFrame = 0;
  let quiet = 0;

  /** Draws with the next frame, once for however many changes. */
  function redraw() {
    nextFrame ||= requestAnimationFrame(draw);
  }

  const isOnScreen = () => state.view.model.size > 0 && picture.clientWidth > 0;

  function draw() {
    nextFrame = 0;
    if (life.signal.aborted || !isOnScreen()) return;
    state.view.fit(canvas.clientWidth);
    const { scene } = state.view;
    sizeCanvas(canvas, scene.frame);
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const { zone, selected, active, range, highlighted } = state;
    paint(ctx, { ...scene, zone, selected, active, range, colours: readColours(highlighted) });
    announcer.writeWindow(scene);
  }

  /** Draws at once, and informs those who listen when nothing moves any more. */
  function changed() {
    redraw();
    clearTimeout(quiet);
    quiet = setTimeout(standStill, QUIET);
  }

  function standStill() {
    const { view, zone, highlighted } = state;
    fillTable(parts.table, view.model, view.places(), zone);
    if (!isOnScreen()) return;
    view.fit(canvas.clientWidth);
    const red = parseInt(readColours(highlighted).text.replace(/^\D+/, ""));
    onWindow?.({
      ...view.screen,
      highlighted: highlightedStatuses(state),
      dark: red > MIDDLE,
    });
  }

  /** @param {TimelineData} data */
  function setData(data) {
    takeData(state, data);
    pointer.leave();
    announcer.writeData();
    changed();
  }

  /** @param {string} tz */
  function setZone(tz) {
    takeZone(state, tz);
    changed();
  }

  /** @param {number} row */
  function locateRow(row) {
    const { view } = state;
    const place = view.model.place[row];
    return place < view.model.size ? locate(view.scene, place) : null;
  }

  function destroy() {
    life.abort();
    resized.disconnect();
    cancelAnimationFrame(nextFrame);
    clearTimeout(quiet);
    root.replaceChildren();
  }

  listen(
    canvas,
    {
      ...pointer,
      scene: () => state.view.scene,
      show: navigation.show,
      zoom: navigation.zoom,
      range: selection.selectRange,
      isSelecting: () => state.isSelecting,
      keys: navigation.keys,
    },
    life.signal,
  );
  const resized = new ResizeObserver(changed);
  resized.observe(picture);
  watchTheme(changed, life.signal);
  signal?.addEventListener("abort", destroy, { signal: life.signal });
  // Where a run is drawn cannot be seen from outside of a canvas; those who test the page ask here.
  Object.defineProperty(canvas, "arnLocate", { value: locateRow });
  pointer.leave();
  announcer.writeGrouping();
  announcer.writeData();
  return {
    setData,
    setScreen: arrangement.restore,
    setSelected: selection.show,
    setZone,
    locate: locateRow,
    destroy,
  };
}

/** A canvas that is given its size anew is empty, so only another size is set. @param {HTMLCanvasElement} canvas @param {import("./layout.mjs").Frame} frame */
function sizeCanvas(canvas, frame) {
  const width = Math.round(frame.width * devicePixelRatio);
  const height = Math.round(frame.height * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  canvas.style.height = `${frame.height}px`;
}
