import assert from "node:assert/strict";
import { test } from "node:test";
import "./head.mjs";
import { sortValue } from "../run/outputs.mjs";
import { sorted } from "../base/table.mjs";
import { exactSize, humanSize } from "../base/numbers.mjs";
import { clip, shortText, visibleLines } from "../base/text.mjs";
import { duration, isoText, isZone, milliseconds, moment } from "../base/times.mjs";

test("durations show the two units that matter", () => {
  const words = {
    0: "0 s",
    0.5: "500 µs",
    7: "7 ms",
    340: "340 ms",
    2100: "2.1 s",
    41300: "41.3 s",
    59960: "1 min",
    192000: "3 min 12 s",
    3599600: "1 h",
    3840000: "1 h 4 min",
    183600000: "2 d 3 h",
  };
  for (const [ms, text] of Object.entries(words)) assert.equal(duration(Number(ms)), text);
});

test("a moment is shown in its zone, with the zone, and its fraction to the last digit", () => {
  assert.deepEqual(moment("2023-11-07T05:31:56.120034Z", "Europe/Berlin"), {
    date: "2023-11-07",
    time: "06:31:56.120034",
    offset: "UTC+1",
    zone: "Europe/Berlin (UTC+1)",
    utc: "2023-11-07 05:31:56.120034 UTC",
  });
  assert.deepEqual(
    [
      moment("2023-11-07T20:00:00Z", "Asia/Kolkata").date,
      moment("0001-01-01T00:00:00Z", "UTC").date,
    ],
    ["2023-11-08", "0001-01-01"],
  );
  assert.equal(moment("2023-11-07T20:00:00Z", "UTC").zone, "UTC");
  const edges = [
    ["0001-01-01T00:00:00Z", "America/New_York"],
    ["9999-12-31T23:59:59Z", "Asia/Kolkata"],
  ].map(([text, zone]) => moment(text, zone));
  assert.deepEqual(
    edges.map(({ date, time, zone }) => `${date} ${time} ${zone}`),
    ["0001-01-01 00:00:00 UTC", "9999-12-31 23:59:59 UTC"],
  );
  assert.equal(moment("0001-12-31T12:00:00Z", "America/New_York").date, "0001-12-31");
});

test("canonical text and milliseconds are each other's inverse to the millisecond", () => {
  for (const text of ["2023-11-07T05:31:56Z", "1969-12-31T23:59:59.5Z", "2023-11-07T05:31:50.12Z"])
    assert.equal(isoText(milliseconds(text)), text);
  assert.equal(milliseconds("2023-11-07T05:31:56.000250Z") % 1, 0.25);
  assert.ok(
    [null, undefined, "", 5, "2023-11-07T05:31:56"].every((nothing) =>
      Number.isNaN(milliseconds(nothing)),
    ),
  );
});

test("a zone that does not exist is known not to", () => {
  assert.deepEqual(["UTC", "Europe/Berlin", "Mars/Phobos", "", "<b>"].map(isZone), [
    true,
    true,
    false,
    false,
    false,
  ]);
});

test("sizes are short in words and exact to the byte", () => {
  const sizes = /** @type {const} */ ([
    [0, "0 B", "0 bytes"],
    [1, "1 B", "1 byte"],
    [999, "999 B", "999 bytes"],
    [48213, "48.2 kB", "48,213 bytes"],
    [999_999, "1 MB", "999,999 bytes"],
    ["18446744073709551615", "18.4 EB", "18,446,744,073,709,551,615 bytes"],
    ["?", "?", "?"],
    [null, "", ""],
  ]);
  for (const [bytes, human, exact] of sizes)
    assert.deepEqual([humanSize(bytes), exactSize(bytes)], [human, exact]);
});

test("what is not recorded comes last, whichever way the table is sorted", () => {
  const rows = [{ size_bytes: 10 }, { size_bytes: null }, { size_bytes: 9 }, { size_bytes: "100" }];
  const sizes = (/** @type {boolean} */ falling) =>
    sorted(rows, (row) => sortValue(row, "size_bytes"), falling).map((row) => row.size_bytes);
  assert.deepEqual(sizes(false), [9, 10, "100", null]);
  assert.deepEqual(sizes(true), ["100", 10, 9, null]);
  assert.deepEqual(
    sorted([..."b9", "a10", 3, "a9"], (row) => row, false),
    [3, "9", "a9", "a10", "b"],
    "numbers before words, numbers in words by their size",
  );
});

test("text is cut between characters, and what is unseen in it is made visible", () => {
  assert.equal(clip("ab😀", 3), "ab");
  assert.equal(shortText("abcdef", 3), "abc…");
  assert.equal(visibleLines("a\u202eb\nc\u0000"), "a‹U+202E›b\nc␀");
});
