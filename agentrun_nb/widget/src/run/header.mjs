/** The head of a run: its status in words and shape, and what it is called. */
import { h } from "../dom.mjs";
import { describe, statusMark } from "../status.mjs";
import { unreadable } from "../text.mjs";
import { fact } from "./fields.mjs";

/** @param {import("../protocol.mjs").RunDoc} doc @returns {{element: HTMLElement, line: HTMLElement}} the head, and the line in it that has room at its end */
export function header(doc) {
  const name = /** @type {string | null} */ (doc.fields.status);
  const line = h("div", "arn-status", statusMark(name), h("span", "arn-statusname", "status" in doc.unread ? h("span", {}, "status ", unreadable(doc.unread.status)) : describe(name).label));
  const element = h("header", {}, line,
    h("dl", "arn-facts", fact(doc, "id", "Run", ""), fact(doc, "deployment_id", "Deployment", ""), fact(doc, "version_id", "Version", ""), fact(doc, "mode", "Mode", "")),
  );
  return { element, line };
}
