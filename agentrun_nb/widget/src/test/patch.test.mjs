import test from "node:test";
import assert from "node:assert/strict";
import { takePatch } from "../kernel/patch.mjs";

const ref = (/** @type {number} */ buffer) => ({ buffer, gzip: false });
const bytes = (/** @type {Uint32Array | Float64Array} */ values) => new Uint8Array(values.buffer);

/** A page of one run, told of by a first version. @returns {any} */
const pageOfOne = () => ({
  page: { n: 1, version: 1, now: 0 },
  columns: { until: new Float64Array(1) },
});

/** What a kernel tells of rows that it has looked at. @param {number} version @param {Uint32Array} rows @returns {any} */
const told = (version, rows) => ({
  answer: { version, now: version, rows: ref(0), until: ref(1), changed: ref(0) },
  buffers: [bytes(rows), bytes(new Float64Array(rows.length).fill(7))],
});

test("rows are taken once and in their order, so that a page knows that it lacks some", async () => {
  const held = pageOfOne();
  const row = Uint32Array.of(0);
  assert.equal(await takePatch(held, told(1, row)), null, "it has them");
  assert.equal(await takePatch(held, told(3, row)), null, "those before them did not come");
  assert.deepEqual([held.page.version, held.columns.until[0]], [1, 0]);
  assert.ok(await takePatch(held, told(2, row)));
  assert.deepEqual([held.page.version, held.columns.until[0]], [2, 7]);
});

test("any number of runs may come at once", async () => {
  const held = pageOfOne();
  const rows = Uint32Array.from({ length: 300_000 }, (_, i) => i);
  const taken = await takePatch(held, told(2, rows));
  assert.equal(taken?.added, 299_999);
  assert.deepEqual([held.page.n, held.columns.until.at(-1)], [300_000, 7]);
});
