/** Text that should be JSON: a tree where it is, the text itself and the place of the error where it is not. */
import { h } from "../base/dom.mjs";
import { longText, visible } from "../base/text.mjs";
import { createTree } from "./tree.mjs";
import { JsonDocument } from "../json/document.mjs";
import { JsonError } from "../json/tokens.mjs";

const AROUND = 30;

/**
 * @param {string} text
 * @param {import("./tree.mjs").Options} options
 * @returns {{element: HTMLElement, tree: import("./tree.mjs").Tree | null}}
 */
export function jsonView(text, options) {
  try {
    const tree = createTree(new JsonDocument(text), options);
    return { element: tree.element, tree };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { element: brokenJson(text, error), tree: null };
  }
}

/** @param {string} text @param {JsonError} error */
function brokenJson(text, { message, offset }) {
  const lines = text.slice(0, offset).split("\n");
  const part = (/** @type {number} */ from, /** @type {number} */ to) =>
    visible(text.slice(Math.max(0, from), to));
  return h(
    "div",
    "arn-section",
    h(
      "p",
      "arn-warning",
      `This is not JSON: ${message} (line ${lines.length}, character ${(lines.at(-1) ?? "").length + 1}). The text as it came:`,
    ),
    h(
      "p",
      "arn-text",
      part(offset - AROUND, offset),
      h("mark", {}, part(offset, offset + 1) || "(end)"),
      part(offset + 1, offset + AROUND),
    ),
    longText(text),
  );
}
