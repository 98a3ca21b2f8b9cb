/** The timeline of many runs on one canvas: its parts put together, and when it is drawn. */

import { h } from "../base/dom.mjs";
import { createAnnouncer } from "./announce.mjs";
import { createArrangement } from "./arrangement.mjs";
import { colourReader, watchTheme } from "../base/colours.mjs";
import { elements, fillTable } from "./elements.mjs";
import { locate } from "./hits.mjs";
import { listen } from "./input.mjs";
import { createNavigation } from "./navigation.mjs";
import { paint } from "./paint.mjs";
import { createPointer } from "./pointer.mjs";
import { createSelection } from "./selection.mjs";
import { createState, takeData, takeZone } from "./state.mjs";

/**
 * @typedef {import("./model.mjs").TimelineData} TimelineData
 * @typedef {import("./view.mjs").View} View
 * @typedef {import("../protocol.mjs").Grouping} Grouping
 * @typedef {object} Options
 * @property {(rows: number[]) => void} [onSelect]  a person selected rows
 * @property {(screen: View["screen"] & {dark: boolean}, isZoomed: boolean) => void} [onWindow]  what is on the screen, once it stands still
 * @property {(by: Grouping | null) => void} [onGroup]  a person chose a grouping; null: as it fits
 * @property {(instants: import("./layout.mjs").Window) => void} [onKeep]  a person wants to keep the window as a filter; in ms since the epoch
 * @property {AbortSignal} [signal]  ends the timeline
 * @typedef {object} Timeline
 * @property {(data: TimelineData, moved?: ((row: number) => number) | null) => void} setData  `moved` says where a row is now, -1 for nowhere, where the runs are those of before
 * @property {(screen: import("../protocol.mjs").Screen) => void} setScreen  shows the same stretch of time, grouping and folds as were seen before
 * @property {(by: Grouping | null) => void} setGrouping  null: as it fits
 * @property {(instants: import("./layout.mjs").Window | null) => void} setWindow  in ms since the epoch; null: all
 * @property {(rows: Iterable<number>) => void} setSelected
 * @property {(tz: string) => void} setZone  an IANA name; UTC where the browser does not know it, and that is said
 * @property {(row: number) => {x: number, y: number} | null} locate  a point on a run, in CSS pixels of the canvas; null where it has no mark of its own now
 * @property {HTMLElement} tools  the line over the picture, under which there is room for another
 * @property {HTMLElement} corner  below the names, beside the axis: where the choice of the zone is put
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
export function createTimeline(root, { onSelect, onWindow, onGroup, onKeep, signal } = {}) {
  const life = new AbortController();
  const state = createState();
  // The toolbar is made before what it commands, which writes on it: the names are looked up when a button is pressed.
  const toolbar = elements({
    group: (by) => arrangement.chooseGrouping(by),
    fold: () => arrangement.fold(),
    range: () => arrangement.toggleSelecting(),
    zoom: (factor) => navigation.zoom(factor),
    fit: () => navigation.fit(),
    failure: (by) => navigation.goToFailure(by),
    keep() {
      onKeep?.(state.view.instants);
      // Where all is shown there is nothing to keep, and no button.
      canvas.focus({ preventScroll: true });
    },
    unplaced: () => selection.selectUnplaced(),
    unread: () => selection.selectUnread(),
  });
  const { canvas, tip } = toolbar;
  const sizer = h("div", "arn-tl-sizer", canvas);
  const picture = h("div", "arn-tl-picture", sizer);
  const foot = h("div", "arn-tl-foot", toolbar.window, toolbar.gestures, toolbar.keep);
  const parts = { ...toolbar, picture, foot };
  const announcer = createAnnouncer(state, parts);
  const arrangement = createArrangement(state, { announcer, parts, changed, onGroup });
  const selection = createSelection(state, { redraw, say: announcer.say, onSelect });
  const navigation = createNavigation(state, { selection, announcer, changed, redraw });
  const pointer = createPointer(state, parts, { navigation, selection });

  root.classList.add("arn-timeline");
  root.dataset.testid = "arn-timeline";
  root.append(
    parts.bar,
    parts.empty,
    h("div", "arn-tl-stage", picture, parts.corner),
    foot,
    parts.notes,
    parts.unread,
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
    const { scene } = fitToRoom();
    sizeCanvas(canvas, scene.frame);
    parts.corner.style.top = `${scene.frame.axis + 3}px`;
    parts.corner.style.maxWidth = `${scene.frame.left}px`;
    parts.keep.hidden = !onKeep || !state.view.isZoomed;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    const { zone, selected, active, range } = state;
    paint(ctx, { ...scene, zone, selected, active, range, colours: readColours() });
    announcer.writeWindow(scene);
    announcer.writePosition();
  }

  /** Sets the sizes of picture and sizer to the room that there is, and gives the view laid out for it. */
  function fitToRoom() {
    const { view } = state;
    view.fit(canvas.clientWidth);
    const { natural } = view.frame;
    picture.style.height = `${natural}px`;
    // Where the page bounds the picture it is lower than it likes to be.
    const room = Math.min(picture.clientHeight || natural, natural);
    view.fit(canvas.clientWidth, room);
    const { frame, lift } = view.scene;
    sizer.style.height = `${lift ? frame.height + lift : Math.min(frame.height, room)}px`;
    if (picture.scrollTop !== view.scroll) picture.scrollTop = view.scroll;
    return view;
  }

  /** Draws with the next frame; when nothing has moved for QUIET ms, fills the table and calls onWindow. */
  function changed() {
    redraw();
    clearTimeout(quiet);
    quiet = setTimeout(reportStill, QUIET);
  }

  function reportStill() {
    const { view, zone } = state;
    // The table comes last: what is measured after it would have it laid out at once.
    if (isOnScreen()) {
      const red = parseInt(readColours().text.replace(/^\D+/, ""));
      onWindow?.({ ...fitToRoom().screen, dark: red > MIDDLE }, view.isZoomed);
    }
    fillTable(parts.table, view.model, view.places(), zone);
  }

  /** @param {TimelineData} data @param {((row: number) => number) | null} [moved] */
  function setData(data, moved) {
    takeData(state, data, moved);
    if (!moved) pointer.leave();
    announcer.writeData();
    changed();
  }

  /** @param {import("./layout.mjs").Window | null} instants */
  function setWindow(instants) {
    const { view } = state;
    navigation.show(instants ? view.model.axis.places(instants) : view.whole);
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
  picture.addEventListener("scroll", () => state.view.scrollTo(picture.scrollTop) && redraw(), {
    signal: life.signal,
  });
  const resized = new ResizeObserver(changed);
  resized.observe(picture);
  watchTheme(changed, life.signal);
  signal?.addEventListener("abort", destroy, { signal: life.signal });
  // Where a run is drawn cannot be seen from outside of a canvas; those who test the page ask here.
  Object.defineProperty(canvas, "arnLocate", { value: locateRow });
  pointer.leave();
  announcer.writeData();
  return {
    setData,
    setGrouping: arrangement.group,
    setWindow,
    corner: parts.corner,
    tools: parts.bar,
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
