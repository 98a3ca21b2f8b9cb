import assert from "node:assert/strict";
import test from "node:test";
import "./head.mjs";
import { LOOKS } from "../base/status.mjs";
import { hitAt, locate } from "../timeline/hits.mjs";
import { YEAR, yearsBetween } from "../timeline/axis.mjs";
import { paintLanes } from "../timeline/bars.mjs";
import {
  COLUMN,
  columns,
  endsPlain,
  failureMarks,
  frameOf,
  layOutBands,
  pack,
} from "../timeline/layout.mjs";
import { KIND, NONE, modelOf, rowsNotRead, touching } from "../timeline/model.mjs";
import { View } from "../timeline/view.mjs";
import { emptyWords, footnotes, lengthWords, outcomes, tell } from "../timeline/words.mjs";

const NOW = Date.UTC(2026, 10, 24, 12);
const STATUSES = ["succeeded", "failed", "running", "timed_out", "cancelled", "waiting_for_input"];

/** @param {{created?: number, started?: number, completed?: number, status?: string | null, version?: number, error?: number}[]} runs */
function dataOf(runs) {
  const column = (/** @type {"created" | "started" | "completed"} */ name) =>
    Float64Array.from(runs, (run) => run[name] ?? NaN);
  const statuses = [...new Set(runs.map(({ status }) => status))].filter(
    (status) => typeof status === "string",
  );
  return {
    n: runs.length,
    now: NOW,
    statuses,
    versions: runs.map((_, i) => `v${i}`),
    deployments: ["dep"],
    names: new Map(),
    ids: runs.map((_, i) => `run_${i}`),
    created: column("created"),
    started: column("started"),
    completed: column("completed"),
    until: new Float64Array(runs.length).fill(NOW),
    deployment: new Uint32Array(runs.length),
    status: Uint32Array.from(runs, ({ status }) =>
      typeof status === "string" ? statuses.indexOf(status) : NONE,
    ),
    version: Uint32Array.from(runs, ({ version }) => version ?? NONE),
    error: Uint32Array.from(runs, ({ error }) => error ?? NONE),
  };
}

/** @param {import("../timeline/model.mjs").Model} model */
const allOf = (model) => touching(model, -Infinity, Infinity);

/** Numbers between 0 and 1 that are the same in every test run. @param {number} seed */
const random = (seed) => () => (seed = (seed * 16807) % 2147483647) / 2147483647;

/** @param {number} n @param {number} seed */
function someRuns(n, seed) {
  const next = random(seed);
  return Array.from({ length: n }, (_, i) => {
    const created = next() < 0.03 ? undefined : NOW - next() * n * 8000;
    const started = created === undefined || next() < 0.1 ? undefined : created + next() * 5000;
    const completed =
      created === undefined || next() < 0.1
        ? undefined
        : (started ?? created) + next() * 90_000 - (next() < 0.02 ? 1e6 : 0);
    return {
      created,
      started,
      completed,
      status: next() < 0.02 ? null : STATUSES[Math.floor(next() ** 2 * STATUSES.length)],
      version: i % 7,
    };
  });
}

test("every run with a created time has one place, in the order of time, and the others are counted", () => {
  for (const n of [0, 1, 2, 500]) {
    const model = modelOf(dataOf(someRuns(n, n + 1)));
    assert.deepEqual(
      [...model.row].sort((a, b) => a - b),
      [...model.data.created.keys()].filter((r) => !Number.isNaN(model.data.created[r])),
    );
    assert.ok(model.from.every((at, p) => p === 0 || at >= model.from[p - 1]));
    assert.ok(model.row.every((r, p) => model.place[r] === p));
    const unplaced = n - model.size;
    assert.equal(
      footnotes(model, [allOf(model)], 0).includes(
        `${unplaced} run${unplaced === 1 ? "" : "s"} without a created time`,
      ),
      unplaced > 0 && model.size > 0,
    );
  }
});

const GO_ZERO = Date.parse("0001-01-01T00:00:00Z");

test("a run is drawn from its own timestamps, and an open end never goes beyond the moment the data was read", () => {
  const [a, b, c, late] = [NOW - 9000, NOW - 6000, NOW - 2000, NOW + 5000];
  /** @type {[Record<string, unknown>, number, number, number, number][]} */
  const cases = [
    [{ created: a, started: b, completed: c, status: "succeeded" }, KIND.PHASES, a, b, c],
    [{ created: a, started: b, completed: c, status: "running" }, KIND.PHASES, a, b, c],
    [{ created: a, completed: c, status: "failed" }, KIND.UNDIVIDED, a, NaN, c],
    [{ created: b, started: a, completed: c, status: "failed" }, KIND.UNDIVIDED, b, NaN, c],
    [{ created: a, started: b, status: "running" }, KIND.LIVE, a, b, NOW],
    [{ created: a, status: "queued" }, KIND.LIVE, a, NaN, NOW],
    [{ created: a, status: "waiting_for_input" }, KIND.LIVE, a, NaN, NOW],
    [{ created: a, status: null }, KIND.LIVE, a, NaN, NOW],
    [{ created: late, status: "queued" }, KIND.LIVE, late, NaN, late],
    [{ created: a, started: b, status: "failed" }, KIND.OPEN, a, b, b],
    [{ created: a, status: "timed_out" }, KIND.OPEN, a, NaN, a],
    [{ created: b, started: c, completed: a, status: "succeeded" }, KIND.POINT, b, NaN, b],
    [{ created: a, started: c, completed: b, status: "succeeded" }, KIND.POINT, a, NaN, a],
    [
      { created: a, started: GO_ZERO, completed: GO_ZERO, status: "queued" },
      KIND.LIVE,
      a,
      NaN,
      NOW,
    ],
    [{ created: a, started: 0, status: "queued" }, KIND.LIVE, a, NaN, NOW],
    [{ created: a, started: b, completed: GO_ZERO, status: "running" }, KIND.LIVE, a, b, NOW],
    [
      { created: a, started: GO_ZERO, completed: c, status: "cancelled" },
      KIND.UNDIVIDED,
      a,
      NaN,
      c,
    ],
    [{ created: a, started: b, completed: GO_ZERO, status: "failed" }, KIND.OPEN, a, b, b],
  ];
  for (const [run, kind, from, middle, to] of cases) {
    const model = modelOf(dataOf([run]));
    assert.deepEqual(
      [model.kind[0], model.from[0], model.middle[0], model.to[0]],
      [kind, from, middle, to],
      JSON.stringify(run),
    );
  }
});

test("what is told of a run says what is not known and claims nothing else", () => {
  const model = modelOf(
    dataOf([
      { created: NOW - 5000, status: "running" },
      { created: NOW - 5000, started: NOW - 4000, completed: NOW - 9000, status: "waiting\u202E" },
    ]),
  );
  assert.deepEqual(tell(model, 0, "UTC"), [
    "run_0",
    "running",
    "no version recorded",
    "2026-11-24 11:59:55",
    "not known",
    "not known (open up to when the data was read)",
    "not known",
    "not known",
  ]);
  assert.deepEqual(tell(model, 1, "UTC").slice(1, 2), ["unknown status: waiting‹U+202E›"]);
  assert.match(tell(model, 1, "UTC")[5], /drawn as a point/);
});

test("a length is rounded once", () => {
  const started = NOW - 9000;
  const model = modelOf(
    dataOf([{ created: started, started, completed: started + 6249.6, status: "succeeded" }]),
  );
  assert.equal(lengthWords(model, 0), "6.2 s");
});

test("runs that touch a window are found like one by one", () => {
  const model = modelOf(dataOf(someRuns(400, 5)));
  for (const [start, end] of [
    [0.1, 0.2],
    [0.5, 0.5],
    [0, 1],
    [-1, -0.5],
  ].map((pair) => pair.map((share) => NOW - 3_200_000 * (1 - share)))) {
    const expected = [...model.from.keys()].filter(
      (p) => model.from[p] <= end && model.to[p] >= start,
    );
    assert.deepEqual([...touching(model, start, end)], expected);
  }
});

test("no two runs of a lane touch, and no run is left out", () => {
  const model = modelOf(dataOf(someRuns(300, 9)));
  const window = { start: model.first, end: model.last };
  const all = touching(model, window.start, window.end);
  const lanes = pack(model, all, window, 900, 5000);
  assert.ok(lanes);
  assert.deepEqual(lanes.places, all);
  /** @type {number[]} */
  const ends = [];
  for (let i = 0; i < all.length; i++) {
    assert.ok(lanes.x0[i] >= (ends[lanes.lane[i]] ?? -Infinity));
    assert.ok(lanes.x1[i] - lanes.x0[i] >= 2.9);
    ends[lanes.lane[i]] = lanes.x1[i];
  }
  assert.equal(pack(model, all, window, 900, 20), null);
});

test("a column counts exactly the runs that touch it", () => {
  const model = modelOf(dataOf(someRuns(300, 11)));
  for (const window of [
    { start: model.first, end: model.last },
    { start: NOW - 900_000.5, end: NOW - 300_000.25 },
  ]) {
    const scale = 600 / (window.end - window.start);
    const made = columns(model, touching(model, window.start, window.end), window, 600, 40);
    for (let i = 0; i < made.size; i++) {
      const [low, high] = [0, 1].map(
        (side) => window.start + (made.x - 40 + (i + side) * COLUMN) / scale,
      );
      const here = [...model.from.keys()].filter(
        (p) =>
          model.from[p] < high &&
          model.to[p] >= low &&
          model.from[p] <= window.end &&
          model.to[p] >= window.start,
      );
      LOOKS.forEach((_, look) =>
        assert.equal(
          made.counts[look][i],
          here.filter((p) => model.look[p] === look).length,
          `column ${i}`,
        ),
      );
    }
  }
});

test("every failure of the window is in exactly one mark, however many runs there are", () => {
  for (const n of [30, 3000]) {
    const view = new View(dataOf(someRuns(n, 13)));
    view.fit(800);
    view.zoom(0.3, NOW - n * 3000);
    const { model, frame, window } = view.scene;
    const marked = failureMarks(model, frame, window)
      .flatMap(({ places }) => places)
      .sort((a, b) => a - b);
    assert.deepEqual(
      marked,
      [...model.failures].filter((p) => model.to[p] >= window.start && model.to[p] <= window.end),
    );
  }
});

test("three failures among 100,000 runs are found by three steps, each with a mark of its own and no nearer than that needs", () => {
  const wanted = [17, 50_000, 99_998];
  const runs = someRuns(100_000, 17).map((run, r) => ({
    ...run,
    created: run.created ?? NOW,
    status: wanted.includes(r) ? "failed" : "succeeded",
  }));
  const view = new View(dataOf(runs));
  view.fit(900);
  assert.deepEqual(
    [...view.model.failures].map((p) => view.model.row[p]).sort((a, b) => a - b),
    wanted,
  );
  for (const place of view.model.failures) {
    view.approach(place);
    const point = locate(view.scene, place);
    assert.ok(point);
    assert.deepEqual(hitAt(view.scene, point.x, point.y)?.places, [place]);
    const { start, end } = view.window;
    assert.equal(
      layOutBands(view.model, view.scene.frame, {
        start: start - (end - start),
        end: end + (end - start),
      })[0].lanes,
      null,
    );
    view.show(view.whole);
  }
});

test("what is located is hit, in every grouping", () => {
  for (const by of /** @type {const} */ (["none", "deployment_id", "version_id", "status", null]))
    for (const n of [1, 12, 60]) {
      const view = new View(dataOf(someRuns(n, n)));
      view.fit(700);
      view.group(by);
      let located = 0;
      for (let place = 0; place < view.model.size; place++) {
        const point = locate(view.scene, place);
        if (!point) continue;
        located++;
        assert.ok([...(hitAt(view.scene, point.x, point.y)?.places ?? [])].includes(place));
      }
      assert.equal(located, view.model.size);
    }
});

test("in rows every point of a row hits its own run, and a point above them none", () => {
  const start = NOW - 3_600_000;
  const runs = Array.from({ length: 12 }, (_, i) => ({
    created: start + i * 60_000,
    started: start + i * 60_000 + 1_000,
    completed: start + i * 60_000 + 40_000,
    status: i % 2 ? "failed" : "succeeded",
  }));
  const view = new View(dataOf(runs));
  view.fit(700);
  const { frame, fills } = view.scene;
  assert.equal(frame.strip, 0);
  const { places, lane, pitch } = /** @type {import("../timeline/layout.mjs").Lanes} */ (
    fills[0].lanes
  );
  for (let x = 0; x < 700; x += 2) assert.equal(hitAt(view.scene, x, 0), null, `${x}`);
  for (let i = 0; i < places.length; i++)
    for (let x = 0; x < 700; x += 20) {
      const y = frame.bands[0].y + lane[i] * pitch + 0.5;
      assert.deepEqual(hitAt(view.scene, x, y)?.places, [places[i]], `${x}, ${y}`);
    }
});

test("an end is marked only where lanes leave room for the mark", () => {
  let shapes = 0;
  const ctx = /** @type {any} */ (
    new Proxy(
      { translate: () => shapes++, measureText: () => ({ width: 0 }) },
      { get: (target, name) => Reflect.get(target, name) ?? (() => {}), set: () => true },
    )
  );
  globalThis.Path2D ??= /** @type {any} */ (class {});
  const view = new View(dataOf(someRuns(300, 5)));
  view.fit(700);
  const { model, window } = view;
  const colours = { looks: [], shades: [], text: "", muted: "", accent: "", background: "" };
  for (let p = 0; p < model.size; p++) {
    if (model.kind[p] === KIND.POINT) continue;
    const frame = { ...view.scene.frame, rows: false };
    const picture = /** @type {any} */ ({ model, frame, window, colours, selected: new Set() });
    const lanes = { places: [p], lane: [0], x0: [300], x1: [400], pitch: 20, count: 1 };
    shapes = 0;
    paintLanes(ctx, picture, /** @type {any} */ ({ y: 0 }), /** @type {any} */ (lanes));
    assert.equal(shapes, endsPlain(model, p) ? 0 : 1, `${model.kind[p]} ${model.look[p]}`);
  }
});

test("every run is in one band, and versions beyond the twelfth band are one that says how many", () => {
  const runs = someRuns(600, 19).map((run, i) => ({ ...run, version: i % 40 }));
  const model = modelOf(dataOf(runs));
  const frame = frameOf(model, "version_id", 800);
  assert.equal(frame.bands.length, 12);
  assert.equal(frame.bands.at(-1)?.name, "29 other versions");
  assert.equal(
    frame.bands.reduce((sum, { count }) => sum + count, 0),
    model.size,
  );
  assert.deepEqual(
    frameOf(model, "status", 800)
      .bands.map(({ name }) => name)
      .slice(-2),
    ["unknown status: waiting_for_input", "no status recorded"],
  );
});

test("a window stays within all runs, keeps its span when it is moved, and keeps the instant it is zoomed about", () => {
  const view = new View(dataOf(someRuns(200, 23)));
  view.fit(800);
  const at = view.whole.start + (view.whole.end - view.whole.start) * 0.4;
  const share = () => (at - view.window.start) / (view.window.end - view.window.start);
  for (let i = 0; i < 5; i++) assert.ok(view.zoom(0.5, at) && Math.abs(share() - 0.4) < 1e-6);
  const span = view.window.end - view.window.start;
  view.show({ start: view.whole.start - 9 * span, end: view.whole.start - 8 * span });
  assert.equal(view.window.start, view.whole.start);
  assert.ok(Math.abs(view.window.end - view.window.start - span) < 1e-3);
  for (let i = 0; i < 60; i++) view.zoom(0.5, at);
  assert.ok(view.window.end - view.window.start >= 9.99);
  for (let i = 0; i < 90; i++) view.zoom(2, at);
  assert.deepEqual(view.window, view.whole);
  assert.equal(view.zoom(2, at), false);
});

test("lanes stay while the window moves a little", () => {
  const model = modelOf(dataOf(someRuns(300, 29)));
  const frame = frameOf(model, "none", 800);
  const span = 60_000;
  const start = Math.floor((NOW - 1_200_000) / span) * span;
  const [before, later] = [100, 45_000].map(
    (shift) =>
      layOutBands(model, frame, { start: start + shift, end: start + shift + span })[0].lanes,
  );
  assert.ok(before && later && before.places.length > 2);
  assert.deepEqual(later.lane, before.lane);
});

test("the notes count what is in the window, whatever its bands", () => {
  const runs = someRuns(400, 53).map((run, i) => (i % 50 ? run : { status: null, error: i % 3 }));
  const model = modelOf(dataOf(runs));
  const unread = runs.filter(({ error }) => error !== undefined).length;
  assert.equal(rowsNotRead(model.data).length, unread);
  for (const [start, end] of [
    [0, NOW],
    [NOW - 60_000, NOW - 30_000],
    [NOW * 2, NOW * 3],
  ]) {
    const places = touching(model, start, end);
    const parts = [places.filter((p) => p % 2), places.filter((p) => !(p % 2))];
    const hatched = places.filter((p) => model.kind[p] === KIND.UNDIVIDED).length;
    assert.equal(footnotes(model, parts, unread).includes("hatched"), hatched > 0);
    if (hatched)
      assert.match(
        footnotes(model, parts, unread),
        new RegExp(`${hatched} (of \\d+ )?runs? hatched`),
      );
  }
});

test("runs that were not read are no runs without a created time", () => {
  const data = dataOf([
    { error: 0, status: null },
    { error: 1, status: null },
    { status: "failed" },
    { created: NOW, status: "failed" },
  ]);
  const model = modelOf(data);
  assert.deepEqual(rowsNotRead(data), [0, 1]);
  assert.equal(
    footnotes(model, [allOf(model)], 2).split(".")[0],
    "1 run without a created time that can be read, so not on the timeline",
  );
  assert.equal(emptyWords(2, 2), "None of the 2 runs was read, so nothing can be placed in time.");
  assert.equal(emptyWords(1, 1), "The run was not read, so nothing can be placed in time.");
  assert.equal(
    emptyWords(2, 1),
    "None of the 2 runs has a created time that can be read, so nothing can be placed in time.",
  );
});

test("new data keeps a window that was chosen, and follows the data where all was shown", () => {
  const view = new View(dataOf(someRuns(100, 37)));
  const more = dataOf(someRuns(120, 41));
  assert.deepEqual(new View(more, view).window, new View(more).whole);
  view.zoom(0.25, NOW - 300_000);
  assert.deepEqual(new View(more, view).window, view.window);
});

const DAY = 86_400_000;
/** Hours of work on three days. */
const threeDays = [0, 0, 0, 1, 1, 1, 3, 3].map((day, i) => ({
  created: NOW + day * DAY + i * 600_000,
  started: NOW + day * DAY + i * 600_000,
  completed: NOW + day * DAY + i * 600_000 + 900_000,
}));

test("the years without a run are those between instants that are put in order", () => {
  for (let turn = 0; turn < 300; turn++) {
    const count = 1 + Math.floor(Math.random() * 12);
    const years = () => (Math.random() * 30 - 15) * YEAR;
    // Some stand on the edge of a year, and some stand twice.
    const instants = () =>
      Float64Array.from({ length: count }, (_, i) =>
        i % 3 ? years() : Math.round(years() / YEAR) * YEAR + 0,
      );
    const [from, to] = [instants(), instants()];
    const all = Float64Array.from([...from, ...to]).sort();
    const expected = Array.from(all.subarray(1), (instant, i) => ({
      instant: all[i],
      length: instant - all[i],
    })).filter(({ length }) => length > YEAR);
    assert.deepEqual(yearsBetween(from, to), expected, `${from} ${to}`);
  }
});

test("an axis is as time is until gaps are folded, and every instant has one place on it, in order", () => {
  const plain = modelOf(dataOf(threeDays));
  assert.deepEqual([plain.axis.folds.length, plain.foldable], [0, true]);
  assert.equal(plain.axis.at(NOW + 12_345), NOW + 12_345);
  const { axis, first, last } = modelOf(dataOf(threeDays), true);
  assert.equal(axis.folds.length, 2);
  assert.ok(last - first < 0.2 * DAY, `${last - first}`);
  let before = -Infinity;
  for (let instant = NOW - DAY; instant < NOW + 4 * DAY; instant += 500_000) {
    const place = axis.at(instant);
    assert.ok(place > before);
    assert.ok(Math.abs(axis.instant(place) - instant) < 1);
    before = place;
  }
});

test("folding takes nothing from a run and puts no run into a fold", () => {
  const { axis, from, to, row } = modelOf(dataOf(threeDays), true);
  for (let p = 0; p < from.length; p++) {
    assert.equal(Math.round(to[p] - from[p]), 900_000);
    assert.equal(Math.round(axis.instant(from[p])), threeDays[row[p]].created);
    for (const { place, kept } of axis.folds)
      assert.ok(to[p] <= place + 1 || from[p] >= place + kept - 1);
  }
});

test("an outlier in the year 1 or 9999 does not make the others invisible, and common gaps are left alone", () => {
  const outliers = [-62_135_596_800_000, 253_402_300_000_000].map((created) => ({
    created,
    started: created,
    completed: created + 1000,
  }));
  const runs = someRuns(300, 43).filter(({ created }) => created !== undefined);
  const alone = modelOf(dataOf(runs));
  for (const some of [
    outliers,
    outliers.slice(1),
    [{ created: outliers[0].created, status: "running" }],
    [{ created: NOW, completed: outliers[1].created }],
  ]) {
    const { first, last } = modelOf(dataOf([...runs, ...some]));
    assert.ok(last - first < 1.3 * (alone.last - alone.first), JSON.stringify(some));
  }
  assert.equal(modelOf(dataOf(threeDays)).axis.folds.length, 0);
});

test("ticks of a folded axis lie outside of the folds, at round times of the clock", () => {
  const { axis, first, last } = modelOf(dataOf(threeDays), true);
  const found = axis.ticks({ start: first, end: last }, "UTC", 12);
  assert.ok(found.length >= 3);
  for (const { at, label } of found) {
    assert.ok(axis.folds.every(({ place, kept }) => at <= place + 1 || at >= place + kept - 1));
    assert.equal(new Date(Math.round(axis.instant(at))).toISOString().slice(11, 16), label);
  }
});

test("a window stays at its instants while gaps are folded", () => {
  const view = new View(dataOf(threeDays));
  view.show({ start: NOW + DAY, end: NOW + DAY + 3_600_000 });
  const folded = new View(view.model.data, view, true);
  assert.deepEqual([folded.instants.start, folded.instants.end].map(Math.round), [
    view.window.start,
    view.window.end,
  ]);
});

test("moments that are equal are in order, and an end before either of the others is a point", () => {
  const [a, b, c] = [NOW - 9000, NOW - 6000, NOW - 2000];
  /** @type {[Record<string, unknown>, number, number, number, number][]} */
  const cases = [
    [{ created: a, started: a, completed: b }, KIND.PHASES, a, a, b],
    [{ created: a, started: b, completed: b }, KIND.PHASES, a, b, b],
    [{ created: a, started: a, completed: a }, KIND.PHASES, a, a, a],
    [{ created: a, completed: a }, KIND.UNDIVIDED, a, NaN, a],
    [{ created: b, completed: a }, KIND.POINT, b, NaN, b],
    [{ created: c, started: a, completed: b }, KIND.POINT, c, NaN, c],
    [{ created: a, started: c, completed: b }, KIND.POINT, a, NaN, a],
  ];
  for (const [run, kind, from, middle, to] of cases) {
    const model = modelOf(dataOf([{ ...run, status: "succeeded" }]));
    assert.deepEqual(
      [model.kind[0], model.from[0], model.middle[0], model.to[0]],
      [kind, from, middle, to],
      JSON.stringify(run),
    );
  }
});

test("a run that only touches a bound of the window is in it, also where several begin at once", () => {
  const runs = [
    [0, 10],
    [10, 20],
    [20, 30],
    [20, 40],
    [30, 50],
  ].map(([created, completed]) => ({ created: NOW + created, completed: NOW + completed }));
  const found = (/** @type {number} */ start, /** @type {number} */ end) => [
    ...touching(modelOf(dataOf(runs)), NOW + start, NOW + end),
  ];
  assert.deepEqual(found(10, 20), [0, 1, 2, 3]);
  assert.deepEqual(found(11, 19), [1]);
  assert.deepEqual(found(10, 10), [0, 1]);
  assert.deepEqual(found(20, 20), [1, 2, 3]);
  assert.deepEqual(found(50, 60), [4]);
  assert.deepEqual([found(-9, -1), found(51, 60)], [[], []]);
});

test("a run has a place up to the last moment that a date can have, on both sides, and none beyond it", () => {
  const last = new Date(8.64e15).getTime();
  const created = [-Infinity, -last - 1, -last, NOW, last, last + 1, Infinity];
  const { row } = modelOf(dataOf(created.map((time) => ({ created: time, completed: time }))));
  assert.deepEqual(
    [...row].map((r) => created[r]),
    [-last, NOW, last],
  );
});
