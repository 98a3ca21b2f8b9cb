/** Times on an axis: instants are ms since the epoch (UTC); a zone is an IANA name; a wall time is what a clock shows there, written as if it were UTC. */

import { isoText, moment } from "./times.mjs";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = 4 * DAY;
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
/** @type {(unit: number, ...sizes: number[]) => number[]} */
const every = (unit, ...sizes) => sizes.map((size) => size * unit);
const STEPS = [
  ...every(1, 1, 2, 5, 10, 20, 50, 100, 200, 500), ...every(SECOND, 1, 2, 5, 10, 15, 30), ...every(MINUTE, 1, 2, 5, 10, 15, 30),
  ...every(HOUR, 1, 2, 3, 6, 12), ...every(DAY, 1, 2, 7, 14),
];
const MONTH_STEPS = [1, 3, 6, ...every(12, 1, 2, 5, 10, 20, 50, 100, 500, 1000, 5000)];

/** @typedef {{at: number, label: string, context: string}} Tick  `context` is the date or year where it changes, else "" */

/** @param {number} at @param {string} zone @returns {number} the wall time of an instant */
export function wallTime(at, zone) {
  if (zone === "UTC") return at;
  const { date, time } = moment(isoText(Math.floor(at / SECOND) * SECOND), zone);
  return Date.parse(`${date}T${time}Z`) + (((at % SECOND) + SECOND) % SECOND);
}

/** @param {number} wall @param {string} zone @returns {number} the instant of a wall time; in the hour that a clock skips, an instant beside it */
export function instant(wall, zone) {
  const guess = wall - (wallTime(wall, zone) - wall);
  return wall - (wallTime(guess, zone) - guess);
}

/** @param {number} wall @returns {[string, string]} date and time of day */
const dateAndTime = (wall) => /** @type {[string, string]} */ (new Date(wall).toISOString().slice(0, -1).split("T"));

/** @param {number} at @param {string} zone @returns {string} like "2026-11-24 05:31:56.123"; the zone is written elsewhere, once */
export const formatTime = (at, zone) => dateAndTime(wallTime(at, zone)).join(" ").replace(/\.000$/, "");

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
  for (let look = 1; look <= looks; look++) offsets.add(offsetOf(start + ((end - start) * look) / looks, zone));
  return `${zone} (${[...offsets].join(offsets.size > 2 ? ", " : " to ")})`;
}

/**
 * Readable ticks at round wall times.
 * @param {number} start @param {number} end @param {string} zone @param {number} most how many fit
 * @returns {Tick[]} rising, all within start and end
 */
export function ticks(start, end, zone, most) {
  const step = STEPS.find((size) => (end - start) / size <= most);
  const found = step ? stepTicks(start, end, zone, step) : monthTicks(start, end, zone, most);
  return found.map((tick, i) => ({ ...tick, context: tick.context === found[i - 1]?.context ? "" : tick.context }));
}

/** @param {number} start @param {number} end @param {string} zone @param {number} step @returns {Tick[]} */
function stepTicks(start, end, zone, step) {
  const anchor = step > DAY ? MONDAY : 0;
  const last = wallTime(end, zone);
  const found = [];
  for (let wall = Math.ceil((wallTime(start, zone) - anchor) / step) * step + anchor; wall <= last; wall += step) {
    const at = instant(wall, zone);
    if (at < start || at > end || at <= (found.at(-1)?.at ?? -Infinity)) continue;
    const [date, time] = dateAndTime(wall);
    const [year, month, day] = date.split("-");
    if (step >= DAY) found.push({ at, label: `${Number(day)} ${MONTHS[Number(month) - 1]}`, context: year });
    else found.push({ at, label: time.slice(0, step < SECOND ? 12 : step < MINUTE ? 8 : 5), context: date });
  }
  return found;
}

/** @param {number} start @param {number} end @param {string} zone @param {number} most @returns {Tick[]} */
function monthTicks(start, end, zone, most) {
  const months = (end - start) / (30.4 * DAY);
  const step = MONTH_STEPS.find((size) => months / size <= most) ?? 120_000;
  const first = new Date(wallTime(start, zone));
  const found = [];
  for (let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step; ; month += step) {
    const year = Math.floor(month / 12);
    const at = instant(new Date(0).setUTCFullYear(year, month - year * 12, 1), zone);
    if (!(at <= end)) return found;
    if (at >= start) found.push(step < 12 ? { at, label: MONTHS[month - year * 12], context: String(year) } : { at, label: String(year), context: "" });
  }
}
