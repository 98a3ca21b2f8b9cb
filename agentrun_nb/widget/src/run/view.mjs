/** One run, whole: its status, its course, what it left behind. */
import { h } from "../base/dom.mjs";
import { head } from "../base/head.mjs";
import { describe } from "../base/status.mjs";
import { longText } from "../base/text.mjs";
import { createDocuments } from "./documents.mjs";
import { allFields, facts, missing } from "./fields.mjs";
import { header } from "./header.mjs";
import { outputsTable } from "./outputs.mjs";
import { createPreview } from "./preview/preview.mjs";
import { sentenceOf } from "./sentence.mjs";
import { track } from "./track.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

/** How often the age of a run is written anew, in ms. */
const AGE_EVERY = 10_000;

/** @typedef {ReturnType<typeof createRunView>} RunView */

/**
 * @typedef {object} Options
 * @property {string} tz
 * @property {number} now when the record was read
 * @property {import("../kernel/requests.mjs").Kernel} kernel
 * @property {string} noPreviews why no file can be looked into, "" where they can
 * @property {(name: string) => string} pythonOf the expression of a parsed document
 * @property {AbortSignal} signal
 * @property {(path: string) => void} onPath
 */

/** @param {RunDoc} doc @param {Options} options */
export function createRunView(doc, { tz, now, kernel, noPreviews, pythonOf, signal, onPath }) {
  const sentence = h("span", "arn-sentence");
  const course = h("div");
  const { element: top, line: corner } = header(doc, sentence, doc.error === null && course, [
    banner("This run was not read", doc.error),
    failure(doc),
  ]);
  const others = h("div");
  const record = h("div");
  const documents = createDocuments(doc, { signal, pythonOf, onPath });
  const preview = createPreview(doc, { ask: kernel.ask, signal });

  /** @param {string} zone */
  function setZone(zone) {
    course.replaceChildren(track(doc, zone, now));
    others.replaceChildren(facts(doc, zone));
    record.replaceChildren(allFields(doc, zone));
  }

  const showOutput = (/** @type {number} */ position) => {
    const path = `output_manifest.outputs[${position}]`;
    if (documents.reveal(path)) onPath(path);
  };

  const age = () => {
    sentence.textContent = sentenceOf(doc, now, Date.now());
  };
  const clock = setInterval(age, AGE_EVERY);
  signal.addEventListener("abort", () => clearInterval(clock));
  age();
  setZone(tz);
  return {
    setZone,
    /** A line with room at its end. */
    corner,
    reveal: documents.reveal,
    element: h(
      "article",
      "arn-run",
      top,
      doc.error === null && others,
      doc.outputs.length > 0 &&
        h(
          "section",
          "arn-section",
          outputsTable(doc.outputs, showOutput, !kernel.alone && !noPreviews && preview.show),
          !kernel.alone && noPreviews && h("p", "arn-quiet", noPreviews),
          preview.element,
        ),
      documents.element,
      h(
        "details",
        {},
        h("summary", {}, `All ${head().fields.length} fields of the record`),
        record,
      ),
      banner("Notes on the record", doc.notes),
    ),
  };
}

/** @param {string} title @param {string | null} text */
const banner = (title, text) =>
  text !== null && h("section", "arn-section arn-banner", h("b", {}, title), longText(text));

/** The reason of a failure; where a failed run gives none, that is said. @param {RunDoc} doc */
function failure(doc) {
  const reason = doc.fields.failure_reason ?? null;
  const { failed, color } = describe(/** @type {string | null} */ (doc.fields.status));
  if (reason === null && !failed) return "";
  const section = h(
    "section",
    "arn-section arn-banner",
    h("b", {}, "Failure reason"),
    reason === null ? missing(doc, "failure_reason") : longText(String(reason)),
  );
  section.style.setProperty("--arn-course", `var(${color})`);
  return section;
}
