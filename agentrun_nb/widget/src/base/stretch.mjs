/** A stretch of time in few words, for people: days where it is long, hours and minutes where it is short. */
import { MONTHS, wallTime } from "./ticks.mjs";

const DAY = 86_400_000;
const SHORT = 2 * 60_000;

/**
 * @param {number} start @param {number} end in ms since the epoch @param {string} zone
 * @param {number} now whose year need not be told
 * @returns {string} like "25 Nov 17:09 to 17:10", "7 Sep to 19 Oct", "30 Dec 2025 to 2 Jan 2026"
 */
export function stretchWords(start, end, zone, now) {
  const [from, to] = [start, end].map((at) => new Date(wallTime(at, zone)));
  const years = new Set([from, to, new Date(wallTime(now, zone))].map((at) => at.getUTCFullYear()));
  const day = (/** @type {Date} */ at) =>
    `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}${years.size > 1 ? ` ${at.getUTCFullYear()}` : ""}`;
  const clock = (/** @type {Date} */ at) =>
    at.toISOString().slice(11, end - start < SHORT ? 19 : 16);
  if (end - start > DAY) return day(from) === day(to) ? day(from) : `${day(from)} to ${day(to)}`;
  const begin = `${day(from)} ${clock(from)}`;
  if (clock(from) === clock(to) && day(from) === day(to)) return begin;
  return `${begin} to ${day(from) === day(to) ? "" : `${day(to)} `}${clock(to)}`;
}
