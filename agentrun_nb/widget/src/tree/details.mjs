/** The node that is chosen: its path, its whole value, and the ways to copy both. */
import { copyButton } from "../clipboard.mjs";
import { h } from "../dom.mjs";
import { STRING } from "../json/tokens.mjs";
import { visible } from "../status.mjs";
import { longText, shortText } from "../text.mjs";

const LONGEST_PATH = 1000;
const SHORT_VALUE = 60;

/**
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {number} node
 * @param {string} path
 */
export function nodeDetails(doc, node, path) {
  const text = doc.text(node);
  const line = h("div", "arn-line-up",
    h("code", "arn-path", shortText(path, LONGEST_PATH) || "(the whole document)"),
    h("span", "arn-quiet", doc.describe(node)),
    h("span", "arn-spring"),
    copyButton("Copy path", path),
    copyButton("Copy value", text),
  );
  return doc.nodes.kind[node] === STRING && (text.length > SHORT_VALUE || visible(text) !== text) ? [line, longText(text)] : [line];
}
