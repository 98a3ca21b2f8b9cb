/** Values of columns in the documents of runs, for a page without a kernel. It touches no page. */
import { JsonDocument } from "../json/document.mjs";
import { EVERY, parsePattern } from "../json/path.mjs";

/**
 * @typedef {import("./values.mjs").Values} Values
 * @typedef {import("../protocol.mjs").RunDoc} RunDoc
 */

/** The documents of a run that a path can begin with. */
const DOCUMENTS = new Set(["input", "output_manifest", "extra"]);

/**
 * What stands at a path in documents.
 * @param {string} path @param {RunDoc[]} docs @param {number} n how many runs there are
 * @returns {Values} by row; where the path leads to many places, the list of what stands there
 */
export function valuesAt(path, docs, n) {
  const [name, ...steps] = parsePattern(path) ?? [];
  /** @type {Values} */
  const values = new Array(n).fill(null);
  if (!DOCUMENTS.has(String(name))) return values;
  for (const doc of docs) values[doc.row] = valueAt(doc[/** @type {"input"} */ (name)], steps);
  return values;
}

/** @param {string | null} text a document @param {import("../json/path.mjs").AnyStep[]} steps @returns {string | null} */
function valueAt(text, steps) {
  if (text === null) return null;
  try {
    const document = new JsonDocument(text);
    const found = document.findAll(steps)?.map(document.sourceOf);
    if (!found) return null;
    return steps.includes(EVERY) ? `[${found.join(",")}]` : found[0];
  } catch {
    // A document that is not JSON has no values.
    return null;
  }
}
