/** Moments and durations in words. Times come as canonical UTC text; they are shown in a zone whose name is written beside them. */

/** @typedef {{date: string, time: string, offset: string, zone: string, utc: string}} Moment */

const MS = { hour: 3_600_000, minute: 60_000, second: 1000 };

/** @param {unknown} text canonical UTC text @returns {number} milliseconds since the epoch with their fraction, NaN where nothing is recorded */
export function milliseconds(text) {
  const match = typeof text === "string" ? /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(text) : null;
  return match ? Date.parse(`${match[1]}Z`) + Number(`0.${match[2] ?? 0}`) * 1000 : NaN;
}

/** @param {string} tz @returns {boolean} */
export function isZone(tz) {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: tz }));
  } catch {
    return false;
  }
}

export const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} tz */
function formatOf(tz) {
  let format = formats.get(tz);
  if (!format) {
    const two = "2-digit";
    format = new Intl.DateTimeFormat("sv", {
      timeZone: tz, year: "numeric", month: two, day: two, hour: two, minute: two, second: two, timeZoneName: "shortOffset",
    });
    formats.set(tz, format);
  }
  return format;
}

/**
 * @param {string} utc canonical UTC text, whose fraction of a second is kept to the last digit
 * @param {string} tz a zone that exists
 * @returns {Moment} `offset` is the zone in short, "UTC+1"; `zone` names it, "Europe/Berlin (UTC+1)"
 */
export function moment(utc, tz) {
  const [date, time, gmt] = formatOf(tz).format(Math.floor(milliseconds(utc))).split(" ");
  const offset = gmt.replace(/^GMT(\+0$)?/, "UTC").replace("−", "-");
  return {
    date: date.padStart(10, "0"), time: time + (/\.\d+/.exec(utc)?.[0] ?? ""), offset, zone: offset === tz ? tz : `${tz} (${offset})`,
    utc: utc.replace("T", " ").replace("Z", " UTC"),
  };
}

/** @param {number} ms @returns {string} canonical UTC text */
export const isoText = (ms) => new Date(ms).toISOString().replace(/\.?0*Z$/, "Z");

/**
 * A length of time with the two units that matter: "340 ms", "2.1 s", "3 min 12 s", "1 h 04 min", "2 d 3 h".
 * @param {number} ms not negative
 * @returns {string}
 */
export function duration(ms) {
  if (ms === 0) return "0 s";
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 999.5) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 59_950) return `${(ms / MS.second).toFixed(1).replace(/\.0$/, "")} s`;
  const seconds = Math.round(ms / MS.second);
  if (seconds < 3600) return twoUnits(seconds, 60, "min", "s");
  const minutes = Math.round(ms / MS.minute);
  if (minutes < 1440) return twoUnits(minutes, 60, "h", "min");
  return twoUnits(Math.round(ms / MS.hour), 24, "d", "h");
}

/** @param {number} amount @param {number} base @param {string} large @param {string} small */
function twoUnits(amount, base, large, small) {
  const rest = amount % base;
  return `${Math.floor(amount / base)} ${large}${rest ? ` ${rest} ${small}` : ""}`;
}
