import assert from "node:assert/strict";
import { test } from "node:test";
import { courseOf } from "../run/intervals.mjs";
import { retention } from "../run/retention.mjs";

const NOW = Date.parse("2026-01-01T00:01:00Z");
const at = (/** @type {number | null} */ second) => (second === null ? null : `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`);
/** @param {number | null} created @param {number | null} started @param {number | null} completed @param {boolean} [live] */
const course = (created, started, completed, live = false) => courseOf({ created_at: at(created), started_at: at(started), completed_at: at(completed) }, live, NOW);

test("an interval is closed only where both its ends are recorded", () => {
  const { before, after, undivided, share, toScale } = course(0, 10, 40);
  assert.deepEqual([before, after, undivided], [{ kind: "closed", words: "10 s before start" }, { kind: "closed", words: "30 s after start" }, null]);
  assert.deepEqual([share, toScale], [0.25, true]);
  assert.deepEqual([course(null, 10, 40).before.kind, course(0, 10, null).after.kind, course(null, null, null).before.kind], ["missing", "missing", "missing"]);
});

test("a live run is open up to the moment of reading, one that has ended is not", () => {
  assert.deepEqual(course(0, 10, null, true).after, { kind: "open", words: "50 s since start, open when read" });
  assert.deepEqual(course(0, null, null, true).before, { kind: "open", words: "1 min since created, no start recorded" });
  assert.equal(course(0, null, null).before.kind, "missing");
});

test("without a start the two intervals are one", () => {
  assert.deepEqual(course(0, null, 41).undivided, { kind: "closed", words: "41 s from created to completed" });
});

test("times in reverse are a point and said to be", () => {
  assert.deepEqual(course(0, 10, 7).after, { kind: "reversed", words: "a point: completed before started by 3 s" });
  assert.deepEqual(course(10, 7, 9).before.kind, "reversed");
});

test("a part that is too short to write on is widened, and that is known", () => {
  const { share, toScale } = course(0, 1, 59);
  assert.ok(share > 1 / 59 && !toScale);
  assert.equal(course(5, 5, 5).toScale, false);
});

test("a time after the moment of reading is noted, and no length is made of it", () => {
  const future = courseOf({ created_at: "2026-01-01T00:00:00Z", started_at: "2026-01-01T01:00:00Z", completed_at: null }, true, NOW);
  assert.deepEqual(future.notes, ["a recorded time lies after the moment of reading"]);
  assert.deepEqual(future.after, { kind: "open", words: "since start, open when read" });
});

test("the end of a kept sandbox is told only where one may be kept", () => {
  const doc = (/** @type {object} */ fields, absent = []) => retention(/** @type {any} */ ({ fields: { retain_on_failure: true, retention_seconds: 90, status: "failed", completed_at: at(10), ...fields }, absent }));
  assert.deepEqual(doc({}), { words: "kept on failure for 1 min 30 s", until: "2026-01-01T00:01:40Z" });
  assert.deepEqual(doc({ retention_seconds: null }), { words: "kept on failure for 1 h (the default)", until: "2026-01-01T01:00:10Z" });
  assert.equal(doc({ status: "succeeded" }).until, null);
  assert.equal(doc({ status: "running" }).until, null);
  assert.equal(doc({ completed_at: null }).until, null);
  assert.equal(doc({ status: null }).until, "2026-01-01T00:01:40Z");
  assert.equal(doc({ retention_seconds: "9223372036854775807" }).until, null);
  assert.equal(doc({ retain_on_failure: false }).words, "not kept on failure");
  assert.equal(doc({ retain_on_failure: null }, /** @type {any} */ (["retain_on_failure"])).words, "not in the record: the deployment's setting holds");
});
