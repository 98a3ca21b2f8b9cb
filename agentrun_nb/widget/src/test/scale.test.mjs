import assert from "node:assert/strict";
import test from "node:test";
import { formatTime, formatZone, instant, ticks, wallTime } from "../base/ticks.mjs";

const SPANS = [10, 90, 700, 4e3, 6e4, 7e5, 36e5, 2e7, 864e5, 5e8, 3e9, 4e10, 7e11, 3e13];
const STARTS = [0, Date.UTC(2026, 2, 29), Date.UTC(2026, 9, 25) - 3600e3, 1795411916123.25, Date.UTC(1583, 0, 1)];
const ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns", "Australia/Lord_Howe"];

test("ticks rise, lie within the window and are as many as asked at most, at every scale in every zone", () => {
  for (const zone of ZONES) for (const start of STARTS) for (const span of SPANS) for (const most of [3, 8]) {
    const found = ticks(start, start + span, zone, most);
    const said = `${zone} ${start} ${span} ${most}: ${JSON.stringify(found)}`;
    assert.ok(found.length <= most + 1, said);
    assert.ok(found.every(({ at }, i) => at >= start && at <= start + span && (i === 0 || at > found[i - 1].at)), said);
    if (most === 8) assert.ok(found.length >= 1, said);
  }
});

test("ticks are round on the wall clock of the zone", () => {
  const start = Date.UTC(2026, 10, 24, 5, 31);
  assert.deepEqual(ticks(start, start + 3600e3, "Asia/Kolkata", 5).map(({ label, context }) => [label, context]),
    [["11:15", "2026-11-24"], ["11:30", ""], ["11:45", ""], ["12:00", ""]]);
  assert.deepEqual(ticks(start, start + 3 * 864e5, "UTC", 4).map(({ label, context }) => [label, context]), [["25 Nov", "2026"], ["26 Nov", ""], ["27 Nov", ""]]);
  assert.deepEqual(ticks(start, start + 500, "UTC", 4).map(({ label }) => label), ["05:31:00.000", "05:31:00.200", "05:31:00.400"]);
});

test("ticks of weeks are Mondays", () => {
  const found = ticks(Date.UTC(2026, 9, 1), Date.UTC(2026, 10, 20), "UTC", 8);
  assert.deepEqual(found.map(({ at }) => new Date(at).getUTCDay()), Array(7).fill(1));
});

test("the date is written where it changes", () => {
  const start = Date.UTC(2026, 11, 31, 20);
  assert.deepEqual(ticks(start, start + 12 * 3600e3, "UTC", 6).map(({ context }) => context), ["2026-12-31", "", "2027-01-01", "", "", "", ""]);
});

test("an instant goes to the wall and back", () => {
  for (const zone of ZONES) for (const start of STARTS) assert.equal(instant(wallTime(start, zone), zone), start, `${zone} ${start}`);
});

test("a day without an hour has its ticks after the jump where they belong", () => {
  const start = Date.UTC(2026, 2, 29, 0, 0);
  const found = ticks(start, start + 4 * 3600e3, "Europe/Berlin", 5);
  assert.deepEqual([...new Set(found.map(({ at }) => (at - start) / 3600e3))], found.map(({ at }) => (at - start) / 3600e3));
  assert.equal(found.at(-1)?.label, "06:00");
});

test("times are written in their zone, and the zone with its offset", () => {
  assert.equal(formatTime(Date.UTC(2026, 10, 24, 5, 31, 56, 123), "Asia/Kolkata"), "2026-11-24 11:01:56.123");
  assert.equal(formatTime(Date.UTC(2026, 10, 24, 5, 31, 56), "UTC"), "2026-11-24 05:31:56");
  assert.equal(formatZone({ start: Date.UTC(2026, 6, 1), end: Date.UTC(2026, 6, 2) }, "America/St_Johns"), "America/St_Johns (UTC-2:30)");
});
