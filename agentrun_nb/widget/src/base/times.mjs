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

/** Lengths of time that are told in two units: how long both are in milliseconds, and their names. */
const SCALES = [
  { large: 60_000, many: "min", small: 1000, few: "s" },
  { large: 3_600_000, many: "h", small: 60_000, few: "min" },
  { large: 86_400_000, many: "d", small: 3_600_000, few: "h" },
];
export const NOT_KNOWN = "not known";

/**
 * A length of time with the units that matter, in the words of Python's `duration_text`:
 * "400 µs", "340 ms", "2.1 s", "3 min 12 s", "1 h 4 min", "2 d 3 h".
 * @param {number} ms
 * @returns {string} NOT_KNOWN where it is no finite number
 */
export function duration(ms) {
  if (!Number.isFinite(ms)) return NOT_KNOWN;
  if (ms < 0) {
    const words = duration(-ms);
    return words === "0 s" ? words : `-${words}`;
  }
  const microseconds = Math.round(ms * 1000);
  if (microseconds === 0) return "0 s";
  // Floats are off by less than a microsecond, and a half has to stay a half.
  ms = microseconds / 1000;
  if (ms < 0.9995) return `${microseconds} µs`;
  if (ms < 999.5) return `${Number(ms.toPrecision(3))} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  return inTwoUnits(ms);
}

/** @param {number} ms @returns {string} */
function inTwoUnits(ms) {
  // An hour is not told as 60 min: the first scale is taken in which the rounded length has room.
  const scale =
    SCALES.find(
      ({ small }, i) => Math.round(ms / small) * small < (SCALES[i + 1]?.large ?? Infinity),
    ) ?? SCALES[2];
  const whole = Math.round(ms / scale.small);
  const ratio = scale.large / scale.small;
  const few = whole % ratio ? ` ${whole % ratio} ${scale.few}` : "";
  return `${Math.floor(whole / ratio).toLocaleString("en")} ${scale.many}${few}`;
}

/** Units in which an age is told, the longest first. @type {[unit: string, ms: number][]} */
const AGES = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** @param {number} ms @returns {string} how long ago something was, in one unit: "4 s ago", "3 d ago"; "" where that is not known or lies ahead */
export function ageWords(ms) {
  if (!(ms >= 0)) return "";
  const [unit, size] = AGES.find(([, least]) => ms >= least) ?? ["s", 1000];
  return `${Math.floor(ms / size).toLocaleString("en")} ${unit} ago`;
}
