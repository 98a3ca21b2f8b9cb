/** One run, whole: its status, its course, what it left behind. */
import { h } from "../dom.mjs";
import { counted } from "../json/document.mjs";
import { describe, visible } from "../status.mjs";
import { longText } from "../text.mjs";
import { Documents } from "./documents.mjs";
import { allFields, facts, FIELDS } from "./fields.mjs";
import { header } from "./header.mjs";
import { OutputsTable } from "./outputs.mjs";
import { track } from "./track.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

export class RunView {
  #doc;
  #now;
  #course = h("div", "arn-timed");
  #all = h("div", "arn-timed");
  #documents;
  element;

  /** @param {RunDoc} doc @param {{tz: string, now: number, signal: AbortSignal, onPath: (path: string) => void}} options */
  constructor(doc, { tz, now, signal, onPath }) {
    this.#doc = doc;
    this.#now = now;
    this.#documents = new Documents(doc, { signal, onPath });
    this.setZone(tz);
    this.element = h("article", "arn-run",
      header(doc),
      banner("This run was not read", doc.error),
      failure(doc),
      this.#course,
      this.#outputs(doc, onPath),
      this.#documents.element,
      h("details", "arn-more", h("summary", {}, `All ${FIELDS.length} fields of the record`), this.#all),
      banner("Notes on the record", doc.notes),
    );
  }

  /** @param {string} tz */
  setZone(tz) {
    this.#course.replaceChildren(track(this.#doc, tz, this.#now), facts(this.#doc, tz));
    this.#all.replaceChildren(allFields(this.#doc, tz));
  }

  /** @param {string} path @returns {boolean} whether it is there */
  reveal = (path) => this.#documents.reveal(path);

  /** @param {RunDoc} doc @param {(path: string) => void} onPath */
  #outputs({ outputs }, onPath) {
    if (outputs.length === 0) return "";
    const choose = (/** @type {number} */ position) => {
      const path = `output_manifest.outputs[${position}]`;
      if (this.reveal(path)) onPath(path);
    };
    return h("section", "arn-section", h("h3", {}, counted(outputs.length, "output")), new OutputsTable(outputs, choose).element);
  }
}

/** @param {string} title @param {string | null} text */
const banner = (title, text) => text !== null && h("section", "arn-banner", h("h3", {}, title), h("p", {}, visible(text)));

/** The reason of a failure; where a failed run gives none, that is said. @param {RunDoc} doc */
function failure({ fields, absent }) {
  const reason = fields.failure_reason;
  const status = describe(/** @type {string | null} */ (fields.status));
  if (reason !== null && reason !== undefined) return h("section", "arn-failure", h("h3", {}, "Failure reason"), longText(String(reason)));
  if (status.name !== "failed") return "";
  return h("section", "arn-failure", h("h3", {}, "Failure reason"), h("p", "arn-quiet", absent.includes("failure_reason") ? "not in the record" : "null"));
}
