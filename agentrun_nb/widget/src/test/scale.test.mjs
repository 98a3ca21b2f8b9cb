import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { formatTime, formatZone, instant, ticks, wallTime } from "../base/ticks.mjs";

const SPANS = [10, 90, 700, 4e3, 6e4, 7e5, 36e5, 2e7, 864e5, 5e8, 3e9, 4e10, 7e11, 3e13];
const STARTS = [
  0,
  Date.UTC(2026, 2, 29),
  Date.UTC(2026, 9, 25) - 3600e3,
  1795411916123.25,
  Date.UTC(1583, 0, 1),
];
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"];

test("ticks rise, lie within the window and are as many as asked at most, at every scale in every zone", () => {
  for (const zone of ZONES)
    for (const start of STARTS)
      for (const span of SPANS)
        for (const most of [3, 8]) {
          const found = ticks(start, start + span, zone, most);
          const said = `${zone} ${start} ${span} ${most}: ${JSON.stringify(found)}`;
          assert.ok(found.length <= most + 1, said);
          assert.ok(
            found.every(
              ({ at }, i) => at >= start && at <= start + span && (i === 0 || at > found[i - 1].at),
            ),
            said,
          );
          if (most === 8) assert.ok(found.length >= 1, said);
        }
});

test("ticks are round on the wall clock of the zone", () => {
  const start = Date.UTC(2026, 10, 24, 5, 31);
  assert.deepEqual(
    ticks(start, start + 3600e3, "Asia/Kolkata", 5).map(({ label, context }) => [label, context]),
    [
      ["11:15", "2026-11-24"],
      ["11:30", ""],
      ["11:45", ""],
      ["12:00", ""],
    ],
  );
  assert.deepEqual(
    ticks(start, start + 3 * 864e5, "UTC", 4).map(({ label, context }) => [label, context]),
    [
      ["25 Nov", "2026"],
      ["26 Nov", ""],
      ["27 Nov", ""],
    ],
  );
  assert.deepEqual(
    ticks(start, start + 500, "UTC", 4).map(({ label }) => label),
    ["05:31:00.000", "05:31:00.200", "05:31:00.400"],
  );
});

test("ticks of weeks are Mondays", () => {
  const found = ticks(Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 20), "UTC", 8);
  assert.deepEqual(
    found.map(({ at }) => new Date(at).getUTCDay()),
    Array(7).fill(1),
  );
});

test("the date is written where it changes", () => {
  const start = Date.UTC(2026, 11, 31, 20);
  assert.deepEqual(
    ticks(start, start + 12 * 3600e3, "UTC", 6).map(({ context }) => context),
    ["2026-12-31", "", "2027-01-01", "", "", "", ""],
  );
});

test("an instant goes to the wall and back", () => {
  for (const zone of ZONES)
    for (const start of STARTS)
      assert.equal(instant(wallTime(start, zone), zone), start, `${zone} ${start}`);
});

test("ticks are those of the cases that the still picture is held to as well", () => {
  const cases = JSON.parse(
    readFileSync(new URL("../../../../tests/both_sides/ticks.json", import.meta.url), "utf8"),
  );
  for (const { zone, start, end, most, ticks: expected } of cases) {
    assert.deepEqual(
      ticks(start, end, zone, most).map(({ at, label, context }) => [at, label, context]),
      expected,
      `${zone} ${start}`,
    );
  }
});

/** @param {number} start @param {number} hours @param {string} zone @param {number} most */
const labels = (start, hours, zone, most) =>
  ticks(start, start + hours * 3600e3, zone, most).map(({ label }) => label);

test("both of an hour that comes twice are ticked and told apart by their offsets, and a time that is skipped is not", () => {
  const autumn = Date.UTC(2026, 10, 1, 4);
  assert.deepEqual(labels(autumn, 4, "America/New_York", 5), [
    "00:00",
    "01:00 UTC-4",
    "01:00 UTC-5",
    "02:00",
    "03:00",
  ]);
  assert.deepEqual(labels(autumn + 3600e3, 2, "America/New_York", 5), [
    "01:00 UTC-4",
    "01:30 UTC-4",
    "01:00 UTC-5",
    "01:30 UTC-5",
    "02:00",
  ]);
  assert.deepEqual(labels(Date.UTC(2026, 9, 25, 0), 3, "Europe/Berlin", 4), [
    "02:00 UTC+2",
    "02:00 UTC+1",
    "03:00",
    "04:00",
  ]);
  assert.deepEqual(labels(Date.UTC(2026, 2, 29, 0), 3, "Europe/Berlin", 4), [
    "01:00",
    "03:00",
    "04:00",
    "05:00",
  ]);
  assert.deepEqual(labels(Date.UTC(2026, 3, 4, 14), 2, "Australia/Lord_Howe", 5), [
    "01:00",
    "01:30 UTC+11",
    "01:30 UTC+10:30",
    "02:00",
    "02:30",
  ]);
  assert.deepEqual(labels(Date.UTC(2026, 10, 1, 4), 4, "UTC", 5), [
    "04:00",
    "05:00",
    "06:00",
    "07:00",
    "08:00",
  ]);
});

test("days begin at their first instant over a change of the clock, whatever the zone", () => {
  const at = (
    /** @type {number} */ start,
    /** @type {number} */ days,
    /** @type {string} */ zone,
  ) =>
    ticks(start, start + days * 864e5, zone, Math.ceil(days)).map(
      ({ at, label }) => `${label} ${new Date(at).toISOString().slice(8, 16)}`,
    );
  assert.deepEqual(at(Date.UTC(2026, 9, 30, 4), 4, "America/New_York"), [
    "30 Oct 30T04:00",
    "31 Oct 31T04:00",
    "1 Nov 01T04:00",
    "2 Nov 02T05:00",
  ]);
  assert.deepEqual(at(Date.UTC(2026, 9, 23, 22), 3.05, "Europe/Berlin"), [
    "24 Oct 23T22:00",
    "25 Oct 24T22:00",
    "26 Oct 25T23:00",
    "27 Oct 26T23:00",
  ]);
  assert.deepEqual(at(Date.UTC(2011, 11, 29, 10), 3, "Pacific/Apia"), [
    "29 Dec 29T10:00",
    "31 Dec 30T10:00",
    "1 Jan 31T10:00",
    "2 Jan 01T10:00",
  ]);
  assert.deepEqual(at(Date.UTC(2018, 10, 3, 3), 2, "America/Sao_Paulo"), [
    "3 Nov 03T03:00",
    "4 Nov 04T03:00",
    "5 Nov 05T02:00",
  ]);
});

test("a time that a clock shows twice is told with its offset, every other without", () => {
  const first = Date.UTC(2026, 10, 1, 5, 30);
  assert.deepEqual(
    [first - 3600e3, first, first + 3600e3, first + 2 * 3600e3].map((at) =>
      formatTime(at, "America/New_York"),
    ),
    [
      "2026-11-01 00:30:00",
      "2026-11-01 01:30:00 UTC-4",
      "2026-11-01 01:30:00 UTC-5",
      "2026-11-01 02:30:00",
    ],
  );
});

test("a zone is told with every offset that it has in a stretch of time", () => {
  const zoned = (
    /** @type {number} */ start,
    /** @type {number} */ end,
    zone = "America/New_York",
  ) => formatZone({ start, end }, zone);
  const change = Date.UTC(2026, 10, 1, 6);
  assert.equal(zoned(change - 3600e3, change - 1), "America/New_York (UTC-4)");
  assert.equal(zoned(change - 3600e3, change + 1), "America/New_York (UTC-4 to UTC-5)");
  assert.equal(zoned(change, change + 3600e3), "America/New_York (UTC-5)");
  assert.equal(zoned(Date.UTC(2026, 0), Date.UTC(2027, 0)), "America/New_York (UTC-5 to UTC-4)");
  assert.equal(zoned(Date.UTC(2026, 0), Date.UTC(2026, 0)), "America/New_York (UTC-5)");
  assert.equal(zoned(0, change, "UTC"), "UTC");
});

test("a day without an hour has its ticks after the jump where they belong", () => {
  const start = Date.UTC(2026, 2, 29, 0, 0);
  const found = ticks(start, start + 4 * 3600e3, "Europe/Berlin", 5);
  assert.deepEqual(
    [...new Set(found.map(({ at }) => (at - start) / 3600e3))],
    found.map(({ at }) => (at - start) / 3600e3),
  );
  assert.equal(found.at(-1)?.label, "06:00");
});

test("times are written in their zone, and the zone with its offset", () => {
  assert.equal(
    formatTime(Date.UTC(2026, 10, 24, 5, 31, 56, 123), "Asia/Kolkata"),
    "2026-11-24 11:01:56.123",
  );
  assert.equal(formatTime(Date.UTC(2026, 10, 24, 5, 31, 56), "UTC"), "2026-11-24 05:31:56");
  assert.equal(
    formatZone({ start: Date.UTC(2026, 6, 1), end: Date.UTC(2026, 6, 2) }, "America/St_Johns"),
    "America/St_Johns (UTC-2:30)",
  );
});
