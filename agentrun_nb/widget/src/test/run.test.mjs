import assert from "node:assert/strict";
import { test } from "node:test";
import "./head.mjs";
import { courseOf } from "../run/course.mjs";
import { retention } from "../run/retention.mjs";
import { sentenceOf } from "../run/sentence.mjs";

const NOW = Date.parse("2026-01-01T00:01:00Z");
const at = (/** @type {number | null} */ second) =>
  second === null ? null : `2026-01-01T00:00:${String(second).padStart(2, "0")}Z`;
/** @param {number | null} created @param {number | null} started @param {number | null} completed @param {boolean} [live] */
const course = (created, started, completed, live = false) =>
  courseOf(
    { created_at: at(created), started_at: at(started), completed_at: at(completed) },
    live,
    NOW,
  );

test("an interval is closed only where both its ends are recorded", () => {
  assert.deepEqual(course(0, 10, 40), {
    intervals: [
      { kind: "closed", words: "10 s before start" },
      { kind: "closed", words: "30 s after start" },
    ],
    share: 0.25,
    notes: [],
  });
  const kinds = (/** @type {[number | null, number | null, number | null]} */ ...times) =>
    course(...times).intervals.map(({ kind }) => kind);
  assert.deepEqual(
    [
      kinds(null, 10, 40),
      kinds(0, 10, null),
      kinds(0, null, null),
      kinds(null, null, null),
      kinds(null, null, 9),
    ],
    [
      ["missing", "closed"],
      ["closed", "missing"],
      ["missing", "missing"],
      ["missing", "missing"],
      ["missing"],
    ],
  );
});

test("a live run is open up to the moment of reading, one that has ended is not", () => {
  assert.deepEqual(course(0, 10, null, true).intervals[1], {
    kind: "open",
    words: "50 s since start, open when read",
  });
  assert.deepEqual(course(0, null, null, true).intervals, [
    { kind: "open", words: "1 min since created, start not known" },
    { kind: "missing", words: "not known" },
  ]);
  assert.deepEqual(course(0, 10, 40, true).notes, [
    "completed is recorded although the status says that the run goes on",
  ]);
});

test("without a start the two intervals are one", () => {
  assert.deepEqual(course(0, null, 41).intervals, [
    { kind: "closed", words: "41 s from created to completed" },
  ]);
});

test("from a zero time, as programs write it for a moment that has not come, no length is counted", () => {
  for (const zero of ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"]) {
    const words = (/** @type {string} */ started, /** @type {string} */ completed, live = true) =>
      courseOf(
        { created_at: at(0), started_at: started, completed_at: completed },
        live,
        NOW,
      ).intervals.map((interval) => interval.words);
    assert.deepEqual(words(zero, zero), ["1 min since created, start not known", "not known"]);
    assert.deepEqual(words(/** @type {string} */ (at(10)), zero), [
      "10 s before start",
      "50 s since start, open when read",
    ]);
    assert.deepEqual(words(zero, /** @type {string} */ (at(41)), false), [
      "41 s from created to completed",
    ]);
  }
});

test("times in reverse are a point and said to be", () => {
  assert.deepEqual(course(0, 10, 7).intervals[1], {
    kind: "reversed",
    words: "completed before started by 3 s",
  });
  assert.deepEqual(course(10, 7, 9).intervals[0].kind, "reversed");
});

test("the track is to scale, however short a part is", () => {
  assert.equal(course(0, 1, 59).share, 1 / 59);
  assert.equal(course(0, 58, 59).share, 58 / 59);
  assert.equal(course(0, 0, 59).share, 0);
  assert.equal(course(0, 59, 59).share, 1);
  assert.equal(course(5, 5, 5).share, 0.5, "two lengths of nothing");
  for (const times of [course(0, 1, 59), course(5, 5, 5)]) assert.deepEqual(times.notes, []);
});

test("the sentence says what the record does, and nothing of what it does not", () => {
  const HOUR = 3_600_000;
  /** @param {object} fields @param {string | null} [error] */
  const sentence = (fields, error = null) =>
    sentenceOf(
      /** @type {any} */ ({
        error,
        fields: {
          status: "failed",
          created_at: at(0),
          started_at: at(10),
          completed_at: at(40),
          exit_code: 1,
          ...fields,
        },
      }),
      NOW,
      NOW + HOUR,
    );
  assert.equal(sentence({}), "exit code 1, 30 s after start · 1 h ago");
  assert.equal(sentence({ exit_code: 0 }), "exit code 0, 30 s after start · 1 h ago");
  assert.equal(sentence({ exit_code: null }), "30 s after start · 1 h ago");
  assert.equal(
    sentence({ started_at: null }),
    "exit code 1, 40 s from created to completed · 1 h ago",
  );
  assert.equal(sentence({ completed_at: null }), "exit code 1, 10 s before start");
  assert.equal(
    sentence({ status: "running", exit_code: null, completed_at: null }),
    "50 s since start, open when read",
  );
  assert.equal(sentence({ completed_at: "2027-01-01T00:00:00Z" }).includes("ago"), false);
  assert.equal(sentence({}, "not_found"), "");
  const nothing = { created_at: null, started_at: null, completed_at: null, exit_code: null };
  assert.equal(sentence(nothing), "");
});

test("a time after the moment of reading is noted, and no length is made of it", () => {
  const future = courseOf(
    { created_at: "2026-01-01T00:00:00Z", started_at: "2026-01-01T01:00:00Z", completed_at: null },
    true,
    NOW,
  );
  assert.deepEqual(future.notes, ["a recorded time lies after the moment of reading"]);
  assert.deepEqual(future.intervals[1], { kind: "open", words: "since start, open when read" });
});

test("the end of a kept sandbox is told only of a failed run, and in the past tense when it has passed", () => {
  const doc = (/** @type {object} */ fields, now = NOW) =>
    retention(
      /** @type {any} */ ({
        fields: {
          retain_on_failure: true,
          retention_seconds: 90,
          status: "failed",
          completed_at: at(10),
          ...fields,
        },
      }),
      now,
    );
  const words = "kept on failure for 1 min 30 s",
    until = "2026-01-01T00:01:40Z";
  assert.deepEqual(doc({}), { words, until });
  assert.deepEqual(doc({}, Date.parse(until)), { words, until });
  assert.deepEqual(doc({}, Date.parse(until) + 1), { words: `was ${words}`, until });
  assert.deepEqual(doc({ retention_seconds: null }), {
    words: "kept on failure for 1 h (the default)",
    until: "2026-01-01T01:00:10Z",
  });
  assert.deepEqual(doc({ retention_seconds: null }, NOW * 2), {
    words: "was kept on failure for 1 h (the default)",
    until: "2026-01-01T01:00:10Z",
  });
  for (const status of [
    "succeeded",
    "cancelled",
    "timed_out",
    "running",
    "queued",
    "a new word",
    null,
  ])
    for (const now of [NOW, NOW * 2])
      assert.deepEqual(doc({ status }, now), { words, until: null }, String(status));
  assert.equal(doc({ completed_at: null }).until, null);
  assert.equal(doc({ retention_seconds: "9223372036854775807" }).until, null);
  for (const status of ["failed", "cancelled"])
    assert.deepEqual(doc({ status, retain_on_failure: false }), {
      words: "not kept on failure",
      until: null,
    });
  assert.deepEqual(doc({ retain_on_failure: null }), { words: "", until: null });
});

test("the end of a kept sandbox is told up to the last moment that a date can have", () => {
  const last = 8.64e15,
    completed = "2026-01-01T00:00:10Z";
  const most = (last - Date.parse(completed)) / 1000;
  const until = (/** @type {number | string} */ seconds) =>
    retention(
      /** @type {any} */ ({
        fields: {
          retain_on_failure: true,
          retention_seconds: seconds,
          status: "failed",
          completed_at: completed,
        },
      }),
      NOW,
    ).until;
  assert.equal(until(most), "+275760-09-13T00:00:00Z");
  for (const seconds of [most + 1, "9223372036854775807", "-9223372036854775808"])
    assert.equal(until(seconds), null, String(seconds));
});

test("moments that are equal are in order, and the moment of reading is not after itself", () => {
  const lengths = (/** @type {[number | null, number | null, number | null]} */ ...times) =>
    course(...times).intervals.map(({ kind, words }) => [kind, words]);
  assert.deepEqual(lengths(5, 5, 5), [
    ["closed", "0 s before start"],
    ["closed", "0 s after start"],
  ]);
  assert.deepEqual(lengths(5, null, 5), [["closed", "0 s from created to completed"]]);
  assert.deepEqual(lengths(5, null, 4), [["reversed", "completed before created by 1 s"]]);
  const now = "2026-01-01T00:01:00Z";
  assert.deepEqual(
    courseOf({ created_at: now, started_at: now, completed_at: null }, true, NOW).notes.filter(
      (note) => note.includes("after"),
    ),
    [],
  );
});
