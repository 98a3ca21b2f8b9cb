/** A filter as the rules that it consists of, each in words and each to be taken away. It touches no page. */
import { shortText, visible } from "../base/text.mjs";
import { formatTime } from "../base/ticks.mjs";
import { isZone, milliseconds } from "../base/times.mjs";
import { isAge } from "./filter.mjs";

/**
 * @typedef {import("./filter.mjs").Filter} Filter
 * @typedef {import("./filter.mjs").Values} Values
 * @typedef {import("./store.mjs").State} State
 * @typedef {{words: string, without: Filter | null}} Rule  what it says, and the filter that is left without it
 */

const LONGEST = 40;
/** The ages that people choose, in the words of the choice. @type {[age: string, words: string][]} */
export const AGES = [
  ["1h", "last hour"],
  ["1d", "last day"],
  ["7d", "last 7 days"],
];

/** @param {Filter} filter @param {Partial<Filter>} changes an undefined value takes a key away @returns {Filter | null} null where nothing is left */
export function changed(filter, changes) {
  const entries = Object.entries({ ...filter, ...changes }).filter(
    ([, value]) => value !== undefined && value !== null,
  );
  return entries.length ? Object.fromEntries(entries) : null;
}

/**
 * The rules that have no other place on the screen: statuses have their own buttons, a text stands in the search.
 * @param {State} state
 * @returns {Rule[]}
 */
export function rulesOf(state) {
  const filter = state.filter ?? {};
  /** @type {Rule[]} */
  const rules = [];
  /** @param {string} words @param {Partial<Filter>} taken */
  const add = (words, taken) => rules.push({ words, without: changed(filter, taken) });
  const named = (/** @type {string} */ id) => state.names.get(id) ?? id;
  if (filter.deployment_id !== undefined)
    add(valueWords("deployment", filter.deployment_id, named), { deployment_id: undefined });
  if (filter.version_id !== undefined)
    add(valueWords("version", filter.version_id, named), { version_id: undefined });
  if (filter.mode !== undefined) add(valueWords("mode", filter.mode, String), { mode: undefined });
  if (filter.since !== undefined || filter.until !== undefined)
    add(timeWords(filter, state.tz), { since: undefined, until: undefined });
  if (filter.has_outputs !== undefined)
    add(filter.has_outputs ? "with outputs" : "without outputs", { has_outputs: undefined });
  if (filter.failure !== undefined)
    add(`why: ${shortText(filter.failure, LONGEST)}`, { failure: undefined });
  const where = filter.where ?? [];
  where.forEach((rule, place) => {
    const left = where.filter((_, other) => other !== place);
    add(whereWords(rule), { where: left.length ? left : undefined });
  });
  return rules;
}

/** @param {string} noun @param {Values} values @param {(id: string) => string} named */
function valueWords(noun, values, named) {
  const all = typeof values === "string" ? [values] : values;
  if (all.length !== 1) return `${all.length} ${noun}s`;
  return all[0] === null ? `no ${noun}` : shortText(named(all[0]), LONGEST);
}

/** @param {Filter} filter @param {string} tz */
function timeWords({ since, until }, tz) {
  const age = AGES.find(([text]) => text === since);
  if (age && until === undefined) return age[1];
  const parts = [since && `from ${edgeWords(since, tz)}`, until && `to ${edgeWords(until, tz)}`];
  return parts.filter(Boolean).join(" ");
}

/** @param {string} edge @param {string} tz */
function edgeWords(edge, tz) {
  if (isAge(edge)) return `${visible(edge)} before the newest look`;
  const at = milliseconds(edge);
  return Number.isNaN(at) ? shortText(edge, LONGEST) : formatTime(at, isZone(tz) ? tz : "UTC");
}

/** @param {[path: string, operator: string, value: unknown]} rule */
function whereWords([path, operator, value]) {
  const short = path.replace(/^output_manifest\./, "");
  if (operator === "exists")
    return `${shortText(short, LONGEST)} ${value ? "is there" : "is not there"}`;
  return `${shortText(short, LONGEST)} ${operator} ${shortText(JSON.stringify(value), LONGEST)}`;
}
