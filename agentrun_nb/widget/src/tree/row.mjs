/** One row of a tree. */
import { h } from "../base/dom.mjs";
import { NONE, OBJECT, STRING } from "../json/tokens.mjs";
import { clip, shortText, visible } from "../base/text.mjs";
import { formatCount } from "../base/numbers.mjs";

const LONGEST_KEY = 120;
const LONGEST_VALUE = 300;
const DEEPEST_INDENT = 24;
/** The style of a value by its kind. */
const STYLES = ["dim", "dim", "string", "number", "literal", "literal", "number"];

/** @typedef {import("../json/document.mjs").JsonDocument} JsonDocument */

/**
 * @param {JsonDocument} doc
 * @param {number} node
 * @param {{id: string, root: string, expanded: boolean, hit: boolean}} state
 * @returns {HTMLElement}
 */
export function makeRow(doc, node, { id, root, expanded, hit }) {
  const { parent, position, count } = doc.nodes;
  const depth = doc.nodes.depth[node];
  const opens = doc.isContainer(node) && count[node] > 0;
  const row = h(
    "div",
    {
      id,
      role: "treeitem",
      class: hit ? "arn-row arn-hit" : "arn-row",
      "aria-selected": "false",
      "aria-expanded": opens && String(expanded),
      "aria-level": String(depth + 1),
      "aria-posinset": String(position[node] + 1),
      "aria-setsize": String(count[parent[node]] ?? 1),
    },
    h("span", opens ? "arn-twisty" : "arn-leaf"),
    depth > DEEPEST_INDENT && badge(`level ${formatCount(depth + 1)}`),
    label(doc, node, root),
    ...value(doc, node),
    doc.isRepeated(node) && badge("repeated key"),
    doc.isBare(node) && badge("not JSON"),
  );
  row.style.setProperty("--arn-depth", String(Math.min(depth, DEEPEST_INDENT)));
  return row;
}

/** @param {Element | null} row @param {boolean} active */
export function markActive(row, active) {
  row?.classList.toggle("arn-active", active);
  row?.setAttribute("aria-selected", String(active));
}

/** @param {string} words */
const badge = (words) => h("span", "arn-badge", words);

/** @param {JsonDocument} doc @param {number} node @param {string} root */
function label(doc, node, root) {
  const { parent, position } = doc.nodes;
  if (parent[node] === NONE) return h("b", {}, root);
  return doc.hasKey(node)
    ? h("span", "arn-jsonkey", shortText(doc.key(node), LONGEST_KEY) || '""')
    : h("span", "arn-dim", String(position[node]));
}

/** @param {JsonDocument} doc @param {number} node @returns {import("../base/dom.mjs").Child[]} */
function value(doc, node) {
  const kind = doc.nodes.kind[node];
  const [first, last] = kind === OBJECT ? "{}" : "[]";
  const filled = doc.nodes.count[node] > 0;
  if (doc.isContainer(node))
    return [
      ": ",
      h("span", "arn-dim", first + (filled ? "…" : " ") + last),
      filled && more(doc.describe(node)),
    ];
  const text = doc.text(node);
  const shown = clip(text, LONGEST_VALUE);
  const hidden = text.length - shown.length;
  const quote = kind === STRING ? '"' : "";
  return [
    ": ",
    h("span", `arn-${STYLES[kind]}`, quote + visible(shown) + (hidden ? "…" : quote)),
    hidden > 0 && more(`${formatCount(hidden)} more characters`),
  ];
}

/** @param {string} words */
const more = (words) => h("span", "arn-count", words);
