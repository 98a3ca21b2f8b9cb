/** Looking for words in the keys and values of a document. */
import { ARRAY, BOOLEAN, NOT_JSON, NULL, NUMBER, OBJECT, STRING } from "../json/tokens.mjs";

const SLICE_MS = 12;
const CHECK_EVERY = 2048;

/** What a search can be narrowed to, and the kinds of node that it means; the first means all. @type {[string, number[]][]} */
export const TYPES = [
  ["any type", []],
  ["strings", [STRING]],
  ["numbers", [NUMBER, NOT_JSON]],
  ["true, false", [BOOLEAN]],
  ["null", [NULL]],
  ["objects", [OBJECT]],
  ["arrays", [ARRAY]],
];

/**
 * Goes through a document in slices, so that the page stays alive.
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {{query: string, kinds: number[]}} wanted words, matched without regard to case, and kinds of node, none for all
 * @param {AbortSignal} signal
 * @returns {Promise<number[]>} the nodes that match, in the order of the source; none once aborted
 */
export async function search(doc, { query, kinds }, signal) {
  const words = query.toLowerCase();
  /** @type {number[]} */
  const hits = [];
  let since = performance.now();
  let looked = 0;
  for (const node of candidates(doc, words)) {
    if ((!kinds.length || kinds.includes(doc.nodes.kind[node])) && matches(doc, node, words))
      hits.push(node);
    if (++looked % CHECK_EVERY === 0 && performance.now() - since > SLICE_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      if (signal.aborted) return [];
      since = performance.now();
    }
  }
  return hits;
}

/**
 * Every node that matches and some others, each once, in the order of the source.
 * Looking for the words in the whole source is several times as quick as reading one node after the other.
 * @param {import("../json/document.mjs").JsonDocument} doc @param {string} words
 */
function* candidates(doc, words) {
  const { keyStart, start } = doc.nodes;
  // With a quote in them, words would be found across the end of a text.
  if (!words || /["\\]/.test(words)) {
    for (let node = 0; node < doc.size; node++) yield node;
    return;
  }
  const literal = words.replace(/[.*+?^${}()|[\]/]/g, "\\$&");
  // Texts with an escape may hide the words, and so does İ, which is two letters in lower case.
  const place = new RegExp(`${literal}|[\\\\İ]`, "giu");
  const begin = (/** @type {number} */ node) => keyStart[node] || start[node];
  let last = -1;
  for (let node = 0; place.test(doc.source);) {
    while (node + 1 < doc.size && begin(node + 1) < place.lastIndex) node++;
    if (node > last) yield (last = node);
  }
}

/** @param {import("../json/document.mjs").JsonDocument} doc @param {number} node @param {string} words */
const matches = (doc, node, words) =>
  !words ||
  (doc.hasKey(node) && doc.key(node).toLowerCase().includes(words)) ||
  (!doc.isContainer(node) && doc.text(node).toLowerCase().includes(words));
