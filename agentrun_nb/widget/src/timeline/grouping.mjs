/** By what the runs are grouped: the choices, the one that fits, and the bands that it makes. */

import { head } from "../base/head.mjs";
import { describe, lookOf } from "../base/status.mjs";
import { NONE } from "./model.mjs";

/**
 * @typedef {import("./model.mjs").Model} Model
 * @typedef {import("../protocol.mjs").Grouping} Grouping
 * @typedef {{name: string, id: string}} Group  what it is called, and its id where it has one
 * @typedef {{groups: Group[], bandOf: Uint16Array | null}} Groups  in the order of the bands; the band of each place, null where there is one
 */

/** What is said of a grouping, one and many. @type {Record<Grouping, [one: string, many: string]>} */
export const WORDS = {
  none: ["none", "none"],
  deployment_id: ["deployment", "deployments"],
  version_id: ["version", "versions"],
  status: ["status", "statuses"],
};

export const GROUPINGS = /** @type {Grouping[]} */ (Object.keys(WORDS));

/** What earlier versions called groupings, in their files. @type {Record<string, Grouping>} */
const FORMER = { time: "none", version: "version_id" };

/** @param {unknown} word as a file or the kernel has it @returns {Grouping | null} null: as it fits */
export function groupingOf(word) {
  const name = String(word);
  return GROUPINGS.find((by) => by === name) ?? FORMER[name] ?? null;
}

/** @param {Model} model @param {Grouping} by @returns {Uint32Array} the code of the group of each row */
function codesOf({ data }, by) {
  if (by === "deployment_id") return data.deployment;
  return by === "version_id" ? data.version : data.status;
}

/** Whether the runs that have a place are of more than one group. @param {Model} model @param {Grouping} by */
function isDivided(model, by) {
  const codes = codesOf(model, by);
  return model.row.some((row) => codes[row] !== codes[model.row[0]]);
}

/** What fits where nobody has chosen, as `fitting_grouping` of Python has it. @param {Model} model @returns {Grouping} */
export function fittingGrouping(model) {
  if (model.size <= head().limits.rows) return "none";
  if (isDivided(model, "deployment_id")) return "deployment_id";
  return isDivided(model, "version_id") ? "version_id" : "none";
}

/**
 * @param {Model} model @param {Grouping} by
 * @returns {Groups} the oldest first, or statuses in the order of the looks; beyond so many bands the smallest are one
 */
export function groupsOf(model, by) {
  if (by === "none") return { groups: [{ name: "", id: "" }], bandOf: null };
  const { row, size } = model;
  const codes = codesOf(model, by);
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (let p = 0; p < size; p++) counts.set(codes[row[p]], (counts.get(codes[row[p]]) ?? 0) + 1);
  const shown = codesWithBand(counts);
  if (by === "status") {
    const look = (/** @type {number} */ code) => lookOf(model.data.statuses[code] ?? null);
    shown.sort((a, b) => look(a) - look(b) || a - b);
  }
  const groups = shown.map((code) => groupOf(model, by, code));
  const bands = new Map(shown.map((code, band) => [code, band]));
  const bandOf = new Uint16Array(size);
  for (let p = 0; p < size; p++) bandOf[p] = bands.get(codes[row[p]]) ?? shown.length;
  const rest = counts.size - shown.length;
  if (rest > 0) groups.push({ name: `${rest} other ${WORDS[by][1]}`, id: "" });
  return { groups, bandOf };
}

/** @param {Map<number, number>} counts by code @returns {number[]} the codes that have a band of their own, in the order of the map's keys and not by size */
function codesWithBand(counts) {
  const all = [...counts.keys()];
  const most = head().limits.bands;
  if (all.length <= most) return all;
  const bySize = [...all].sort((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const common = new Set(bySize.slice(0, most - 1));
  return all.filter((code) => common.has(code));
}

/** @param {Model} model @param {Grouping} by @param {number} code @returns {Group} */
function groupOf({ data }, by, code) {
  if (by === "status") return { name: describe(data.statuses[code] ?? null).label, id: "" };
  if (code === NONE) return { name: `no ${WORDS[by][0]} recorded`, id: "" };
  const ids = by === "deployment_id" ? data.deployments : data.versions;
  const id = ids[code] ?? "";
  return { name: data.names.get(id) ?? id, id };
}
