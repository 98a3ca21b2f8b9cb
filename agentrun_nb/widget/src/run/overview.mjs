/** What a run says at first sight: why it failed, what its log said last, what it left behind, and when. */
import { h } from "../base/dom.mjs";
import { describe } from "../base/status.mjs";
import { longText, unreadable } from "../base/text.mjs";
import { milliseconds } from "../base/times.mjs";
import { LEFT_OUT, missing, retainedWords } from "./fields.mjs";
import { momentText } from "./moments.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

/** @param {string} title @param {string | null} text */
export const banner = (title, text) =>
  text !== null && h("section", "arn-section arn-banner", h("b", {}, title), longText(text));

/** The reason of a failure; where a failed run gives none, that is said. @param {RunDoc} doc */
export function failure(doc) {
  const reason = doc.fields.failure_reason ?? null;
  const { failed, color } = describe(/** @type {string | null} */ (doc.fields.status));
  if (reason === null && !failed) return "";
  const section = h(
    "section",
    "arn-section arn-banner arn-reason",
    h("b", {}, "Failure reason"),
    reason === null ? missing(doc, "failure_reason") : longText(String(reason)),
  );
  section.style.setProperty("--arn-course", `var(${color})`);
  return section;
}

/** The three moments of a run, and until when the sandbox of a failed one is there. @param {RunDoc} doc @param {string} tz */
export function moments(doc, tz) {
  const names = ["created", "started", "completed"];
  const stops = h("div", "arn-stops", ...names.map((name) => stop(doc, name, tz)));
  stops.style.setProperty("--arn-share", String(shareBefore(doc.fields)));
  const { retained } = describe(/** @type {string | null} */ (doc.fields.status));
  const isKept = retained && doc.fields.retain_on_failure !== null;
  return h("div", "arn-section", stops, isKept && retainedWords(doc, tz));
}

/** Which part of a run that has ended lies before its start; the middle where that is not known. @param {RunDoc["fields"]} fields */
function shareBefore({ created_at: from, started_at: middle, completed_at: to }) {
  const [created, started, completed] = [from, middle, to].map(milliseconds);
  const share = (started - created) / (completed - created);
  return share >= 0 && share <= 1 ? share : 0.5;
}

/** @param {RunDoc} doc @param {string} name @param {string} tz */
function stop({ fields, unread, left_out: leftOut }, name, tz) {
  const field = `${name}_at`;
  const utc = fields[field];
  return h(
    "div",
    `arn-stop arn-${name}`,
    h("span", "arn-stopname", name),
    typeof utc === "string"
      ? momentText(utc, tz)
      : field in unread
        ? unreadable(unread[field])
        : h("span", "arn-quiet", leftOut.includes(field) ? LEFT_OUT : "not recorded"),
  );
}
