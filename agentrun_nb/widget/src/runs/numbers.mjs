/**
 * Runs in numbers: how many failed, and how long they took. They are those of `arn.summarize`: quantiles are by the curve of
 * Kaplan & Meier, in which a run that goes on counts until it was last seen. It touches no page.
 */
import { UNKNOWN, describe, lookOf } from "../base/status.mjs";

/**
 * @typedef {import("../protocol.mjs").Held} Held
 * @typedef {import("../protocol.mjs").Columns} Columns
 * @typedef {{n: number, ended: number, p50: number, p90: number}} Times  how many runs have a time, of how many the end was seen, and quantiles in ms; NaN where they are too few or not reached
 * @typedef {object} Numbers
 * @property {number} n
 * @property {number} failed  failed or timed out
 * @property {number} judged  of them it is known whether they succeeded
 * @property {{share: number, low: number, high: number}} failure  the share of failed in judged with Wilson's 95 % interval; NaN where none is judged
 * @property {Times} before  created to started
 * @property {Times} after  started to completed
 * @property {number} lastFailure  the row that failed last, -1 where none did
 * @property {number} longest  the row that took longest after its start, -1 where none has a time
 * @property {number} longestWait  the row that took longest before its start, -1 where none has a time
 */

/** The fewest ends that were seen for a quantile. */
const TOO_FEW = 10;
/** How many standard errors the half of a 95 % interval is long. */
const Z = 1.959963984540054;
const ROUNDING = 1e-12;
const MICROS = 1000;

/** @param {Held} data @param {Uint32Array | number[]} rows @returns {Numbers} */
export function numbersOf({ page, columns }, rows) {
  const before = new Lengths(rows.length);
  const after = new Lengths(rows.length);
  const standing = { lastFailure: -1, longest: -1, longestWait: -1 };
  const counts = { n: rows.length, failed: 0, judged: 0, ...standing };
  if (columns) count(page, columns, rows, { counts, before, after });
  const failure = wilson(counts.failed, counts.judged);
  return { ...counts, failure, before: before.times(), after: after.times() };
}

/**
 * @param {Held["page"]} page @param {Columns} columns @param {Uint32Array | number[]} rows
 * @param {{counts: Pick<Numbers, "failed" | "judged" | "lastFailure" | "longest" | "longestWait">, before: Lengths, after: Lengths}} found is filled
 */
function count(page, columns, rows, { counts, before, after }) {
  const facts = page.statuses.map(factsOf);
  const isService = page.modes.map((mode) => mode === "service");
  let lastEnd = -Infinity;
  let longest = -Infinity;
  let longestWait = -Infinity;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const fact = columns.error[row] < page.errors.length ? undefined : facts[columns.status[row]];
    if (!fact) continue;
    const created = micros(columns.created[row]);
    const started = micros(columns.started[row]);
    const completed = micros(columns.completed[row]);
    const until = micros(columns.until[row]);
    if (fact.failed || fact.succeeded) counts.judged++;
    if (fact.failed) {
      counts.failed++;
      const end = Number.isNaN(completed) ? created : completed;
      if (end >= lastEnd) [lastEnd, counts.lastFailure] = [end, row];
    }
    const hasStarted = !Number.isNaN(started);
    const waited = hasStarted ? started : waitedUntil(fact, created, completed, until);
    const wait = waited - created;
    before.add(wait, hasStarted);
    if (wait > longestWait) [longestWait, counts.longestWait] = [wait, row];
    const length = (fact.terminal ? completed : lastSeen(until, started)) - started;
    after.add(length, fact.terminal && !isService[columns.mode[row]]);
    if (length > longest) [longest, counts.longest] = [length, row];
  }
}

/** What a status says of a run; undefined for one that is not documented. @param {string} name */
function factsOf(name) {
  return lookOf(name) < UNKNOWN ? describe(name) : undefined;
}

/** Whole microseconds are exact. @param {number} ms */
const micros = (ms) => Math.round(ms * MICROS);

/** Until when a run is known to have gone on, not before it began, however much the clocks differ. @param {number} until @param {number} start */
const lastSeen = (until, start) => (until > start || Number.isNaN(start) ? until : start);

/** Until when a run without a start is known to have waited. @param {import("../base/status.mjs").Status} fact @param {number} created @param {number} completed @param {number} until */
function waitedUntil({ succeeded, terminal }, created, completed, until) {
  // A run that succeeded without a start has no time that can be read.
  if (succeeded) return NaN;
  return terminal ? completed : lastSeen(until, created);
}

/** How long runs took, those whose end was seen and those whose end was not. */
class Lengths {
  #ended;
  #seen;
  #endedCount = 0;
  #seenCount = 0;

  /** @param {number} most */
  constructor(most) {
    this.#ended = new Float64Array(most);
    this.#seen = new Float64Array(most);
  }

  /** @param {number} micros NaN or below 0 where there is no time that can be read @param {boolean} ended whether the end was seen */
  add(micros, ended) {
    if (!(micros >= 0)) return;
    if (ended) this.#ended[this.#endedCount++] = micros;
    else this.#seen[this.#seenCount++] = micros;
  }

  /** @returns {Times} */
  times() {
    const ended = this.#ended.subarray(0, this.#endedCount).sort();
    const seen = this.#seen.subarray(0, this.#seenCount).sort();
    const [p50, p90] = quantiles(ended, seen, [0.5, 0.9]);
    return { n: ended.length + seen.length, ended: ended.length, p50, p90 };
  }
}

/**
 * @param {Float64Array} ended times of runs whose end was seen, rising, in microseconds @param {Float64Array} seen until when the others were seen, rising
 * @param {number[]} shares of runs that have ended by then, rising
 * @returns {number[]} in ms
 */
function quantiles(ended, seen, shares) {
  const found = shares.map(() => NaN);
  if (ended.length < TOO_FEW) return found;
  let next = 0;
  let goOn = 1;
  let gone = 0;
  for (let i = 0; i < ended.length && next < shares.length;) {
    const time = ended[i];
    while (gone < seen.length && seen[gone] < time) gone++;
    const atRisk = ended.length - i + seen.length - gone;
    let ends = 0;
    while (ended[i + ends] === time) ends++;
    goOn *= 1 - ends / atRisk;
    while (next < shares.length && goOn <= 1 - shares[next] + ROUNDING)
      found[next++] = time / MICROS;
    i += ends;
  }
  return found;
}

/** Wilson's interval (1927). @param {number} count @param {number} n */
function wilson(count, n) {
  if (n === 0) return { share: NaN, low: NaN, high: NaN };
  const share = count / n;
  const middle = share + (Z * Z) / (2 * n);
  const half = Z * Math.sqrt((share * (1 - share)) / n + (Z * Z) / (4 * n * n));
  const whole = 1 + (Z * Z) / n;
  return {
    share,
    // At 0 and 1 the ends are exact, and rounding must not lead beyond.
    low: share === 0 ? 0 : (middle - half) / whole,
    high: share === 1 ? 1 : (middle + half) / whole,
  };
}
