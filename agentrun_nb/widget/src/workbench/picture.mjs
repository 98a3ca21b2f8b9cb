/** The runs that are shown, on the timeline. */
import { h } from "../base/dom.mjs";
import { isoText } from "../base/times.mjs";
import { createTimeline } from "../timeline/timeline.mjs";

/**
 * @typedef {import("../protocol.mjs").Columns} Columns
 * @typedef {import("../protocol.mjs").Grouping} Grouping
 */

/** The columns that the timeline draws. @type {(keyof Columns)[]} */
const DRAWN = [
  "created",
  "started",
  "completed",
  "until",
  "status",
  "version",
  "deployment",
  "error",
];

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onChoose: (rows: number[]) => void, onGroup: (by: Grouping | null) => void,
 *   onLook: (window: [number, number] | null) => void, onFilter: (filter: import("../runs/filter.mjs").Filter | null) => void}} options `onLook` is told which stretch of time is on the screen, null for all
 */
export function createPicture(store, { kernel, signal, onChoose, onGroup, onLook, onFilter }) {
  const { state } = store;
  /** The window that the timeline said it has, which it need not be given. @type {import("../runs/store.mjs").State["window"]} */
  let seen;
  /** Whether the timeline has still to be given what is shown. */
  let isStale = false;
  /** Colours runs by a column, once there is one. @type {ReturnType<typeof import("./colouring.mjs").createColouring> | null} */
  let colouring = null;
  const stage = h("div");
  const timeline = createTimeline(stage, {
    onSelect: (places) => onChoose(places.map((place) => state.shown[place])),
    onGroup,
    onWindow: look,
    onKeep: keep,
    signal,
  });

  /** Where the timeline is not on the screen, it is given the runs when it comes there: laying them out takes long. */
  function takeData() {
    stage.hidden = state.data.page.n === 0;
    isStale = stage.clientWidth === 0;
    if (!isStale) draw();
  }

  function catchUp() {
    if (!isStale || stage.clientWidth === 0) return;
    isStale = false;
    draw();
    takeWindow();
  }

  /** What is drawn, so that newer records of the same runs leave a person where they are. */
  let drawn = { data: state.data, shown: state.shown };

  function draw() {
    const { page, columns } = state.data;
    const before = drawn.data === state.data ? drawn.shown : null;
    drawn = { data: state.data, shown: state.shown };
    if (!columns) return;
    const { now, statuses, versions, deployments } = page;
    const lists = {
      n: state.shown.length,
      now,
      statuses,
      versions,
      deployments,
      names: state.names,
    };
    const data = Object.assign(drawnOf(columns, state.shown), lists, colouring?.shades());
    timeline.setData(data, before && ((place) => placesIn(state.shown, [before[place]])[0] ?? -1));
    choose();
  }

  /** What colours runs by a column comes with the first column; without it their statuses do. */
  async function takeColumns() {
    if (colouring || !state.columns.length) return;
    const later = await kernel.later().catch(() => null);
    if (colouring || !later) return;
    colouring = later.createColouring(store, { signal, timeline, root: stage, onChange: takeData });
    colouring?.takeColour();
  }

  /** @param {{start: number, end: number}} screen @param {boolean} isZoomed */
  function look(screen, isZoomed) {
    void kernel.ask("window", { ...screen, colour: state.colour }).catch(() => {});
    seen = isZoomed ? [screen.start, screen.end] : null;
    onLook(seen);
  }

  /** Shows only what was created in the window, all of which then is the window. @param {{start: number, end: number}} instants */
  function keep({ start, end }) {
    const since = isoText(Math.floor(start));
    const until = isoText(Math.ceil(end));
    onFilter({ ...state.filter, since, until });
    timeline.setWindow(null);
  }

  function takeWindow() {
    const { window } = state;
    if (isStale || window === undefined || window === seen) return;
    timeline.setWindow(window && { start: window[0], end: window[1] });
  }

  function choose() {
    if (isStale) return;
    timeline.setSelected(placesIn(state.shown, state.chosen));
  }

  store.watch(["columns"], takeColumns, signal);
  void takeColumns();
  store.watch(["data", "renewed", "shown", "names"], takeData, signal);
  // Before the view is painted for the first time; where it comes to be seen in another way, its size says so.
  store.watch(["view"], catchUp, signal);
  const resized = new ResizeObserver(catchUp);
  resized.observe(stage);
  signal.addEventListener("abort", () => resized.disconnect());
  store.watch(["by"], () => timeline.setGrouping(state.by), signal);
  store.watch(["chosen"], choose, signal);
  store.watch(["tz"], () => timeline.setZone(state.tz), signal);
  timeline.setGrouping(state.by);
  stage.hidden = state.data.page.n === 0;
  draw();
  if (state.data.page.screen) timeline.setScreen(state.data.page.screen);
  takeWindow();
  store.watch(["window"], takeWindow, signal);
  timeline.setZone(state.tz);
  return { element: stage, corner: timeline.corner };
}

/** What is drawn of these rows; their ids stay unread until they are told. @param {Columns} columns @param {Uint32Array} rows @returns {Columns} */
function drawnOf(columns, rows) {
  const isAll = rows.length === columns.created.length;
  const drawn = DRAWN.map((name) => [name, isAll ? columns[name] : take(columns[name], rows)]);
  /** @type {string[] | undefined} */
  let ids;
  return {
    ...Object.fromEntries(drawn),
    get ids() {
      return (ids ??= isAll ? columns.ids : Array.from(rows, (row) => columns.ids[row]));
    },
  };
}

/** @param {any} values a typed array @param {Uint32Array} rows */
function take(values, rows) {
  const taken = new values.constructor(rows.length);
  rows.forEach((row, place) => (taken[place] = values[row]));
  return taken;
}

/** @param {Uint32Array} shown rising @param {number[]} rows @returns {number[]} where those that are shown stand among the shown */
function placesIn(shown, rows) {
  if (!rows.length) return [];
  const place = new Map(rows.map((row) => [row, -1]));
  shown.forEach((row, at) => place.has(row) && place.set(row, at));
  return [...place.values()].filter((at) => at >= 0);
}
