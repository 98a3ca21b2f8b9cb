/** Text that should be JSON: a tree where it is, the text itself and the place of the error where it is not. */
import { h } from "../dom.mjs";
import { visible } from "../status.mjs";
import { longText } from "../text.mjs";
import { JsonTree } from "../tree/tree.mjs";
import { JsonDocument } from "./document.mjs";
import { JsonError } from "./tokens.mjs";

const AROUND = 30;

/**
 * @param {string} text
 * @param {ConstructorParameters<typeof JsonTree>[1]} options
 * @returns {{element: HTMLElement, tree: JsonTree | null}}
 */
export function jsonView(text, options) {
  try {
    const tree = new JsonTree(new JsonDocument(text), options);
    return { element: tree.element, tree };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return { element: brokenJson(text, error), tree: null };
  }
}

/** @param {string} text @param {JsonError} error */
function brokenJson(text, { message, offset }) {
  const before = text.slice(0, offset).split("\n");
  const place = `line ${before.length}, character ${before[before.length - 1].length + 1}`;
  return h("div", "arn-broken",
    h("p", { class: "arn-warning", role: "note" }, `This is not JSON: ${message} (${place}). The text as it came:`),
    h("p", "arn-excerpt", visible(text.slice(Math.max(0, offset - AROUND), offset)), h("mark", {}, visible(text.slice(offset, offset + 1)) || "(end)"), visible(text.slice(offset + 1, offset + AROUND))),
    longText(text));
}
