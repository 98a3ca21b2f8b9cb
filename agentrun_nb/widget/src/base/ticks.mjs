/** Times on an axis: instants are ms since the epoch (UTC); a zone is an IANA name; a wall time is what a clock shows there, written as if it were UTC. */

import { isoText, moment } from "./times.mjs";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = 4 * DAY;
export const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** @type {(unit: number, ...sizes: number[]) => number[]} */
const every = (unit, ...sizes) => sizes.map((size) => size * unit);
const STEPS = [
  ...every(1, 1, 2, 5, 10, 20, 50, 100, 200, 500),
  ...every(SECOND, 1, 2, 5, 10, 15, 30),
  ...every(MINUTE, 1, 2, 5, 10, 15, 30),
  ...every(HOUR, 1, 2, 3, 6, 12),
  ...every(DAY, 1, 2, 7, 14),
];
const MONTH_STEPS = [1, 3, 6, ...every(12, 1, 2, 5, 10, 20, 50, 100, 500, 1000, 5000)];

/** @typedef {{at: number, label: string, context: string}} Tick  `context` is the date or year where it changes, else "" */

/** @param {number} at @param {string} zone @returns {number} the wall time of an instant */
export function wallTime(at, zone) {
  if (zone === "UTC") return at;
  const { date, time } = moment(isoText(Math.floor(at / SECOND) * SECOND), zone);
  return Date.parse(`${date}T${time}Z`) + (((at % SECOND) + SECOND) % SECOND);
}

/** @param {number} at @param {string} zone @returns {number} how far the clock of the zone is ahead of UTC, in ms */
function aheadOf(at, zone) {
  const whole = Math.floor(at / SECOND) * SECOND;
  return wallTime(whole, zone) - whole;
}

/** The instants at which a clock shows a wall time: none where it skips it, two where it goes back. @param {number} clockTime @param {string} zone @returns {number[]} rising */
function instants(clockTime, zone) {
  // No zone of today is a day ahead or behind, so a day before and after the clock has the offsets of both sides of a change.
  const offsets = new Set([clockTime - DAY, clockTime + DAY].map((at) => aheadOf(at, zone)));
  return [...offsets]
    .map((offset) => clockTime - offset)
    .filter((at) => at + aheadOf(at, zone) === clockTime)
    .sort((a, b) => a - b);
}

/** @param {number} clockTime @param {string} zone @returns {number} the first instant of a wall time; where a clock skips it, the instant at which it goes on as much later */
export const instant = (clockTime, zone) =>
  instants(clockTime, zone)[0] ?? clockTime - aheadOf(clockTime - DAY, zone);

/** @param {number} at @param {string} zone @returns {string} like " UTC-4" where the clock shows the time of an instant twice, else "" */
function offsetWhereTwice(at, zone) {
  if (zone === "UTC" || instants(wallTime(at, zone), zone).length < 2) return "";
  return ` ${offsetOf(at, zone)}`;
}

/** @param {number} clockTime @returns {[string, string]} date and time of day */
const dateAndTime = (clockTime) =>
  /** @type {[string, string]} */ (new Date(clockTime).toISOString().slice(0, -1).split("T"));

/** @param {number} at @param {string} zone @returns {string} like "2026-11-24 05:31:56.123"; the zone is written elsewhere, once, but in an hour that comes twice its offset stands here too */
export const formatTime = (at, zone) =>
  dateAndTime(wallTime(at, zone))
    .join(" ")
    .replace(/\.000$/, "") + offsetWhereTwice(at, zone);

/** @param {number} at @param {string} zone @returns {string} like "UTC+5:30" */
const offsetOf = (at, zone) => moment(isoText(at), zone).offset;

/** A change of the clock and the way back lie further apart than this in the zones of today. */
const LOOKS_APART = 20 * DAY;
const MOST_LOOKS = 100;

/**
 * The zone with the offsets that it has in a stretch of time.
 * @param {{start: number, end: number}} stretch @param {string} zone
 * @returns {string} like "Asia/Kolkata (UTC+5:30)", "America/New_York (UTC-4 to UTC-5)"
 */
export function formatZone({ start, end }, zone) {
  if (zone === "UTC") return zone;
  const looks = Math.min(MOST_LOOKS, Math.ceil((end - start) / LOOKS_APART));
  const offsets = new Set([offsetOf(start, zone)]);
  for (let look = 1; look <= looks; look++)
    offsets.add(offsetOf(start + ((end - start) * look) / looks, zone));
  return `${zone} (${[...offsets].join(offsets.size > 2 ? ", " : " to ")})`;
}

/**
 * Readable ticks at round wall times.
 * @param {number} start @param {number} end @param {string} zone @param {number} most how many fit
 * @returns {Tick[]} rising, all within start and end
 */
export function ticks(start, end, zone, most) {
  const step = STEPS.find((size) => (end - start) / size <= most);
  const found = !step
    ? monthTicks(start, end, zone, most)
    : step < DAY
      ? clockTicks(start, end, zone, step)
      : dayTicks(start, end, zone, step);
  return found.map((tick, i) => ({
    ...tick,
    context: tick.context === found[i - 1]?.context ? "" : tick.context,
  }));
}

/** Ticks at round times of the day. @param {number} start @param {number} end @param {string} zone @param {number} step @returns {Tick[]} */
function clockTicks(start, end, zone, step) {
  const found = [];
  // Each offset that the zone has here has round instants of its own; those count while the zone has that offset.
  for (const offset of new Set([aheadOf(start, zone), aheadOf(end, zone)])) {
    for (let at = Math.ceil((start + offset) / step) * step - offset; at <= end; at += step) {
      if (aheadOf(at, zone) !== offset) continue;
      const [date, time] = dateAndTime(at + offset);
      const label = time.slice(0, step < SECOND ? 12 : step < MINUTE ? 8 : 5);
      found.push({ at, label: label + offsetWhereTwice(at, zone), context: date });
    }
  }
  return found.sort((a, b) => a.at - b.at);
}

/** Ticks where days begin; of weeks, where Mondays do. @param {number} start @param {number} end @param {string} zone @param {number} step @returns {Tick[]} */
function dayTicks(start, end, zone, step) {
  const anchor = step > DAY ? MONDAY : 0;
  const last = wallTime(end, zone);
  const found = [];
  for (
    let clockTime = Math.ceil((wallTime(start, zone) - anchor) / step) * step + anchor;
    clockTime <= last;
    clockTime += step
  ) {
    const at = instant(clockTime, zone);
    if (at < start || at > end || at <= (found.at(-1)?.at ?? -Infinity)) continue;
    // Clocks may skip midnight, and islands have skipped a whole day: what begins here is what the clock shows.
    const [year, month, day] = dateAndTime(wallTime(at, zone))[0].split("-");
    found.push({ at, label: `${Number(day)} ${MONTHS[Number(month) - 1]}`, context: year });
  }
  return found;
}

/** @param {number} start @param {number} end @param {string} zone @param {number} most @returns {Tick[]} */
function monthTicks(start, end, zone, most) {
  const months = (end - start) / (30.4 * DAY);
  const step = MONTH_STEPS.find((size) => months / size <= most) ?? 120_000;
  const first = new Date(wallTime(start, zone));
  const found = [];
  for (
    let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step;
    ;
    month += step
  ) {
    const year = Math.floor(month / 12);
    const at = instant(new Date(0).setUTCFullYear(year, month - year * 12, 1), zone);
    if (!(at <= end)) return found;
    if (at >= start)
      found.push(
        step < 12
          ? { at, label: MONTHS[month - year * 12], context: String(year) }
          : { at, label: String(year), context: "" },
      );
  }
}
