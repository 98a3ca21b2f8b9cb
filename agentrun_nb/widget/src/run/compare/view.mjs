/** Two runs side by side: how they went, where their documents differ, and which outputs belong together. */
import { h } from "../../base/dom.mjs";
import { countOf, formatCount, humanSize } from "../../base/numbers.mjs";
import { statusMark } from "../../base/status.mjs";
import { shortText } from "../../base/text.mjs";
import { nameOf } from "../header.mjs";
import { pairsTable } from "./pairs.mjs";
import { isNeverTheSame, otherPairs, outcomePairs } from "./record.mjs";

/**
 * @typedef {import("../../protocol.mjs").Comparison} Comparison
 * @typedef {import("../../protocol.mjs").Difference} Difference
 * @typedef {import("../../protocol.mjs").OutputRow} OutputRow
 * @typedef {import("./record.mjs").Known} Known
 * @typedef {import("./pairs.mjs").Pair} Pair
 */

const LONGEST_ID = 40;
/** @type {[string, string][]} */
const DOCUMENTS = [
  ["input", "Input"],
  ["output_manifest", "Output manifest"],
];

/**
 * @param {Comparison} comparison
 * @param {[Known, Known]} runs the two
 * @param {{title: string, names: ReadonlyMap<string, string>}} options
 * @returns {HTMLElement}
 */
export function comparisonView({ count, differences, outputs }, [a, b], { title, names }) {
  const ids = [a, b].map(
    ({ doc }) => shortText(String(doc.fields.id ?? ""), LONGEST_ID) || "(no id)",
  );
  const telling = differences.filter((difference) => !isFolded(difference));
  const folded = [...otherPairs(a, b), ...differences.filter(isFolded).map(pairOf)];
  const cut =
    count > differences.length &&
    h(
      "p",
      "arn-quiet",
      `${formatCount(count)} differences in input and output manifest. Only the first ${formatCount(differences.length)} are shown; arn.diff gives all.`,
    );
  return h(
    "article",
    "arn-run arn-comparison",
    h("b", {}, title),
    h("div", "arn-two", ...[a, b].map(({ doc }, i) => headOf(doc, ids[i], names))),
    pairsTable(outcomePairs(a, b, names), ids),
    ...DOCUMENTS.map(([name, label]) => {
      const pairs = telling.filter((difference) => isIn(difference, name)).map(pairOf);
      return section(`${label}: ${countOf(pairs.length, "difference")}`, pairs, ids);
    }),
    cut,
    outputs.length > 0 && section(countOf(outputs.length, "output"), outputs.map(outputPair), ids),
    folded.length > 0 &&
      h(
        "details",
        {},
        h("summary", {}, `${formatCount(folded.length)} that always differ`),
        pairsTable(folded, ids),
      ),
  );
}

/** @param {import("../../protocol.mjs").RunDoc} doc @param {string} id @param {ReadonlyMap<string, string>} names */
const headOf = (doc, id, names) =>
  h(
    "div",
    "arn-title",
    statusMark(/** @type {string | null} */ (doc.fields.status)),
    h("b", "arn-name", nameOf(doc, names)),
    h("span", "arn-dim", id),
  );

/** @param {string} title @param {Pair[]} pairs @param {string[]} ids */
const section = (title, pairs, ids) =>
  h("section", "arn-section", h("b", {}, title), pairs.length > 0 && pairsTable(pairs, ids));

/** Whether a difference says nothing, since it is there between any two runs. @param {Difference} difference */
const isFolded = ({ path_a: a, path_b: b, change }) =>
  change === "changed" && isNeverTheSame(a ?? b ?? "");

/** @param {Difference} difference @param {string} name of a document */
const isIn = ({ path_a: a, path_b: b }, name) => /^\w*/.exec(a ?? b ?? "")?.[0] === name;

/** @param {Difference} difference @returns {Pair} */
function pairOf({ path_a: from, path_b: to, change, a, b }) {
  const label = from && to && from !== to ? `${from} → ${to}` : (from ?? to ?? "");
  return { label, change: change === "changed" ? "" : change, a, b };
}

/** @param {import("../../protocol.mjs").Pair} pair @returns {Pair} */
function outputPair({ a, b }) {
  const either = (/** @type {string} */ name) => a?.[name] ?? b?.[name] ?? null;
  const label = either("name") ?? either("configured_path") ?? either("path");
  return { label: String(label ?? "(no name)"), a: outputWords(a), b: outputWords(b) };
}

/** @param {OutputRow | null} output */
function outputWords(output) {
  if (output === null) return null;
  return `${output.status ?? "no status"}, ${sizeWords(output)}`;
}

/** @param {OutputRow} output */
function sizeWords({ size_bytes: size, unread }) {
  if (size !== null) return humanSize(size);
  return unread?.size_bytes ? "size not readable" : "no size";
}
