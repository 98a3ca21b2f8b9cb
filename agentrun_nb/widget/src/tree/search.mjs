/** Looking for words in the keys and values of a document. */

const SLICE_MS = 12;
const CHECK_EVERY = 2048;

/**
 * Goes through a document in slices, so that the page stays alive.
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {string} query matched without regard to case
 * @param {AbortSignal} signal
 * @returns {Promise<number[]>} the nodes that match, in the order of the source; none once aborted
 */
export async function search(doc, query, signal) {
  const wanted = query.toLowerCase();
  /** @type {number[]} */
  const hits = [];
  let since = performance.now();
  for (let node = 0; node < doc.size; node++) {
    if (matches(doc, node, wanted)) hits.push(node);
    if (node % CHECK_EVERY === 0 && performance.now() - since > SLICE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      if (signal.aborted) return [];
      since = performance.now();
    }
  }
  return hits;
}

/** @param {import("../json/document.mjs").JsonDocument} doc @param {number} node @param {string} wanted */
const matches = (doc, node, wanted) =>
  (doc.hasKey(node) && doc.key(node).toLowerCase().includes(wanted)) || (!doc.isContainer(node) && doc.text(node).toLowerCase().includes(wanted));
