/** What the page tells and draws is what Python does without it: both read the cases of `tests/both_sides`. */
import assert from "node:assert/strict";
import test from "node:test";
import { HEAD, bothSides } from "./head.mjs";
import { LOOKS } from "../base/status.mjs";
import { duration } from "../base/times.mjs";
import { courseOf } from "../run/course.mjs";
import { fittingGrouping } from "../timeline/grouping.mjs";
import { columns, pack } from "../timeline/layout.mjs";
import { KIND, NONE, index, touching } from "../timeline/model.mjs";

test("a length of time has the words that Python gives it", () => {
  for (const { ms, words } of bothSides("durations")) assert.equal(duration(ms ?? NaN), words, ms);
});

test("the course of a run has the words that Python gives it", () => {
  for (const { created, started, completed, live, now, stretches } of bothSides("courses")) {
    const fields = { created_at: created, started_at: started, completed_at: completed };
    const told = courseOf(fields, live, now).intervals.map(({ kind, words }) => [kind, words]);
    assert.deepEqual(told, stretches, JSON.stringify({ ...fields, live, now }));
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

const KINDS = Object.keys(KIND);
/** @param {number} at */
const orNull = (at) => (Number.isNaN(at) ? null : at);

test("runs lie where Python lays them", () => {
  for (const picture of bothSides("pictures")) {
    const { what, start, end, width, height } = picture;
    const model = index(dataOf(picture));
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
    const model = index({ ...data, deployment: codes(deployments), version: codes(versions) });
    assert.equal(fittingGrouping(model), by, JSON.stringify({ count, deployments, versions }));
  }
});
