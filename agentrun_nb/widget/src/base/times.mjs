/** Moments and durations in words. Times come as canonical UTC text; they are shown in a zone whose name is written beside them. */

/** @typedef {{date: string, time: string, offset: string, zone: string, utc: string}} Moment */

/** @param {unknown} text canonical UTC text @returns {number} milliseconds since the epoch with their fraction, NaN where nothing is recorded */
export function milliseconds(text) {
  const match = typeof text === "string" ? /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(text) : null;
  return match ? Date.parse(`${match[1]}Z`) + Number(`0.${match[2] ?? 0}`) * 1000 : NaN;
}

/** What programs write for a moment that has not come: the zero times of Go and of Unix. */
const ZERO_TIMES = [-62_135_596_800_000, 0];

/** @param {number} ms @returns {number} NaN also for a zero time: from there no length of time is counted */
export const withoutZeroTime = (ms) => (ZERO_TIMES.includes(ms) ? NaN : ms);

/** @param {string} tz @returns {boolean} */
export function isZone(tz) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: tz }));
  } catch {
    return false;
  }
}

export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Formats by zone: making one is slow. @type {Record<string, Intl.DateTimeFormat>} */
const formats = {};

/** Swedes write dates as ISO 8601 does. @param {string} tz */
function formatOf(tz) {
  const two = "2-digit";
  return (formats[tz] ??= new Intl.DateTimeFormat("sv", {
    timeZone: tz,
    year: "numeric",
    month: two,
    day: two,
    hour: two,
    minute: two,
    second: two,
    timeZoneName: "shortOffset",
  }));
}

/**
 * @param {string} utc canonical UTC text, whose fraction of a second is kept to the last digit
 * @param {string} tz a zone that exists
 * @returns {Moment} `offset` is the zone in short, "UTC+1"; `zone` names it, "Europe/Berlin (UTC+1)"; in UTC where the zone's clock would leave the years 1 to 9999
 */
export function moment(utc, tz) {
  const [date, time, gmt] = formatOf(tz)
    .format(Math.floor(milliseconds(utc)))
    .split(" ");
  const isBeforeYear1 = utc.startsWith("0001-01-01") && date.endsWith("-12-31");
  if (isBeforeYear1 || date.length > "9999-12-31".length) return moment(utc, "UTC");
  const offset = gmt.replace(/^GMT(\+0$)?/, "UTC").replace("−", "-");
  return {
    date: date.padStart(10, "0"),
    time: time + (/\.\d+/.exec(utc)?.[0] ?? ""),
    offset,
    zone: offset === tz ? tz : `${tz} (${offset})`,
    utc: utc.replace("T", " ").replace("Z", " UTC"),
  };
}

/** @param {number} ms @returns {string} canonical UTC text */
export const isoText = (ms) => new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");

/** Two units each: how long the larger is, its name, how long the smaller is, its name. @type {[number, string, number, string][]} */
const UNITS = [
  [86_400_000, "d", 3_600_000, "h"],
  [3_600_000, "h", 60_000, "min"],
  [60_000, "min", 1000, "s"],
];

/**
 * A length of time with the two units that matter: "340 ms", "2.1 s", "3 min 12 s", "1 h 4 min", "2 d 3 h".
 * @param {number} ms not negative
 * @returns {string}
 */
export function duration(ms) {
  if (ms >= 59_950) {
    const [large, many, small, few] =
      UNITS.find(([size, , unit]) => ms + unit / 2 >= size) ?? UNITS[2];
    const whole = Math.round(ms / small),
      ratio = large / small;
    return `${Math.floor(whole / ratio).toLocaleString("en")} ${many}${whole % ratio ? ` ${whole % ratio} ${few}` : ""}`;
  }
  if (ms >= 999.5 || ms === 0) return `${Number((ms / 1000).toFixed(1))} s`;
  return ms < 1 ? `${Math.round(ms * 1000)} µs` : `${Number(ms.toPrecision(3))} ms`;
}
