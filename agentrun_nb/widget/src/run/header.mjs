/** The head of a run: its status in words and shape, and what it is called. */
import { h } from "../dom.mjs";
import { describe, statusMark } from "../status.mjs";
import { copyOf, fieldValue } from "./fields.mjs";

/** @param {import("../protocol.mjs").RunDoc} doc */
export function header(doc) {
  const name = /** @type {string | null} */ (doc.fields.status);
  return h("header", {},
    h("div", "arn-status", statusMark(name), h("span", "arn-statusname", describe(name).label)),
    h("dl", "arn-facts", ...named(doc, "id", "Run"), ...named(doc, "deployment_id", "Deployment"), ...named(doc, "version_id", "Version"), ...named(doc, "mode", "Mode")),
  );
}

/** @param {import("../protocol.mjs").RunDoc} doc @param {string} field @param {string} label */
const named = (doc, field, label) => [
  h("div", {}, h("dt", {}, label), h("dd", {}, fieldValue(doc, field, "UTC"), field === "mode" ? "" : copyOf(doc, field, `${label.toLowerCase()} id`))),
];
