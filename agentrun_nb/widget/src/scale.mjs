/** Times on an axis: instants are ms since the epoch (UTC); a zone is an IANA name; a wall time is what a clock shows there, written as if it were UTC. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONDAY = 4 * DAY;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const STEPS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14].map((n) => n * DAY),
];
const MONTH_STEPS = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 6000, 12000];

/** @typedef {{at: number, label: string, context: string}} Tick  `context` is the date or year where it changes, else "" */

/** @type {Map<string, Intl.DateTimeFormat>} */
const clocks = new Map();

/** @param {string} zone */
function clock(zone) {
  const known = clocks.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric",
  });
  clocks.set(zone, made);
  return made;
}

/** @param {number} year @param {number} month from 0 @param {number} day */
const midnight = (year, month, day) => new Date(0).setUTCFullYear(year, month, day);

/** @param {number} at @param {string} zone @returns {number} the wall time of an instant */
export function wallTime(at, zone) {
  if (zone === "UTC") return at;
  /** @type {Record<string, number>} */
  const part = {};
  for (const { type, value } of clock(zone).formatToParts(at)) part[type] = Number(value);
  const fraction = ((at % SECOND) + SECOND) % SECOND;
  return midnight(part.year, part.month - 1, part.day) + part.hour * HOUR + part.minute * MINUTE + part.second * SECOND + fraction;
}

/** @param {number} wall @param {string} zone @returns {number} the instant of a wall time; in the hour that a clock skips, the instant after it */
export function instant(wall, zone) {
  const guess = wall - (wallTime(wall, zone) - wall);
  return wall - (wallTime(guess, zone) - guess);
}

/** @param {number} n @param {number} [width] */
const pad = (n, width = 2) => String(n).padStart(width, "0");

/** @param {number} wall @param {number} [digits] of the fraction of a second; negative: no seconds */
function timeOfDay(wall, digits = 0) {
  const d = new Date(wall);
  const minutes = `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
  if (digits < 0) return minutes;
  const seconds = `${minutes}:${pad(d.getUTCSeconds())}`;
  return digits ? `${seconds}.${pad(d.getUTCMilliseconds(), 3)}` : seconds;
}

/** @param {number} wall */
function date(wall) {
  const d = new Date(wall);
  return `${pad(d.getUTCFullYear(), 4)}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`;
}

/** @param {number} at @param {string} zone @returns {string} like "2026-11-24 05:31:56.123"; the zone is written elsewhere, once */
export function formatTime(at, zone) {
  const wall = wallTime(at, zone);
  return `${date(wall)} ${timeOfDay(wall, wall % SECOND === 0 ? 0 : 3)}`;
}

/** @param {number} at @param {string} zone @returns {string} the zone with its offset at an instant, like "Asia/Kolkata (UTC+05:30)" */
export function formatZone(at, zone) {
  const minutes = Math.round((wallTime(at, zone) - at) / MINUTE);
  if (zone === "UTC") return zone;
  const size = Math.abs(minutes);
  return `${zone} (UTC${minutes < 0 ? "\u2212" : "+"}${pad(Math.floor(size / 60))}:${pad(size % 60)})`;
}

/** @param {number} n @returns {string} like "1,000,000" */
export const formatCount = (n) => n.toLocaleString("en-US");

/** @param {number} n @param {string} noun @returns {string} like "1 run", "12 runs" */
export const countOf = (n, noun) => `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;

/**
 * Readable ticks at round wall times.
 * @param {number} start @param {number} end @param {string} zone @param {number} most how many fit
 * @returns {Tick[]} rising, all within start and end
 */
export function ticks(start, end, zone, most) {
  const step = STEPS.find((size) => (end - start) / size <= most);
  const found = step === undefined ? monthTicks(start, end, zone, most) : stepTicks(start, end, zone, step);
  let before = "";
  return found.map(({ at, label, context }) => {
    const changed = context !== before;
    before = context;
    return { at, label, context: changed ? context : "" };
  });
}

/** @param {number} start @param {number} end @param {string} zone @param {number} step @returns {Tick[]} */
function stepTicks(start, end, zone, step) {
  const anchor = step > DAY ? MONDAY : 0;
  const last = wallTime(end, zone);
  const found = [];
  for (let wall = Math.ceil((wallTime(start, zone) - anchor) / step) * step + anchor; wall <= last; wall += step) {
    const at = instant(wall, zone);
    if (at < start || at > end || (found.length && at <= found[found.length - 1].at)) continue;
    const day = new Date(wall);
    if (step >= DAY) found.push({ at, label: `${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]}`, context: String(day.getUTCFullYear()) });
    else found.push({ at, label: timeOfDay(wall, step < SECOND ? 3 : step < MINUTE ? 0 : -1), context: date(wall) });
  }
  return found;
}

/** @param {number} start @param {number} end @param {string} zone @param {number} most @returns {Tick[]} */
function monthTicks(start, end, zone, most) {
  const months = (end - start) / (30.4 * DAY);
  const step = MONTH_STEPS.find((size) => months / size <= most) ?? 60000;
  const first = new Date(wallTime(start, zone));
  const found = [];
  for (let month = Math.floor((first.getUTCFullYear() * 12 + first.getUTCMonth()) / step) * step; ; month += step) {
    const year = Math.floor(month / 12);
    const at = instant(midnight(year, month - year * 12, 1), zone);
    if (!(at <= end)) return found;
    if (at >= start) found.push({ at, label: step < 12 ? MONTHS[month - year * 12] : String(year), context: step < 12 ? String(year) : "" });
  }
}
