/** The head of a run: what it is called, what became of it, and what can be done with it. */
import { h, uniqueId } from "../base/dom.mjs";
import { copyButton } from "../base/clipboard.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { shortText, unreadable, visible } from "../base/text.mjs";
import { LEFT_OUT } from "./fields.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */
/** @typedef {ReadonlyMap<string, string>} Names the names of deployments and versions by their ids */

/** Ids up to here are short enough to stand whole. */
const SHORT_ID = 20;
const LONGEST_NAME = 80;

/**
 * @param {RunDoc} doc
 * @param {{sentence: HTMLElement, course: HTMLElement | false, actions: import("../base/dom.mjs").Child[], names: Names}} parts
 */
export function header(doc, { sentence, course, actions, names }) {
  const name = h("b", { class: "arn-name", id: uniqueId("name") });
  let mark = statusMark(null);
  const title = h("div", "arn-title", mark, name, ...idParts(doc.fields.id));
  const status = h("span", "arn-statusname");

  /** @param {Names} known */
  const setNames = (known) => name.replaceChildren(nameOf(doc, known));

  /** A newer record of the run. @param {RunDoc} newer */
  function setDoc(newer) {
    const before = mark;
    mark = statusMark(/** @type {string | null} */ (newer.fields.status));
    before.replaceWith(mark);
    status.replaceChildren(statusWords(newer));
  }

  setNames(names);
  setDoc(doc);
  return {
    element: h(
      "header",
      {},
      h("div", "arn-status", title, h("p", {}, status, sentence)),
      course,
      h("div", "arn-line-up", ...actions),
    ),
    /** The line with the name, which has room at its end. */
    title,
    /** The id of the element with the name. */
    nameId: name.id,
    setNames,
    setDoc,
  };
}

/** The name of the version, else that of the deployment, else their ids. @param {RunDoc} doc @param {Names} names */
export function nameOf({ fields }, names) {
  const deployment = String(fields.deployment_id ?? "");
  const version = String(fields.version_id ?? "");
  const name = names.get(version) ?? names.get(deployment);
  const words = name ?? [deployment, version].filter(Boolean).join(" · ");
  return shortText(words, LONGEST_NAME) || "(no deployment)";
}

/** The id of the run, short: whole in a tip, and copied by a click. @param {import("../protocol.mjs").Scalar | undefined} value */
function idParts(value) {
  const id = String(value ?? "");
  if (!id) return [h("span", "arn-quiet", "(no id)")];
  const tip = h("span", { class: "arn-utc", role: "tooltip", id: uniqueId("tip") }, visible(id));
  const copy = copyButton("Copy id", id, shortText(id, SHORT_ID));
  copy.setAttribute("aria-describedby", tip.id);
  return [h("span", "arn-id arn-moment", copy, tip)];
}

/** @param {RunDoc} doc */
function statusWords({ fields, unread, left_out: leftOut, error, not_read: reason }) {
  const status = /** @type {string | null} */ (fields.status);
  if (error !== null && status === null) return `not read: ${visible(reason ?? error)}`;
  if ("status" in unread) return h("span", {}, "status ", unreadable(unread.status));
  if (leftOut.includes("status")) return `status ${LEFT_OUT}`;
  return describe(status).label;
}
