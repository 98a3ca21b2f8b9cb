/** Which runs a filter lets through, as far as the columns of the page say it; in the same cases as `filter_rows` of the kernel. It touches no page. */

/**
 * A filter in the words of Python's `explore`; only the keys that narrow something.
 *
 * @typedef {string | (string | null)[]} Values one, or several; null among them: runs without a value
 * @typedef {object} Filter
 * @property {Values} [status]
 * @property {Values} [deployment_id]
 * @property {Values} [version_id]
 * @property {Values} [mode]
 * @property {string} [since]  a moment as ISO text, or an age such as "1h"
 * @property {string} [until]
 * @property {string} [text]
 * @property {boolean} [has_outputs]
 * @property {string} [failure]  the fingerprint of a group
 * @property {[path: string, operator: string, value: unknown][]} [where]
 *
 * @typedef {import("../protocol.mjs").Held} Held
 * @typedef {Pick<import("./store.mjs").State, "data" | "names" | "groups">} Known
 * @typedef {(row: number) => boolean} Test
 */

/** The keys that name values, each with the column of codes and the list that they stand in. */
const IDENTITIES = /** @type {const} */ ({
  status: ["status", "statuses"],
  deployment_id: ["deployment", "deployments"],
  version_id: ["version", "versions"],
  mode: ["mode", "modes"],
});

const AGE = /^(\d+(?:\.\d+)?)\s*(s|m|min|h|d|w)$/;
const SECONDS = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };
const MICROSECONDS = 1e6;

/**
 * The rows that a filter lets through, as far as the page knows. A run without a readable created time is in every window of time.
 * @param {Filter | null} filter @param {Known} known
 * @returns {{rows: Uint32Array, unanswered: (keyof Filter)[]}} the rows, rising, and the keys that only a kernel can answer whole
 */
export function filterRows(filter, known) {
  const { n } = known.data.page;
  /** @type {Test[]} */
  const tests = [];
  /** @type {(keyof Filter)[]} */
  const unanswered = [];
  for (const [name, value] of Object.entries(filter ?? {})) {
    if (value === null || value === undefined) continue;
    const key = /** @type {keyof Filter} */ (name);
    const test = testOf(key, value, known);
    if (test) tests.push(test);
    if (!test || (key === "text" && known.data.page.reasons_clipped)) unanswered.push(key);
  }
  const rows = new Uint32Array(n);
  let size = 0;
  for (let row = 0; row < n; row++) if (tests.every((test) => test(row))) rows[size++] = row;
  return { rows: rows.subarray(0, size), unanswered };
}

/** @param {keyof Filter} key @param {any} value @param {Known} known @returns {Test | null} null where the page does not know */
function testOf(key, value, known) {
  const { data, groups } = known;
  const columns = /** @type {import("../protocol.mjs").Columns} */ (data.columns);
  if (!columns) return () => true;
  if (key in IDENTITIES) return isOneOf(/** @type {keyof typeof IDENTITIES} */ (key), value, data);
  if (key === "since" || key === "until") {
    const edge = momentOf(value, data.page.now);
    // Turned round, since nothing is known of a run without a readable time.
    return key === "since"
      ? (row) => !(columns.created[row] < edge)
      : (row) => !(columns.created[row] >= edge);
  }
  if (key === "text") return hasText(value, known);
  if (key !== "failure" || !groups) return null;
  const group = groups.list.findIndex(({ fingerprint }) => fingerprint === value);
  return (row) => group >= 0 && groups.codes[row] === group;
}

/** @param {keyof typeof IDENTITIES} key @param {Values} value @param {Held} data @returns {Test} */
function isOneOf(key, value, { page, columns }) {
  const [column, list] = IDENTITIES[key];
  const sought = new Set(typeof value === "string" ? [value] : value);
  const found = page[list].map((text) => sought.has(text));
  const codes = /** @type {import("../protocol.mjs").Columns} */ (columns)[column];
  const none = sought.has(null);
  return (row) => found[codes[row]] ?? none;
}

/** Whether a text stands in the id, name, version or reason of a run, in whatever case. @param {string} text @param {Known} known @returns {Test} */
function hasText(text, { data: { page, columns }, names }) {
  if (!text || !columns) return () => true;
  // Cases are folded one letter for one, as the kernel does.
  const pattern = new RegExp(text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "iu");
  const has = (/** @type {string} */ words) => pattern.test(words);
  const named = (/** @type {string} */ id) => has(id) || has(names.get(id) ?? "");
  const deployments = page.deployments.map(named);
  const versions = page.versions.map(named);
  const reasons = page.reasons.map(has);
  return (row) =>
    deployments[columns.deployment[row]] ||
    versions[columns.version[row]] ||
    reasons[columns.reason[row]] ||
    has(columns.ids[row]);
}

/**
 * The moment that an edge of time means.
 * @param {string} when a moment as canonical ISO text, or an age @param {number} newest the moment from which ages count back, in ms since the epoch
 * @returns {number} ms since the epoch, to the microsecond
 */
export function momentOf(when, newest) {
  const [, amount, unit] = AGE.exec(when.trim()) ?? [];
  if (amount === undefined) return microsecondsOf(when) / 1000;
  const seconds = Number(amount) * SECONDS[/** @type {keyof typeof SECONDS} */ (unit)];
  return (Math.round(newest * 1000) - halfToEven(seconds * MICROSECONDS)) / 1000;
}

/** @param {string} when @returns {boolean} whether it is an age, which counts back from the newest look */
export const isAge = (when) => AGE.test(when.trim());

/** Whole microseconds, so that a moment is compared to the last digit. @param {string} text */
function microsecondsOf(text) {
  const [, whole, fraction = ""] = /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(text) ?? [, text];
  const seconds = Date.parse(fraction || /:\d\d$/.test(whole ?? "") ? `${whole}Z` : text) / 1000;
  return seconds * MICROSECONDS + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** @param {number} value @returns {number} */
function halfToEven(value) {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest === 0.5) return below % 2 ? below + 1 : below;
  return Math.round(value);
}
