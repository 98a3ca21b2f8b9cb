/** The fields of a record, each as it stands there. */
import { h } from "../base/dom.mjs";
import { head } from "../base/head.mjs";
import { longText, shortText, unreadable, visible } from "../base/text.mjs";
import { momentText } from "./moments.mjs";
import { retention } from "./retention.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

const LONGEST = 400;

/** What stands in the place of a field that a listing did not keep. */
export const LEFT_OUT = "left out of the listing";

/** @param {RunDoc} doc @param {string} name @param {string} tz @returns {HTMLElement} a value as it stands in the record; null and absent are not the same */
function fieldValue(doc, name, tz) {
  const { kind } = head().fields.find((field) => field.name === name) ?? { kind: "text" };
  if (kind === "json") return documentValue(doc, name);
  const value = doc.fields[name];
  if (value === null || value === undefined) return missing(doc, name);
  if (typeof value === "string" && kind === "time") return momentText(value, tz);
  const text = String(value);
  return text.length > LONGEST || text.includes("\n")
    ? longText(text)
    : h("span", "arn-value", text === "" ? "(empty text)" : visible(text));
}

/** @param {RunDoc} doc @param {string} name of a document */
function documentValue(doc, name) {
  const text = /** @type {Record<string, any>} */ (doc)[name] ?? null;
  return text === null ? missing(doc, name) : h("span", "arn-value", shortText(text, 60));
}

/** @param {RunDoc} doc @param {string} name */
export function missing(doc, name) {
  if (name in doc.unread) return unreadable(doc.unread[name]);
  return h("span", "arn-quiet", whyMissing(doc, name));
}

/** @param {RunDoc} doc @param {string} name */
function whyMissing(doc, name) {
  if (doc.error !== null) return "not read";
  if (doc.left_out.includes(name)) return LEFT_OUT;
  return doc.absent.includes(name) ? "not in the record" : "null";
}

/** What the record says about keeping the sandbox of a failed run. @param {RunDoc} doc @param {string} tz */
export function retainedWords(doc, tz) {
  // The clock of the page and not the moment of the data: a view may be opened years after it was made.
  const { words, until } = retention(doc, Date.now());
  return h(
    "p",
    "arn-wide",
    h("span", "arn-stopname", "Sandbox after a failure"),
    " ",
    words || missing(doc, "retain_on_failure"),
    ...(until ? [", until ", momentText(until, tz), ", counted from completed"] : []),
  );
}

/** @param {RunDoc} doc @param {string} tz */
export const allFields = (doc, tz) =>
  h(
    "dl",
    "arn-allfields",
    ...head().fields.flatMap(({ name, meaning }) => [
      h("dt", { "aria-description": meaning }, name),
      h("dd", {}, fieldValue(doc, name, tz)),
    ]),
  );
