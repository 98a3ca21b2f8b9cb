/** An array of objects as a table: a row for each of them, a column for each of their keys. */
import { button, h } from "../base/dom.mjs";
import { cellText, createTable, emptyCell } from "../base/table.mjs";
import { shortText } from "../base/text.mjs";
import { ARRAY, NULL, NUMBER, OBJECT } from "../json/tokens.mjs";
import { countOf } from "../base/numbers.mjs";

/** @typedef {import("../json/document.mjs").JsonDocument} JsonDocument */

const LOOKED_AT = 1000;
const MOST_COLUMNS = 24;
const LONGEST_KEY = 60;

/** @param {JsonDocument} doc @param {number} node @returns {string[]} the keys of the objects in an array, none where it holds something else as well */
function keysOf(doc, node) {
  const keys = new Set();
  if (doc.nodes.kind[node] !== ARRAY) return [];
  for (const item of doc.children(node)) {
    if (doc.nodes.kind[item] !== OBJECT) return [];
    for (const member of doc.children(item)) keys.add(doc.key(member));
    if (doc.nodes.position[item] === LOOKED_AT) break;
  }
  return [...keys];
}

/**
 * @param {JsonDocument} doc @param {number} node @param {(node: number) => void} onChoose asked to show an item in the tree
 * @returns {HTMLElement | null} null where the node is no array of objects
 */
export function itemsTable(doc, node, onChoose) {
  const keys = keysOf(doc, node);
  if (!keys.length) return null;
  const position = {
    label: "#",
    value: (/** @type {number} */ item) => doc.nodes.position[item],
    cell: (/** @type {number} */ item) =>
      button(String(doc.nodes.position[item]), () => onChoose(item), { class: "arn-link" }),
  };
  const columns = keys.slice(0, MOST_COLUMNS).map((key) => ({
    label: shortText(key, LONGEST_KEY) || '""',
    value: (/** @type {number} */ item) => sortValue(doc, doc.child(item, key)),
    cell: (/** @type {number} */ item) => cell(doc, doc.child(item, key)),
  }));
  const { element, more } = createTable([position, ...columns], [...doc.children(node)]);
  const hidden = keys.length - columns.length;
  return h(
    "div",
    "arn-section",
    element,
    h(
      "div",
      "arn-line-up",
      more,
      hidden > 0 && h("span", "arn-quiet", `${countOf(hidden, "more key")} not shown`),
    ),
  );
}

/** @param {JsonDocument} doc @param {number | null} node */
function sortValue(doc, node) {
  if (node === null || doc.nodes.kind[node] === NULL) return null;
  if (doc.isContainer(node)) return doc.nodes.count[node];
  return doc.nodes.kind[node] === NUMBER ? Number(doc.text(node)) : doc.text(node);
}

/** @param {JsonDocument} doc @param {number | null} node */
function cell(doc, node) {
  if (node === null) return emptyCell("not there");
  if (doc.nodes.kind[node] === NULL) return emptyCell("null");
  return doc.isContainer(node)
    ? h("span", "arn-dim", doc.describe(node))
    : cellText(doc.text(node));
}
