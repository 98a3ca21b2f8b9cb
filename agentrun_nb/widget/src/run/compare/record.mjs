/** What the records of two runs say beside each other: how they went, and what differs between any two runs. */
import { head } from "../../base/head.mjs";
import { describe } from "../../base/status.mjs";
import { parsePath } from "../../json/path.mjs";
import { courseOf } from "../course.mjs";

/** @typedef {import("../../protocol.mjs").RunDoc} RunDoc */
/** @typedef {import("./pairs.mjs").Pair} Pair */
/** @typedef {ReadonlyMap<string, string>} Names */

/** A run, and until when it is known. @typedef {{doc: RunDoc, now: number}} Known */

/** Fields that come first, whether they differ or not. */
const FIRST = ["status", "exit_code", "failure_reason", "version_id"];
/** Ids that two runs may well share. */
const SHARED = ["deployment_id", "version_id"];
/** A key whose value is never the same twice: an id, a key, a sandbox, a moment. */
const NEVER_THE_SAME =
  /(?:^|_)(?:id|uuid|key|sandbox|at|time|timestamp|date)$|^sandbox|^access_path$/i;

/** @param {Known} a @param {Known} b @param {Names} names @returns {Pair[]} status, exit code, reason, version and spans, and what else differs though it need not */
export function outcomePairs(a, b, names) {
  const others = head()
    .fields.filter(({ name, kind }) => kind !== "json" && !isAlwaysOther(name, kind))
    .map(({ name }) => name)
    .filter((name) => !FIRST.includes(name));
  const pairs = (/** @type {string[]} */ fields) => fields.map((name) => pairOf(a, b, name, names));
  const spans = { label: "spans", a: spansOf(a), b: spansOf(b) };
  return [...pairs(FIRST), spans, ...pairs(others).filter(differs)];
}

/** @param {Known} a @param {Known} b @returns {Pair[]} ids and times, which differ between any two runs */
export function otherPairs(a, b) {
  return head()
    .fields.filter(({ name, kind }) => isAlwaysOther(name, kind))
    .map(({ name }) => pairOf(a, b, name, new Map()))
    .filter(differs);
}

/** Whether the values at a place differ between any two runs. @param {string} path */
export function isNeverTheSame(path) {
  const keys = (parsePath(path) ?? []).filter((step) => typeof step === "string");
  return NEVER_THE_SAME.test(String(keys.at(-1) ?? ""));
}

/** @param {string} name @param {string} kind of a field */
const isAlwaysOther = (name, kind) =>
  kind === "time" || (NEVER_THE_SAME.test(name) && !SHARED.includes(name));

/** @param {Pair} pair */
const differs = ({ a, b }) => a !== b;

/** @param {Known} a @param {Known} b @param {string} name of a field @param {Names} names by which ids are told where they are known @returns {Pair} */
function pairOf(a, b, name, names) {
  const [one, other] = [a, b].map(({ doc }) => {
    const value = doc.fields[name] ?? doc.unread[name] ?? null;
    return value === null ? null : (names.get(String(value)) ?? String(value));
  });
  const words = name.replaceAll("_", " ");
  return { label: SHARED.includes(name) ? words.replace(/ id$/, "") : words, a: one, b: other };
}

/** @param {Known} run */
function spansOf({ doc: { fields }, now }) {
  const { name, terminal } = describe(/** @type {string | null} */ (fields.status));
  const { intervals } = courseOf(fields, name !== null && !terminal, now);
  return intervals.map(({ words }) => words).join(", ");
}
