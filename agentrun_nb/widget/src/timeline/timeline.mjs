/** The timeline of many runs on one canvas. */

import { h } from "../base/dom.mjs";
import { formatZone } from "../base/ticks.mjs";
import { colourReader, watchTheme } from "./colours.mjs";
import { GROUPINGS, countLegend, elements, fillLegend, fillTable, showTip } from "./elements.mjs";
import { hitAt, locate } from "./hits.mjs";
import { listen, moved } from "./input.mjs";
import { LOOKS, lookOf } from "../base/status.mjs";
import { countInside, rowsNotRead, statusCounts } from "./model.mjs";
import { paint } from "./paint.mjs";
import { View } from "./view.mjs";
import { emptyWords, footnotes, highlights, outcomes, tellLines, windowWords } from "./words.mjs";
import { isZone } from "../base/times.mjs";
import { countOf, formatCount } from "../base/numbers.mjs";
import { visible } from "../base/text.mjs";

/**
 * @typedef {import("./model.mjs").TimelineData} TimelineData
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./layout.mjs").Grouping} Grouping
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

const QUIET = 150;
const times = new Float64Array(0);
const codes = new Uint32Array(0);
const NOTHING = {
  n: 0,
  now: 0,
  statuses: [],
  versions: [],
  deployments: [],
  ids: [],
  created: times,
  started: times,
  completed: times,
  until: times,
  status: codes,
  version: codes,
  deployment: codes,
  error: codes,
};

/**
 * @param {HTMLElement} root an empty element
 * @param {Options} [options]
 * @returns {Timeline}
 */
export function createTimeline(root, { onSelect, onWindow, signal } = {}) {
  const life = new AbortController();
  const parts = elements({
    group,
    zoom,
    fit,
    failure: goToFailure,
    range: toggleRange,
    fold,
    unplaced: chooseUnplaced,
    unread: chooseUnread,
  });
  const { canvas, tip } = parts;
  const ground = h("div", "arn-tl-ground", canvas);
  root.classList.add("arn-timeline");
  root.dataset.testid = "arn-timeline";
  root.append(
    parts.bar,
    parts.window,
    parts.empty,
    ground,
    parts.legend,
    parts.lit,
    parts.notes,
    parts.unplaced,
    parts.live,
    parts.table,
    tip,
  );
  const readColours = colourReader(root);

  let view = new View(NOTHING);
  let zone = "UTC";
  let strangeZone = "";
  let active = -1;
  let selecting = false;
  /** @type {Window | null} */
  let range = null;
  /** @type {Set<number>} places */
  let selected = new Set();
  /** The looks that the legend brings out; where there are none, all look alike. @type {Set<number>} */
  const lit = new Set();
  /** How many runs have each status, in all. */
  let counts = statusCounts(NOTHING);
  /** The rows of runs that were not read. @type {number[]} */
  let unread = [];
  let nextFrame = 0;
  let quiet = 0;

  function redraw() {
    nextFrame ||= requestAnimationFrame(draw);
  }

  const isOnScreen = () => view.model.size > 0 && ground.clientWidth > 0;

  function draw() {
    nextFrame = 0;
    if (life.signal.aborted || !isOnScreen()) return;
    view.fit(canvas.clientWidth);
    const { scene } = view;
    const size = {
      width: Math.round(scene.frame.width * devicePixelRatio),
      height: Math.round(scene.frame.height * devicePixelRatio),
    };
    if (canvas.width !== size.width || canvas.height !== size.height) Object.assign(canvas, size);
    canvas.style.height = `${scene.frame.height}px`;
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    paint(ctx, { ...scene, zone, selected, active, range, colours: readColours(lit) });
    tellWindow(scene);
  }

  /** Says what is in the window, of how many. @param {import("./view.mjs").Scene} scene */
  function tellWindow({ frame, fills }) {
    const inWindow = fills.map(({ places }) => places);
    const runs = inWindow.reduce((sum, places) => sum + places.length, 0);
    const peak = frame.bandOf ? 0 : (fills[0].columns?.peak ?? 0);
    const words = windowWords(runs ? view.stretch : view.instants, zone, countOf(runs));
    const zoned = `${words}. Times in ${formatZone(view.instants, zone)}${strangeZone}.`;
    parts.window.textContent = peak ? `${zoned} Up to ${countOf(peak)} in a column.` : zoned;
    tellCounts(inWindow);
  }

  /** @param {Uint32Array[]} inWindow places */
  function tellCounts(inWindow) {
    // Where nothing has a place in time there is no window, and all counts are whole.
    const now = view.model.size
      ? countInside(view.model, counts, inWindow)
      : counts.map((one) => ({ ...one, inside: one.count }));
    countLegend(parts.legend, now);
    parts.lit.textContent = highlights(now, lit);
    parts.notes.textContent = footnotes(view.model, inWindow, unread.length);
  }

  /** Draws at once, and tells those who listen when nothing moves any more. */
  function changed() {
    redraw();
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      fillTable(parts.table, view.model, view.places(), zone);
      if (!isOnScreen()) return;
      view.fit(canvas.clientWidth);
      onWindow?.({
        ...view.screen,
        highlighted: highlighted(),
        dark: parseInt(readColours(lit).text.replace(/^\D+/, "")) > 127,
      });
    }, QUIET);
  }

  /** @param {boolean} did @returns {boolean} the same */
  function after(did) {
    if (did) changed();
    return did;
  }

  /** @param {Window} window */
  const show = (window) => after(view.show(window));

  /** @param {number} factor below 1 goes nearer @param {number} [at] the instant that stays */
  function zoom(factor, at) {
    const {
      window: { start, end },
      model: { from },
    } = view;
    const held = from[active] > start && from[active] < end ? from[active] : (start + end) / 2;
    return after(view.zoom(factor, at ?? held));
  }

  function fit() {
    show(view.whole);
  }

  /** @param {Grouping} by */
  function group(by) {
    view.group(by);
    pressGroup();
    changed();
  }

  function pressGroup() {
    parts.groups.forEach((element, i) =>
      element.setAttribute("aria-pressed", String(GROUPINGS[i] === view.by)),
    );
  }

  /** @returns {(string | null)[]} the statuses that the legend brings out */
  const highlighted = () => counts.filter(({ look }) => lit.has(look)).map(({ name }) => name);

  /** @param {import("../protocol.mjs").Screen} screen */
  function setScreen({ start, end, by, folded, highlighted: names }) {
    if (folded) view = new View(view.model.data, view, true);
    view.group(by);
    view.show(view.model.axis.places({ start, end }));
    for (const name of names) lit.add(lookOf(name));
    pressGroup();
    describeData();
    changed();
  }

  /** Folds the stretches in which no run goes on, or takes the folds out. */
  function fold() {
    view = new View(view.model.data, view, !view.folded);
    describeData();
    changed();
  }

  function toggleRange() {
    selecting = !selecting;
    parts.ranger.setAttribute("aria-pressed", String(selecting));
    canvas.classList.toggle("arn-selecting", selecting);
  }

  /** @param {number} look */
  function highlight(look) {
    const pressed = [...parts.legend.children].findIndex((key) => key.matches(":focus"));
    if (!lit.delete(look)) lit.add(look);
    describeData();
    changed();
    say(parts.lit.textContent || "Nothing is highlighted.");
    /** @type {HTMLElement | undefined} */ (parts.legend.children[pressed])?.focus();
  }

  /** @param {Iterable<number>} places @param {boolean} add to the selection, or take from it what is in it */
  function select(places, add) {
    const chosen = new Set(add ? selected : []);
    for (const place of places) if (!add || !chosen.delete(place)) chosen.add(place);
    selected = chosen;
    redraw();
    onSelect?.(Array.from(selected, (place) => view.model.row[place]));
  }

  /** The runs that were read and have no place here, which nothing that is drawn leads to. */
  function chooseUnplaced() {
    const { place, size } = view.model;
    const away = new Set(unread);
    chooseRows([...place.keys()].filter((row) => place[row] >= size && !away.has(row)));
  }

  function chooseUnread() {
    chooseRows(unread);
    say(`${countOf(unread.length)} that could not be read selected.`);
  }

  /** @param {number[]} rows that have no place here */
  function chooseRows(rows) {
    selected = new Set();
    redraw();
    onSelect?.(rows);
  }

  /** @param {string} words */
  function say(words) {
    parts.live.textContent = words;
  }

  /** @param {number} place @param {string} [before] words */
  function goTo(place, before = "") {
    active = place;
    after(view.reveal(place));
    redraw();
    say(before + tellLines(view.model, view.model.row[place], zone).join(", "));
  }

  /** @param {1 | -1} by @param {boolean} extend the selection */
  function step(by, extend) {
    const { size } = view.model;
    const place = active >= 0 ? active + by : ([...selected][0] ?? view.places()[0] ?? 0);
    if (place < 0 || place >= size) return say("No more runs.");
    goTo(place);
    if (extend && !selected.has(place)) select([place], true);
  }

  /** @param {1 | -1} by */
  function goToFailure(by) {
    const {
      failures,
      failures: { length },
    } = view.model;
    if (length === 0) return say("No failures.");
    const found =
      by > 0
        ? failures.findIndex((place) => place > active)
        : failures.filter((place) => active < 0 || place < active).length - 1;
    const at = found >= 0 ? found : by > 0 ? 0 : length - 1;
    after(view.approach(failures[at]));
    goTo(failures[at], `Failure ${at + 1} of ${length}: `);
    select([failures[at]], false);
  }

  /** @param {number} x @param {number} y */
  const under = (x, y) => (view.model.size ? hitAt(view.scene, x, y) : null);

  /** @param {number} x @param {number} y @param {boolean} add */
  function click(x, y, add) {
    const hit = under(x, y);
    if (!hit || (hit.window && zoom(1 / 6, (hit.window.start + hit.window.end) / 2))) return;
    goTo(hit.places[0]);
    select(hit.places, add);
  }

  /** @param {number} x @param {number} y */
  function hover(x, y) {
    const hit = under(x, y);
    tip.hidden = !hit;
    canvas.classList.toggle("arn-pointing", Boolean(hit));
    if (!hit) return;
    const { places, window } = hit;
    const { model } = view;
    const head = window
      ? windowWords(model.axis.instants(window), zone, countOf(places.length))
      : `${countOf(places.length, "failure")} here`;
    const many = [
      head,
      ...outcomes(model, places),
      window ? "Click to zoom in" : "Click to select them",
    ];
    showTip(
      tip,
      places.length > 1 ? many : tellLines(model, model.row[places[0]], zone),
      x + ground.offsetLeft,
      y + ground.offsetTop,
    );
  }

  function leave() {
    tip.hidden = true;
  }

  function clear() {
    if (active < 0 && selected.size === 0) return false;
    active = -1;
    select([], false);
    say("Nothing is selected.");
  }

  /** @param {Window | null} drawn @param {boolean} done */
  function drawRange(drawn, done) {
    range = done ? null : drawn;
    redraw();
    if (!drawn || !done) return;
    const places = view.places(drawn);
    select(places, false);
    say(`${countOf(places.length)} selected.`);
  }

  /** @param {number} pages */
  const turn = (pages) => show(moved(view.window, (view.window.end - view.window.start) * pages));
  /** @param {KeyboardEvent} event */
  const choose = ({ ctrlKey, metaKey }) => active >= 0 && select([active], ctrlKey || metaKey);
  const forward = (/** @type {KeyboardEvent} */ event) => step(1, event.shiftKey);
  const back = (/** @type {KeyboardEvent} */ event) => step(-1, event.shiftKey);
  const keys = {
    ArrowRight: forward,
    ArrowDown: forward,
    ArrowLeft: back,
    ArrowUp: back,
    Enter: choose,
    " ": choose,
    Escape: clear,
    0: fit,
    PageDown: () => void turn(0.9),
    PageUp: () => void turn(-0.9),
    Home: () => goTo(0),
    End: () => goTo(view.model.size - 1),
    "+": () => void zoom(0.5),
    "=": () => void zoom(0.5),
    "-": () => void zoom(2),
    n: () => goToFailure(1),
    p: () => goToFailure(-1),
  };

  function describeData() {
    const {
      model,
      model: { data, size },
    } = view;
    counts = statusCounts(data);
    unread = rowsNotRead(data);
    for (const look of lit) if (!counts.some((one) => one.look === look)) lit.delete(look);
    fillLegend(parts.legend, counts, lit, highlight, parts.unread);
    tellCounts([view.places()]);
    parts.unread.hidden = unread.length === 0;
    parts.unread.textContent = `not read ${formatCount(unread.length)}`;
    parts.unread.setAttribute("aria-label", `not read ${formatCount(unread.length)}: select them`);
    const unplaced = data.n - size - unread.length;
    parts.unplaced.hidden = unplaced <= 0;
    parts.unplaced.textContent = `Choose ${countOf(unplaced)}`;
    parts.empty.textContent = emptyWords(data.n, unread.length);
    parts.empty.hidden = size > 0;
    for (const part of [parts.bar, parts.window, ground, parts.table]) part.hidden = size === 0;
    for (const part of [parts.grouping, parts.ranger]) part.hidden = size < 2;
    parts.failures.hidden = model.failures.length === 0;
    parts.folder.hidden = !model.foldable;
    parts.folder.setAttribute("aria-pressed", String(view.folded));
    const help =
      "Arrow keys go from run to run, plus and minus zoom, 0 shows all, n and p go to failures, Enter selects, Escape clears.";
    canvas.setAttribute("aria-label", `Timeline of ${countOf(size)}. ${help}`);
  }

  /** @param {TimelineData} data */
  function setData(data) {
    view = new View(data, view);
    selected = new Set();
    active = -1;
    tip.hidden = true;
    describeData();
    changed();
  }

  /** @param {Iterable<number>} rows */
  function setSelected(rows) {
    const { place, row } = view.model;
    selected = new Set(
      Array.from(rows, (wanted) => place[wanted]).filter((found) => found < row.length),
    );
    redraw();
  }

  /** @param {string} tz */
  function setZone(tz) {
    zone = isZone(tz) ? tz : "UTC";
    strangeZone = zone === tz ? "" : ` (this browser does not know the zone ${visible(tz)})`;
    changed();
  }

  function destroy() {
    life.abort();
    resized.disconnect();
    cancelAnimationFrame(nextFrame);
    clearTimeout(quiet);
    root.replaceChildren();
  }

  /** @param {number} row */
  function locateRow(row) {
    const place = view.model.place[row];
    return place < view.model.size ? locate(view.scene, place) : null;
  }

  listen(
    canvas,
    {
      scene: () => view.scene,
      show,
      zoom,
      click,
      hover,
      leave,
      range: drawRange,
      selecting: () => selecting,
      keys,
    },
    life.signal,
  );
  const resized = new ResizeObserver(changed);
  resized.observe(ground);
  watchTheme(changed, life.signal);
  signal?.addEventListener("abort", destroy, { signal: life.signal });
  Object.defineProperty(canvas, "arnLocate", { value: locateRow });
  tip.hidden = true;
  pressGroup();
  describeData();
  return { setData, setScreen, setSelected, setZone, locate: locateRow, destroy };
}
