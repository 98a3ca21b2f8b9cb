import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD } from "./head.mjs";
import { oneOfEachPlace } from "../durations/crowd.mjs";
import { nearest, pointsOf, within } from "../durations/points.mjs";
import { createScale, lengthTicks, lengthsAround } from "../durations/scale.mjs";
import { emptyWords, notes, runLines } from "../durations/words.mjs";

const NONE = 0xffffffff;
const ENDED = HEAD.statuses.findIndex(({ terminal }) => terminal);
const GOING = HEAD.statuses.findIndex(({ terminal }) => !terminal);

/** A state of runs: created, length after start (NaN: not known), version, whether it goes on. */
function stateOf(runs) {
  const n = runs.length;
  const created = Float64Array.from(runs, ({ created: at = 0 }) => at);
  const started = Float64Array.from(created, (at) => at + 1);
  const isGoing = runs.map(({ isGoing = false }) => isGoing);
  const completed = Float64Array.from(runs, ({ length = 1000, isGoing = false }, row) =>
    isGoing ? NaN : started[row] + length,
  );
  const columns = {
    created,
    started,
    completed,
    until: Float64Array.from(runs, ({ length = 1000 }, row) => started[row] + length),
    status: Uint32Array.from(isGoing, (going) => (going ? GOING : ENDED)),
    version: Uint32Array.from(runs, ({ version = 0 }) => version ?? NONE),
    deployment: new Uint32Array(n),
    ids: runs.map((_, row) => `run_${row}`),
  };
  const statuses = HEAD.statuses.map(({ name }) => name);
  const page = { n, statuses, versions: ["v_a", "v_b"], deployments: ["d"] };
  const shown = Uint32Array.from(runs.keys());
  return { data: { page, columns }, shown, names: new Map(), tz: "UTC" };
}

test("points are in the order of time, and runs without a length are counted apart", () => {
  const state = stateOf([
    { created: 5 },
    { created: 3 },
    { created: 4, length: NaN },
    { created: NaN },
  ]);
  const points = pointsOf(state);
  assert.deepEqual([[...points.rows], points.missing], [[1, 0], 2]);
  assert.match(notes(points, false), /not here: 2 runs without a length$/);
});

test("of a crowd a look is drawn as often as it is there, and nothing that stands alone is left out", () => {
  const [side, width, height] = [5, 600, 400];
  const random = seeded(7);
  const n = 100_000;
  // A tenth failed, and lies over the others: as in a week in which that many runs were created.
  const failed = Array.from({ length: n }, () => random() < 0.1);
  const xs = Float32Array.from({ length: n + 1 }, () => random() * 500);
  const ys = Float32Array.from({ length: n + 1 }, () => random() * 300);
  [xs[n], ys[n]] = [598, 398];
  const drawn = [...(oneOfEachPlace(xs, ys, side, width, height) ?? [])];
  assert.ok(drawn.length <= 101 * 61 + 1);
  assert.ok(drawn.includes(n), "the one that stands alone");
  const share = drawn.filter((point) => failed[point]).length / drawn.length;
  assert.ok(share > 0.09 && share < 0.11, String(share));
  const again = oneOfEachPlace(xs, ys, side, width, height) ?? [];
  assert.deepEqual([...again], drawn, "the same each time");
  assert.equal(oneOfEachPlace(xs.slice(0, 300), ys.slice(0, 300), side, width, height), null);
  assert.equal(oneOfEachPlace([], [], side, width, height), null);
});

/** Numbers from 0 to 1, the same each time (the generator of Lehmer). @param {number} seed */
function seeded(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

test("nothing at all is no error, and says why nothing is drawn", () => {
  assert.equal(emptyWords(pointsOf(stateOf([]))), "There are no runs to show.");
  const none = pointsOf(stateOf([{ length: NaN }, { length: NaN }]));
  assert.equal(emptyWords(none), "None of 2 runs has a length after start.");
});

test("a median is of the ended runs of a version, where there are three or more", () => {
  const runs = [
    ...[10, 30, 20].map((length) => ({ length })),
    { length: 1e9, isGoing: true },
    ...[1, 2].map((length) => ({ length, version: 1 })),
    ...[4, 5, 6].map((length) => ({ length, version: null })),
  ];
  const { medians, versions, isOpen } = pointsOf(stateOf(runs));
  assert.deepEqual(
    medians.map(({ name, n, length }) => [name, n, length]),
    [["v_a", 3, 20]],
  );
  assert.deepEqual([versions, isOpen.reduce((sum, one) => sum + one)], [1, 1]);
  const four = pointsOf(stateOf([1, 2, 4, 8].map((length) => ({ length }))));
  assert.equal(four.medians[0].length, 3);
});

test("a run that goes on says that its length is one so far", () => {
  const state = stateOf([{ length: 5000, isGoing: true }]);
  const lines = runLines(state, pointsOf(state), 0);
  assert.deepEqual([lines[0], lines[2]], ["d 0", "5 s after start so far"]);
});

test("every axis has lines at lengths of whole units, few enough to be read", () => {
  for (const [low, high] of [
    [0, 0],
    [1, 1],
    [1234, 1250],
    [0, 1e12],
    [1, 86_400_000],
    [5e4, 7e4],
    [3e6, 4e8],
  ])
    for (const most of [2, 4, 8, 20]) {
      const [least, longest] = lengthsAround(low, high);
      assert.ok(least <= Math.max(1, low) && longest >= high, `${low} to ${high} lie within`);
      const found = lengthTicks({ low: least, high: longest }, most);
      assert.ok(found.length >= 1 && found.length <= most, `${found.length} of ${most}`);
      assert.deepEqual(
        found,
        found.toSorted((a, b) => a.at - b.at),
      );
      assert.equal(new Set(found.map(({ label }) => label)).size, found.length);
    }
});

test("the scale goes to the ends of its box, and there and back", () => {
  const box = { left: 50, right: 450, top: 10, bottom: 210 };
  const scale = createScale({ start: 1000, end: 2000, low: 10, high: 1000 }, box);
  assert.deepEqual([scale.x(1000), scale.x(2000), scale.time(250)], [50, 450, 1500]);
  assert.deepEqual(
    [10, 100, 1000].map((length) => Math.round(scale.y(length))),
    [210, 110, 10],
  );
  assert.equal(scale.y(0), 210, "nothing has no logarithm, and stands at the bottom");
});

test("the nearest point in reach is found, and of equal ones the last drawn", () => {
  const [xs, ys] = [Float32Array.of(0, 10, 10, 50), Float32Array.of(0, 0, 0, 50)];
  assert.equal(nearest(xs, ys, 9, 1, 12), 2);
  assert.equal(nearest(xs, ys, 2, 2, 12), 0);
  assert.equal(nearest(xs, ys, 30, 30, 12), -1);
  assert.deepEqual(within(xs, ys, { left: 5, right: 60, top: -1, bottom: 60 }), [1, 2, 3]);
});
