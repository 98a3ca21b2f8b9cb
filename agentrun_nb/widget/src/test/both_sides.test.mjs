/** What the page tells and draws is what Python does without it: both read the cases of `tests/both_sides`. */
import assert from "node:assert/strict";
import test from "node:test";
import { HEAD, bothSides } from "./head.mjs";
import { LOOKS, isFailure } from "../base/status.mjs";
import { percent } from "../base/numbers.mjs";
import { duration } from "../base/times.mjs";
import { nameOfRun, shortId } from "../runs/names.mjs";
import { numbersOf } from "../runs/numbers.mjs";
import { courseOf } from "../run/course.mjs";
import { phaseWords, segmentsOf } from "../run/phases.mjs";
import { fittingGrouping, groupsOf } from "../timeline/grouping.mjs";
import { areCounted, columns, pack } from "../timeline/layout.mjs";
import { KIND, NONE, modelOf, touching } from "../timeline/model.mjs";

test("a length of time has the words that Python gives it", () => {
  for (const { ms, words } of bothSides("durations")) assert.equal(duration(ms ?? NaN), words, ms);
});

test("a share has the words that Python gives it", () => {
  for (const { share, words } of bothSides("percents")) assert.equal(percent(share), words, share);
});

test("the course of a run has the words that Python gives it", () => {
  for (const { created, started, completed, live, now, stretches } of bothSides("courses")) {
    const fields = { created_at: created, started_at: started, completed_at: completed };
    const told = courseOf(fields, live, now).intervals.map(({ kind, words }) => [kind, words]);
    assert.deepEqual(told, stretches, JSON.stringify({ ...fields, live, now }));
  }
});

test("the phases of a run have the line and the words that Python gives them", () => {
  for (const { phases, segments, words } of bothSides("phases")) {
    const line = segmentsOf(phases).map(({ kind, from, to }) => [kind, from, to]);
    assert.deepEqual(line, segments, JSON.stringify(phases));
    assert.deepEqual(phases.map(phaseWords), words);
  }
});

/** @param {any} picture @returns {import("../timeline/model.mjs").TimelineData} */
function dataOf({ runs, now }) {
  const names = HEAD.statuses.map(({ name }) => name);
  const times = (/** @type {number} */ at) =>
    Float64Array.from(runs, (/** @type {any[]} */ run) => run[at] ?? NaN);
  const codes = new Uint32Array(runs.length).fill(NONE);
  return {
    n: runs.length,
    now,
    statuses: names,
    versions: [],
    deployments: [],
    names: new Map(),
    created: times(1),
    started: times(2),
    completed: times(3),
    until: new Float64Array(runs.length).fill(now),
    status: Uint32Array.from(runs, ([status]) => (status === null ? NONE : names.indexOf(status))),
    version: codes,
    deployment: codes,
    error: codes,
    ids: runs.map((/** @type {any} */ _, /** @type {number} */ row) => `run_${row}`),
  };
}

/** The data of a case of bands, whose runs are `[status, created, deployment, version]`. @param {any} given */
function groupedData({ runs, names }) {
  const list = (/** @type {number} */ at) => [
    ...new Set(runs.map((/** @type {any[]} */ run) => run[at]).filter(Boolean)),
  ];
  const codes = (/** @type {string[]} */ known, /** @type {number} */ at) =>
    Uint32Array.from(runs, (/** @type {any[]} */ run) => (run[at] ? known.indexOf(run[at]) : NONE));
  const [statuses, deployments, versions] = [list(0), list(2), list(3)];
  return {
    ...dataOf({
      runs: runs.map((/** @type {any[]} */ [status, created]) => [status, created]),
      now: 0,
    }),
    statuses,
    deployments,
    versions,
    names: new Map(Object.entries(names)),
    status: codes(statuses, 0),
    deployment: codes(deployments, 2),
    version: codes(versions, 3),
  };
}

test("runs are in the bands in which Python has them", () => {
  for (const given of bothSides("bands")) {
    const model = modelOf(groupedData(given));
    const { groups, bandOf } = groupsOf(model, given.by);
    const bands = groups.map(({ name }, band) => {
      const places = Uint32Array.from(
        [...model.row.keys()].filter((p) => (bandOf?.[p] ?? 0) === band),
      );
      const failed = places.filter((p) => isFailure(model.look[p])).length;
      const succeeded = places.filter((p) => LOOKS[model.look[p]].succeeded).length;
      return [name, places.length, failed, failed + succeeded];
    });
    // A still picture says nothing of how many failed where each band is of one status.
    const shown = (/** @type {any[][]} */ all) =>
      given.by === "status" ? all.map((band) => band.slice(0, 2)) : all;
    assert.deepEqual(shown(bands), shown(given.bands), given.by);
  }
});

test("a run is called as Python calls it", () => {
  for (const { names, deployment, version, name, id, short } of bothSides("names")) {
    assert.equal(nameOfRun(new Map(Object.entries(names)), deployment, version), name);
    assert.equal(shortId(id), short);
  }
});

const KINDS = Object.keys(KIND);
/** @param {number} at */
const orNull = (at) => (Number.isNaN(at) ? null : at);

test("runs lie where Python lays them", () => {
  for (const picture of bothSides("pictures")) {
    const { what, start, end, width, height } = picture;
    const model = modelOf(dataOf(picture));
    /** @template T @param {(place: number) => T} of @returns {(T | null)[]} by row */
    const byRow = (of) => Array.from(model.place, (place) => (place === NONE ? null : of(place)));
    assert.deepEqual(
      byRow((p) => [KINDS[model.kind[p]], model.from[p], orNull(model.middle[p]), model.to[p]]),
      picture.spans,
      what,
    );
    const places = touching(model, start, end);
    const packed = pack(model, places, { start, end }, width, height);
    const laneOf = new Map(packed && Array.from(places, (p, i) => [p, packed.lane[i]]));
    assert.deepEqual(packed && byRow((p) => laneOf.get(p) ?? null), picture.lanes, what);
    const { counts, size } = columns(model, places, { start, end }, width, 0);
    const seen = counts
      .map((count, look) => [LOOKS[look].label, [...count.subarray(0, size)]])
      .filter(([, of]) => /** @type {number[]} */ (of).some((count) => count > 0));
    assert.deepEqual(Object.fromEntries(seen), picture.columns, what);
  }
});

test("runs are grouped as Python groups them where nobody has chosen", () => {
  for (const { count, deployments, versions, by } of bothSides("groupings")) {
    const runs = Array.from({ length: count }, () => ["succeeded", 0, 0, 0]);
    const data = dataOf({ runs, now: 0 });
    /** @param {number} of how many groups there are; the last of several is of runs that have none */
    const codes = (of) =>
      Uint32Array.from({ length: count }, (_, row) => (of > 1 && row % of === 0 ? NONE : row % of));
    const model = modelOf({ ...data, deployment: codes(deployments), version: codes(versions) });
    assert.equal(fittingGrouping(model), by, JSON.stringify({ count, deployments, versions }));
  }
});

/** @param {any[][]} runs @returns {any} what the page holds of them, as far as numbers need it */
function heldOf(runs) {
  const { statuses } = dataOf({ runs, now: 0 });
  const modes = ["job", "service"];
  const floats = (/** @type {number} */ at) => Float64Array.from(runs, (run) => run[at] ?? NaN);
  const codes = (/** @type {number} */ at, /** @type {string[]} */ list) =>
    Uint32Array.from(runs, (run) => (run[at] === null ? NONE : list.indexOf(run[at])));
  return {
    page: { n: runs.length, statuses, modes, errors: ["not_found"] },
    columns: {
      ...{ created: floats(1), started: floats(2), completed: floats(3), until: floats(4) },
      status: codes(0, statuses),
      mode: codes(5, modes),
      error: Uint32Array.from(runs, (run) => (run[6] ? NONE : 0)),
    },
  };
}

test("numbers of runs are those of arn.summarize", () => {
  for (const { what, runs, numbers } of bothSides("numbers")) {
    const rows = Uint32Array.from(runs.keys());
    const { n, failed, judged, failure, before, after } = numbersOf(heldOf(runs), rows);
    assert.deepEqual(
      { n, failed, judged },
      { n: numbers.n, failed: numbers.failed, judged: numbers.judged },
      what,
    );
    const found = {
      failure: [failure.share, failure.low, failure.high],
      before: [before.p50, before.p90],
      after: [after.p50, after.p90],
    };
    for (const [name, values] of Object.entries(found))
      for (const [at, value] of values.entries()) {
        const expected = numbers[name][at] ?? NaN;
        const isNear = Math.abs(value - expected) <= 1e-9 * Math.max(1, Math.abs(expected));
        const isNone = Number.isNaN(value) && Number.isNaN(expected);
        assert.ok(isNear || isNone, `${what}: ${name} ${value} ${expected}`);
      }
  }
});

test("the last failure, the longest run and the longest wait are found, each a row of those that are asked for", () => {
  const run = (
    /** @type {string} */ status,
    /** @type {number} */ at,
    /** @type {number} */ wait,
    /** @type {number} */ length,
  ) => [...[status, at, at + wait, at + wait + length, 9e12, "job", true]];
  const [early, middle, late] = [
    run("failed", 1e12, 30, 50),
    run("succeeded", 2e12, 10, 900),
    run("failed", 3e12, 20, 5),
  ];
  // One waits yet, one was cancelled before it began, one succeeded without a start that can be read.
  const waiting = ["queued", 4e12, NaN, NaN, 4e12 + 25, "job", true];
  const cancelled = ["cancelled", 5e12, NaN, 5e12 + 40, 9e12, "job", true];
  const unclear = ["succeeded", 6e12, NaN, 6e12 + 99, 9e12, "job", true];
  const held = heldOf([early, middle, late, waiting, cancelled, unclear]);
  const found = (/** @type {number[]} */ rows) => {
    const { lastFailure, longest, longestWait } = numbersOf(held, rows);
    return [lastFailure, longest, longestWait];
  };
  assert.deepEqual(found([0, 1, 2]), [2, 1, 0]);
  assert.deepEqual(found([0]), [0, 0, 0]);
  assert.deepEqual(found([1, 2, 3]), [2, 1, 3]);
  assert.deepEqual(found([0, 3, 4, 5]), [0, 0, 4]);
  assert.deepEqual(found([5]), [-1, -1, -1]);
  assert.deepEqual(found([]), [-1, -1, -1]);
});

test("the runs of a picture are counted where Python counts them", () => {
  for (const { count, brief, counted } of bothSides("counted")) {
    const runs = Array.from({ length: count }, (_, row) => [
      "succeeded",
      0,
      0,
      row < brief ? 2 : 3,
    ]);
    const model = modelOf(dataOf({ runs, now: 0 }));
    const all = touching(model, -Infinity, Infinity);
    const bands = [all.filter((p) => p % 2), all.filter((p) => p % 2 === 0)];
    assert.equal(areCounted(model, bands, 1), counted, JSON.stringify({ count, brief }));
  }
});
