/** One row of a tree. */
import { h } from "../dom.mjs";
import { BOOLEAN, NONE, NULL, NUMBER, OBJECT, STRING } from "../json/tokens.mjs";
import { formatCount } from "../scale.mjs";
import { visible } from "../status.mjs";
import { clip, shortText } from "../text.mjs";

const LONGEST_KEY = 120;
const LONGEST_VALUE = 300;
const DEEPEST_INDENT = 24;
/** @type {Record<number, string>} */
const KINDS = { [STRING]: "arn-string", [NUMBER]: "arn-number", [BOOLEAN]: "arn-literal", [NULL]: "arn-literal" };

/**
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {number} node
 * @param {{id: string, root: string, expanded: boolean, hit: boolean}} state
 * @returns {HTMLElement}
 */
export function makeRow(doc, node, { id, root, expanded, hit }) {
  const { parent, position, count, depth } = doc.nodes;
  const container = doc.isContainer(node) && count[node] > 0;
  const row = h("div", {
    id, role: "treeitem", class: hit ? "arn-row arn-hit" : "arn-row",
    "aria-level": String(depth[node] + 1), "aria-selected": "false",
    "aria-posinset": String(position[node] + 1), "aria-setsize": String(parent[node] === NONE ? 1 : count[parent[node]]),
    ...(container && { "aria-expanded": String(expanded) }),
  });
  row.style.setProperty("--arn-depth", String(Math.min(depth[node], DEEPEST_INDENT)));
  row.append(
    h("span", { class: container ? "arn-twisty" : "arn-leaf", "aria-hidden": "true" }),
    depth[node] > DEEPEST_INDENT ? badge(`level ${formatCount(depth[node] + 1)}`) : "",
    label(doc, node, root),
    h("span", "arn-punctuation", ": "),
    ...value(doc, node),
    doc.isRepeated(node) ? badge("repeated key") : "",
    doc.isBare(node) ? badge("not JSON") : "",
  );
  return row;
}

/** @param {Element | null} row @param {boolean} active */
export function markActive(row, active) {
  row?.classList.toggle("arn-active", active);
  row?.setAttribute("aria-selected", String(active));
}

/** @param {string} words */
const badge = (words) => h("span", "arn-badge", words);

/** @param {import("../json/document.mjs").JsonDocument} doc @param {number} node @param {string} root */
function label(doc, node, root) {
  const { parent, position } = doc.nodes;
  if (parent[node] === NONE) return h("span", "arn-jsonkey arn-rootkey", root);
  if (!doc.hasKey(node)) return h("span", "arn-punctuation", String(position[node]));
  const key = doc.key(node);
  return key === "" ? h("span", "arn-jsonkey arn-quiet", '""') : h("span", "arn-jsonkey", shortText(key, LONGEST_KEY));
}

/** @param {import("../json/document.mjs").JsonDocument} doc @param {number} node @returns {(HTMLElement | string)[]} */
function value(doc, node) {
  const { kind, count } = doc.nodes;
  if (doc.isContainer(node)) {
    const [open, close] = kind[node] === OBJECT ? "{}" : "[]";
    return [h("span", "arn-punctuation", `${open}${count[node] ? "…" : " "}${close}`), count[node] ? quiet(doc.describe(node)) : ""];
  }
  const text = doc.text(node);
  const shown = clip(text, LONGEST_VALUE);
  const words = kind[node] === STRING ? `"${visible(shown)}${shown === text ? '"' : "…"}` : visible(shown);
  const hidden = text.length - shown.length;
  return [h("span", KINDS[kind[node]] ?? "arn-number", words), hidden ? quiet(`${formatCount(hidden)} more characters`) : ""];
}

/** @param {string} words */
const quiet = (words) => h("span", "arn-quiet arn-count", words);
