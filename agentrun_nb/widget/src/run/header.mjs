/** The head of a run: its status in words and shape, and what it is called. */
import { h } from "../base/dom.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { unreadable, visible } from "../base/text.mjs";
import { LEFT_OUT, fact } from "./fields.mjs";

/**
 * @param {import("../protocol.mjs").RunDoc} doc @param {HTMLElement} sentence what became of it @param {HTMLElement | false} course @param {import("../base/dom.mjs").Child[]} parts what stands between that and the names
 * @returns {{element: HTMLElement, line: HTMLElement}} the head, and the line in it that has room at its end
 */
export function header(doc, sentence, course, parts) {
  const name = /** @type {string | null} */ (doc.fields.status);
  const line = h(
    "div",
    "arn-status",
    statusMark(name),
    h("span", "arn-statusname", statusWords(doc)),
    sentence,
  );
  const element = h(
    "header",
    {},
    h("div", "arn-section", line, course),
    ...parts,
    h(
      "dl",
      "arn-facts",
      fact(doc, "id", "Run", ""),
      fact(doc, "deployment_id", "Deployment", ""),
      fact(doc, "version_id", "Version", ""),
      fact(doc, "mode", "Mode", ""),
    ),
  );
  return { element, line };
}

/** @param {import("../protocol.mjs").RunDoc} doc */
function statusWords({ fields, unread, left_out: leftOut, error, not_read: reason }) {
  const status = /** @type {string | null} */ (fields.status);
  if (error !== null && status === null) return `not read: ${visible(reason ?? error)}`;
  if ("status" in unread) return h("span", {}, "status ", unreadable(unread.status));
  if (leftOut.includes("status")) return `status ${LEFT_OUT}`;
  return describe(status).label;
}
