/** The node that is chosen: its path, its whole value, and the ways to copy both. */
import { copyButton } from "../clipboard.mjs";
import { h } from "../dom.mjs";
import { STRING } from "../json/tokens.mjs";
import { visible } from "../status.mjs";
import { clip, longText } from "../text.mjs";

const LONGEST_PATH = 1000;
const SHORT_VALUE = 60;

export class NodeDetails {
  element = h("div", { class: "arn-details", role: "group", "aria-label": "Chosen node" });

  /**
   * @param {import("../json/document.mjs").JsonDocument} doc
   * @param {number} node
   * @param {string} path
   */
  show(doc, node, path) {
    const text = doc.nodes.kind[node] === STRING ? doc.text(node) : null;
    this.element.replaceChildren(
      h("div", "arn-detailsline",
        h("code", "arn-path", visible(clip(path, LONGEST_PATH)) + (path.length > LONGEST_PATH ? "…" : "") || "(the whole document)"),
        h("span", "arn-quiet", doc.describe(node)),
        h("span", "arn-spring"),
        copyButton("path", () => path, "Copy path"),
        copyButton("value", () => doc.text(node), "Copy value"),
      ),
      text !== null && (text.length > SHORT_VALUE || visible(text) !== text) ? longText(text) : "",
    );
  }
}
