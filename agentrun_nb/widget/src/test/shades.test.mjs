import assert from "node:assert/strict";
import { test } from "node:test";
import "./head.mjs";
import { head } from "../base/head.mjs";
import { countParts, shadingOf } from "../runs/shades.mjs";

const labels = ({ parts }) => parts.map(({ label }) => label);

test("a few values have a colour each, the most frequent first, and null is no value", () => {
  const found = shadingOf("input.a", ['"x"', '"y"', '"y"', null, "null", "true", '""', '"y"']);
  assert.deepEqual(labels(found), ["y", "x", "true", "(empty)"]);
  assert.deepEqual([...found.codes], [1, 0, 0, 4, 4, 2, 3, 0]);
  assert.deepEqual(countParts(found, Uint32Array.of(0, 1, 2, 3)), [2, 1, 0, 0, 1]);
  assert.deepEqual(found.edges, []);
});

test("of many values those that are rarer share one colour", () => {
  const most = head().shades.categories.length;
  const values = Array.from({ length: most + 3 }, (_, n) => `"v${n}"`);
  const found = shadingOf("input.a", [...values, '"v10"', '"v10"']);
  assert.equal(found.parts.length, most + 1);
  assert.deepEqual(labels(found).slice(0, 2), ["v10", "v0"]);
  assert.equal(labels(found)[most], "3 other values");
  assert.deepEqual(countParts(found, Uint32Array.from(found.codes.keys()))[most], 3);
  assert.equal(found.parts[most].colour, head().shades.other);
});

test("numbers have steps from the lowest to the highest, as both stand there", () => {
  const found = shadingOf("input.n", ["0", "1e2", null, "50", "-20.50"]);
  assert.deepEqual(found.edges, ["-20.50", "1e2"]);
  assert.equal(found.isLogarithmic, false);
  assert.equal(found.parts.length, head().shades.steps.length);
  assert.deepEqual([...found.codes], [1, 5, 6, 3, 0]);
});

test("numbers of many magnitudes have steps that grow by a factor", () => {
  const found = shadingOf("input.n", ["1", "10", "100", "1000", "10000", "100000", "1000000"]);
  assert.equal(found.isLogarithmic, true);
  assert.deepEqual([...found.codes], [0, 1, 2, 3, 4, 5, 5]);
  assert.equal(labels(found)[0], "1 to 10");
});

test("equal numbers are one step, and a whole number of any length is no error", () => {
  assert.deepEqual(labels(shadingOf("input.n", ["7", "7", null])), ["7"]);
  const long = "9".repeat(400);
  for (const values of [
    ["1", long],
    [long, long],
    ["-1e400", "1e400"],
  ]) {
    const { codes, parts } = shadingOf("input.n", values);
    for (const code of codes) assert.ok(code < parts.length);
  }
});

test("without any value there is nothing but what has none", () => {
  for (const values of [[], [null, "null"]]) {
    const found = shadingOf("input.a", values);
    assert.deepEqual(found.parts, []);
    assert.ok(found.codes.every((code) => code === 0));
  }
});
