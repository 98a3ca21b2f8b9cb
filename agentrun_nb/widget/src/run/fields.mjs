/** The fields of a record: a few in sight, all of them one click away. */
import { copyButton } from "../clipboard.mjs";
import { h } from "../dom.mjs";
import { visible } from "../status.mjs";
import { longText, shortText } from "../text.mjs";
import { momentText } from "./moments.mjs";
import { retention } from "./retention.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

export const FIELDS = [
  "id", "deployment_id", "version_id", "mode", "status", "input", "created_at", "updated_at", "retain_on_failure", "retention_seconds", "sandbox_id", "process_id",
  "exit_code", "failure_reason", "output_manifest", "started_at", "completed_at", "idempotency_key",
];
const LONGEST = 400;

/** @param {RunDoc} doc @param {string} name @param {string} tz @returns {HTMLElement} a value as it stands in the record; null and absent are told apart */
export function fieldValue(doc, name, tz) {
  if (name === "input" || name === "output_manifest") return documentValue(doc, name);
  const value = doc.fields[name];
  if (value === null || value === undefined) return missing(doc, name);
  if (typeof value === "string" && name.endsWith("_at")) return momentText(value, tz);
  const text = String(value);
  return text.length > LONGEST ? longText(text) : h("span", "arn-value", text === "" ? "(empty text)" : visible(text));
}

/** @param {RunDoc} doc @param {"input" | "output_manifest"} name */
function documentValue(doc, name) {
  const text = doc[name];
  return text === null ? missing(doc, name) : h("span", "arn-value", shortText(text, 60));
}

/** @param {RunDoc} doc @param {string} name */
export const missing = (doc, name) => h("span", "arn-quiet", doc.absent.includes(name) ? "not in the record" : "null");

/** @param {RunDoc} doc @param {string} name @param {string} what */
export function copyOf(doc, name, what) {
  const value = doc.fields[name];
  return value === null || value === undefined ? "" : copyButton(what, () => String(value));
}

/** @param {RunDoc} doc @param {string} tz */
export function facts(doc, tz) {
  const { words, until } = retention(doc);
  return h("dl", "arn-facts",
    fact("Exit code", fieldValue(doc, "exit_code", tz)),
    fact("Process", fieldValue(doc, "process_id", tz)),
    fact("Sandbox", fieldValue(doc, "sandbox_id", tz), copyOf(doc, "sandbox_id", "sandbox id")),
    fact("Updated", fieldValue(doc, "updated_at", tz)),
    fact("Idempotency key", fieldValue(doc, "idempotency_key", tz), copyOf(doc, "idempotency_key", "idempotency key")),
    h("div", "arn-wide", h("dt", {}, "Sandbox after a failure"), h("dd", {}, h("span", {}, words, ...(until ? [", until ", momentText(until, tz), ", counted from completed"] : [])))),
  );
}

/** @param {string} name @param {...import("../dom.mjs").Child} value */
const fact = (name, ...value) => h("div", {}, h("dt", {}, name), h("dd", {}, ...value));

/** @param {RunDoc} doc @param {string} tz */
export const allFields = (doc, tz) => h("dl", "arn-allfields", ...FIELDS.flatMap((name) => [h("dt", {}, name), h("dd", {}, fieldValue(doc, name, tz))]));
