/** The timeline of many runs on one canvas. */

import { h } from "./dom.mjs";
import { countOf, formatZone } from "./scale.mjs";
import { visible } from "./status.mjs";
import { colourReader, watchTheme } from "./timeline-colours.mjs";
import { elements, fillLegend, fillTable, showTip } from "./timeline-dom.mjs";
import { hitAt, locate } from "./timeline-hits.mjs";
import { listen } from "./timeline-input.mjs";
import { columns, extent, failureMarks, fill, frameOf } from "./timeline-layout.mjs";
import { NONE, index, statusCounts, touching } from "./timeline-model.mjs";
import { paint } from "./timeline-paint.mjs";
import { FIELDS, footnotes, outcomes, tell, versionName, windowWords } from "./timeline-words.mjs";
import { isZone } from "./times.mjs";

/**
 * @typedef {import("./timeline-model.mjs").TimelineData} TimelineData
 * @typedef {import("./timeline-layout.mjs").Window} Window
 * @typedef {import("./timeline-layout.mjs").Grouping} Grouping
 * @typedef {object} Options
 * @property {(rows: number[], window?: Window) => void} [onSelect]  a person selected rows, by a range of time where one is given
 * @property {(window: Window & {by: Grouping}) => void} [onWindow]  the window stood still for a moment after it had moved
 * @property {AbortSignal} [signal]  ends the timeline
 * @typedef {object} Timeline
 * @property {(data: TimelineData) => void} setData
 * @property {(rows: Iterable<number>) => void} setSelected
 * @property {(tz: string) => void} setZone  an IANA name; UTC where the browser does not know it, and that is said
 * @property {(row: number) => {x: number, y: number} | null} locate  a point on a run, in CSS pixels of the canvas; null where it has no mark of its own now
 * @property {() => void} destroy
 */

const SHORTEST = 10;
const QUIET = 150;
const NOTHING = Object.freeze({
  n: 0, now: 0, statuses: [], versions: [], deployments: [], ids: [],
  created: new Float64Array(0), started: new Float64Array(0), completed: new Float64Array(0), status: new Uint32Array(0), version: new Uint32Array(0), deployment: new Uint32Array(0),
});

/**
 * @param {HTMLElement} root an empty element
 * @param {Options} [options]
 * @returns {Timeline}
 */
export function createTimeline(root, { onSelect, onWindow, signal } = {}) {
  const life = new AbortController();
  signal?.addEventListener("abort", destroy, { signal: life.signal });
  const parts = elements({ group, zoom, fit: fitAll, failure: goToFailure, toggleStatus, toggleRange });
  const { canvas, tip } = parts;
  const stage = h("div", "arn-stage", canvas);
  root.classList.add("arn-timeline");
  root.dataset.testid = "arn-timeline";
  root.append(parts.bar, parts.window, parts.empty, stage, parts.legend, parts.notes, tip, parts.live, parts.table);
  const readColours = colourReader(root);

  let model = index(NOTHING);
  let whole = extent(model);
  let window = whole;
  /** @type {Grouping} */
  let by = "time";
  let zone = "UTC";
  let zoneNote = "";
  let active = -1;
  let selecting = false;
  /** @type {Window | null} */
  let range = null;
  /** @type {Set<number>} */
  let selected = new Set();
  /** @type {Set<number>} codes of the statuses that are switched off */
  const hidden = new Set();
  /** @type {import("./timeline-layout.mjs").Frame | null} */
  let frame = null;
  /** @type {import("./timeline-layout.mjs").Columns | null} */
  let overview = null;
  /** @type {Omit<import("./timeline-paint.mjs").Scene, "colours" | "selected" | "active" | "range"> | null} */
  let laid = null;
  let nextFrame = 0;
  let quiet = 0;

  const codeOf = (/** @type {number} */ place) => Math.min(model.data.status[model.row[place]], model.data.statuses.length);
  const shown = () => (hidden.size ? (/** @type {number} */ place) => !hidden.has(codeOf(place)) : undefined);
  const rowsOf = (/** @type {Iterable<number>} */ places) => Array.from(places, (place) => model.row[place]);

  /** @returns the scene without what changes from one moment to the next */
  function layout() {
    frame ??= frameOf(model, by, Math.max(120, stage.clientWidth), (code) => versionName(model.data, code));
    overview ??= columns(model, touching(model, whole.start, whole.end, shown()), whole, frame.right - frame.left, frame.left);
    laid ??= { model, frame, window, whole, zone, overview, fills: fill(model, frame, window, shown()), marks: failureMarks(model, frame, window, shown()) };
    return laid;
  }

  /** @param {"frame" | "window" | "paint"} what changed, from the most to the least */
  function redraw(what) {
    if (what === "frame") frame = overview = laid = null;
    if (what === "window") laid = null;
    if (nextFrame === 0) nextFrame = requestAnimationFrame(draw);
  }

  function draw() {
    nextFrame = 0;
    if (life.signal.aborted || model.size === 0) return;
    const scene = layout();
    const ratio = devicePixelRatio;
    const [width, height] = [Math.round(scene.frame.width * ratio), Math.round(scene.frame.height * ratio)];
    if (canvas.width !== width || canvas.height !== height) {
      Object.assign(canvas, { width, height });
      canvas.style.height = `${scene.frame.height}px`;
    }
    const ctx = canvas.getContext("2d");
    if (!ctx) return;
    ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(ctx, { ...scene, selected, active, range, colours: readColours() });
    const inWindow = scene.fills.reduce((sum, { places }) => sum + places.length, 0);
    parts.window.textContent = `${windowWords(model, window, zone, inWindow)}. Times in ${formatZone((window.start + window.end) / 2, zone)}.${zoneNote}`;
  }

  /** @param {Window} wanted @returns {boolean} */
  function show({ start, end }) {
    const span = Math.min(Math.max(end - start, SHORTEST), whole.end - whole.start);
    const from = Math.min(Math.max(Math.abs(end - start - span) > 1e-6 ? (start + end - span) / 2 : start, whole.start), whole.end - span);
    if (from === window.start && from + span === window.end) return false;
    window = { start: from, end: from + span };
    redraw("window");
    settle();
    return true;
  }

  function settle() {
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      fillTable(parts.table, model, touching(model, window.start, window.end, shown()), zone);
      onWindow?.({ ...window, by });
    }, QUIET);
  }

  /** @param {number} factor below 1 goes nearer @param {number} [at] */
  function zoom(factor, at = active >= 0 && model.from[active] > window.start && model.from[active] < window.end ? model.from[active] : (window.start + window.end) / 2) {
    return show({ start: at - (at - window.start) * factor, end: at + (window.end - at) * factor });
  }

  function fitAll() {
    show(whole);
  }

  /** @param {Grouping} wanted */
  function group(wanted) {
    by = wanted;
    parts.groups.forEach((element, i) => element.setAttribute("aria-pressed", String(["time", "version", "status"][i] === by)));
    redraw("frame");
    if (model.size) settle();
  }

  function toggleRange() {
    selecting = !selecting;
    parts.range.setAttribute("aria-pressed", String(selecting));
    canvas.classList.toggle("arn-selecting", selecting);
  }

  /** @param {number} code */
  function toggleStatus(code) {
    const key = [...parts.legend.children].indexOf(/** @type {Element} */ (document.activeElement));
    if (!hidden.delete(code)) hidden.add(code);
    describeData();
    redraw("frame");
    settle();
    /** @type {HTMLElement | undefined} */ (parts.legend.children[key])?.focus();
  }

  /** @param {Iterable<number>} places @param {boolean} add @param {Window} [from] */
  function select(places, add, from) {
    const chosen = new Set(add ? selected : []);
    for (const place of places) if (!add || !chosen.delete(place)) chosen.add(place);
    selected = chosen;
    redraw("paint");
    onSelect?.(rowsOf(selected), from);
  }

  /** @param {string} text */
  function say(text) {
    parts.live.textContent = text;
  }

  /** @param {number} place @param {string} [before] */
  function goTo(place, before = "") {
    active = place;
    if (model.to[place] < window.start || model.from[place] > window.end) {
      const half = (window.end - window.start) / 2;
      show({ start: model.from[place] - half, end: model.from[place] + half });
    }
    redraw("paint");
    const words = tell(model, model.row[place], zone);
    say(`${before}${words.map((word, i) => (i < 2 ? word : `${FIELDS[i]} ${word}`)).join(", ")}`);
  }

  /** @param {number} step @param {boolean} extend */
  function step(step, extend) {
    const wanted = shown();
    let place = active;
    if (place < 0) place = [...selected][0] ?? (touching(model, window.start, window.end, wanted)[0] ?? 0) - step;
    do place += step;
    while (place >= 0 && place < model.size && wanted && !wanted(place));
    if (place < 0 || place >= model.size) return say("No more runs.");
    goTo(place);
    if (extend) select([place], !selected.has(place));
  }

  /** @param {1 | -1} step */
  function goToFailure(step) {
    const wanted = shown();
    const failures = wanted ? model.failures.filter(wanted) : model.failures;
    if (failures.length === 0) return say("No failures.");
    const found = step > 0 ? failures.findIndex((place) => place > active) : failures.findLastIndex((place) => active < 0 || place < active);
    const at = found >= 0 ? found : step > 0 ? 0 : failures.length - 1;
    approach(failures[at]);
    goTo(failures[at], `Failure ${at + 1} of ${countOf(failures.length, "failure")}: `);
    select([failures[at]], false);
  }

  /** Comes so near that a run has a mark of its own, with its end in the middle. @param {number} place */
  function approach(place) {
    const { frame } = layout();
    const band = frame.bandOf ? frame.bandOf[place] : 0;
    let near = window;
    for (let span = window.end - window.start; ; span /= 3) {
      near = { start: model.to[place] - span / 2, end: model.to[place] + span / 2 };
      if (span < SHORTEST * 3 || fill(model, frame, near, shown())[band].lanes) break;
    }
    show(near);
  }

  /** @param {number} x @param {number} y @param {boolean} add */
  function click(x, y, add) {
    const hit = hitAt({ ...layout(), selected, active, range, colours: readColours() }, x, y);
    if (hit.kind === "runs") {
      goTo(hit.places[0]);
      select(hit.places, add);
    } else if (hit.kind === "column" && !zoom(1 / 6, (hit.start + hit.end) / 2)) select(hit.places, add);
  }

  /** @param {number} x @param {number} y */
  function hover(x, y) {
    const hit = model.size ? hitAt({ ...layout(), selected, active, range, colours: readColours() }, x, y) : null;
    canvas.classList.toggle("arn-pointing", hit?.kind === "runs" || hit?.kind === "column");
    const lines = hit?.kind === "runs" ? aboutRuns(hit.places) : hit?.kind === "column" ? aboutColumn(hit) : null;
    if (lines) showTip(tip, lines, x, y + stage.offsetTop, root);
    else tip.hidden = true;
  }

  /** @param {number[]} places */
  function aboutRuns(places) {
    if (places.length > 1) {
      const counts = new Uint32Array(model.look.length ? 10 : 0);
      for (const place of places) counts[model.look[place]]++;
      return [`${countOf(places.length, "run")} here`, ...outcomes(counts), "Click to select them"];
    }
    const words = tell(model, model.row[places[0]], zone);
    return [words[0], words[1], ...words.slice(2).map((word, i) => `${FIELDS[i + 2]}: ${word}`)];
  }

  /** @param {{start: number, end: number, counts: number[], places: Uint32Array}} column */
  function aboutColumn({ start, end, counts, places }) {
    return [windowWords(model, { start, end }, zone, places.length), ...outcomes(counts), "Click to zoom in"];
  }

  function clear() {
    if (active < 0 && selected.size === 0 && !range) return false;
    active = -1;
    range = null;
    select([], false);
    say("Selection cleared.");
    return true;
  }

  listen(canvas, {
    view: layout, show, zoom, click, hover, step, clear, fit: fitAll, failure: goToFailure,
    leave: () => void (tip.hidden = true),
    selecting: () => selecting,
    range(drawn, done) {
      range = done ? null : drawn;
      redraw("paint");
      if (!drawn || !done) return;
      const places = touching(model, drawn.start, drawn.end, shown());
      select(places, false, drawn);
      say(`${countOf(places.length, "run")} selected.`);
    },
    edge: (last) => model.size && goTo(last ? model.size - 1 : 0),
    choose: (add) => active >= 0 && select([active], add),
  }, life.signal);
  const resized = new ResizeObserver(() => {
    if (stage.clientWidth && frame?.width !== stage.clientWidth) redraw("frame");
  });
  resized.observe(stage);
  watchTheme(() => redraw("paint"), life.signal);
  canvas.addEventListener("focus", () => redraw("paint"), { signal: life.signal });

  function describeData() {
    const { data } = model;
    const counts = statusCounts(data);
    fillLegend(parts.legend, counts, (code) => hidden.has(code), toggleStatus);
    const off = counts.reduce((sum, { code, count }) => sum + (hidden.has(code) ? count : 0), 0);
    parts.notes.textContent = footnotes(model, off).join(" ");
    parts.empty.textContent = data.n === 0 ? "No runs to show." : model.size ? "" : `None of ${countOf(data.n, "run")} has a created time in its record, so none can be placed in time.`;
    parts.bar.hidden = parts.window.hidden = stage.hidden = parts.table.hidden = model.size === 0;
    parts.empty.hidden = model.size > 0;
    parts.failures.hidden = model.failures.length === 0;
    parts.grouping.hidden = parts.range.hidden = model.size < 2;
    canvas.setAttribute("aria-label", `Timeline of ${countOf(model.size, "run")}. Arrow keys go from run to run, plus and minus zoom, 0 shows all, n and p go to failures, Enter selects, Escape clears.`);
  }

  /** @param {TimelineData} data */
  function setData(data) {
    const fitted = window.start === whole.start && window.end === whole.end;
    model = index(data);
    whole = extent(model);
    selected = new Set();
    active = -1;
    hidden.clear();
    describeData();
    redraw("frame");
    if (fitted) window = whole;
    else show(window);
    if (model.size) settle();
  }

  /** @param {Iterable<number>} rows */
  function setSelected(rows) {
    selected = new Set(Array.from(rows, (row) => model.place[row] ?? NONE).filter((place) => place !== NONE));
    redraw("paint");
  }

  /** @param {string} tz */
  function setZone(tz) {
    const known = isZone(tz);
    zone = known ? tz : "UTC";
    zoneNote = known ? "" : ` This browser does not know the zone ${visible(tz)}.`;
    redraw("window");
    if (model.size) settle();
  }

  function destroy() {
    if (life.signal.aborted) return;
    life.abort();
    resized.disconnect();
    cancelAnimationFrame(nextFrame);
    clearTimeout(quiet);
    root.replaceChildren();
  }

  const api = {
    setData, setSelected, setZone, destroy,
    locate: (/** @type {number} */ row) => {
      const place = model.place[row] ?? NONE;
      return place === NONE ? null : locate({ ...layout(), selected, active, range, colours: readColours() }, place);
    },
  };
  Object.defineProperty(canvas, "arnLocate", { value: api.locate });
  group(by);
  describeData();
  return api;
}
