/** The node that is chosen: its path, its whole value, and the ways to copy both. */
import { copyButton } from "../base/clipboard.mjs";
import { button, h } from "../base/dom.mjs";
import { columnButton } from "./column.mjs";
import { itemsTable } from "./items_table.mjs";
import { formatPath, formatPointer } from "../json/path.mjs";
import { valueLine } from "../json/python.mjs";
import { ARRAY, OBJECT, STRING } from "../json/tokens.mjs";
import { toolbar } from "../base/roving.mjs";
import { longText, shortText, visible } from "../base/text.mjs";

const LONGEST_PATH = 1000;
const SHORT_VALUE = 60;

/**
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {number} node
 * @param {{root: string, python: string, select: (node: number) => void, onColumn?: (path: string) => string}} options
 *   `onColumn` makes a column of many runs out of a place, where there are many
 */
export function nodeDetails(doc, node, { root, python, select, onColumn }) {
  const steps = doc.path(node);
  const path = formatPath(steps, root);
  const text = doc.text(node);
  const { kind } = doc.nodes;
  const ofObjects = kind[node] === ARRAY && kind[node + 1] === OBJECT && doc.nodes.count[node] > 0;
  const line = h(
    "div",
    "arn-line-up",
    h("code", "arn-path", shortText(path, LONGEST_PATH) || "(the whole document)"),
    h("span", "arn-quiet", doc.describe(node)),
    toolbar(
      "Show and copy",
      "arn-line-up arn-aside",
      onColumn && steps.length > 0 && columnButton(steps, root, onColumn),
      ofObjects && tableButton(() => itemsTable(doc, node, select)),
      copyButton("Copy path", path),
      copyButton("Copy as Python", valueLine(python, steps), "Python"),
      copyButton("Copy as JSON Pointer", formatPointer(steps), "JSON Pointer"),
      copyButton("Copy value", text),
    ),
  );
  return kind[node] === STRING && (text.length > SHORT_VALUE || visible(text) !== text)
    ? [line, longText(text)]
    : [line];
}

/** Shows the items as a table below, and takes it away again. @param {() => HTMLElement | null} make */
function tableButton(make) {
  /** @type {HTMLElement | null} */
  let table = null;
  const element = button(
    "Table",
    () => {
      if (table?.isConnected) table.remove();
      else
        element
          .closest(".arn-section")
          ?.append(
            (table ??= make() ?? h("p", "arn-quiet", "Not all of these items are objects.")),
          );
      element.setAttribute("aria-pressed", String(table?.isConnected));
    },
    { "aria-pressed": "false" },
  );
  return element;
}
