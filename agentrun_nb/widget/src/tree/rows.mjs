/** Which nodes of a document are on show: those whose ancestors are all expanded, in the order of the source. */
import { NONE } from "../json/tokens.mjs";

export class VisibleRows {
  /** @param {import("../json/document.mjs").JsonDocument} doc */
  constructor(doc) {
    this.doc = doc;
    this.expanded = new Uint8Array(doc.size);
    this.nodes = new Uint32Array(doc.size);
    this.length = 0;
    this.expanded[0] = 1;
    this.#list();
  }

  /** @param {number} node @param {boolean} open */
  set(node, open) {
    this.expanded[node] = open ? 1 : 0;
    this.#list();
  }

  /** @param {boolean} open */
  setAll(open) {
    this.expanded.fill(open ? 1 : 0);
    this.#list();
  }

  /** Opens the siblings of a node, the node among them. @param {number} node */
  openSiblings(node) {
    this.expanded[node] = 1;
    for (const sibling of this.doc.children(this.doc.nodes.parent[node]))
      this.expanded[sibling] = 1;
    this.#list();
  }

  /** Opens every ancestor of a node. @param {number} node */
  reveal(node) {
    const { parent } = this.doc.nodes;
    for (let at = parent[node]; at !== NONE; at = parent[at]) this.expanded[at] = 1;
    this.#list();
  }

  /** @param {number} node @returns {number} its row, or that of the nearest ancestor on show */
  rowOf(node) {
    let low = 0,
      high = this.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.nodes[middle] <= node) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #list() {
    let length = 0;
    for (let node = 0; node < this.doc.size;) {
      this.nodes[length++] = node;
      node = this.expanded[node] ? node + 1 : this.doc.after(node);
    }
    this.length = length;
  }
}
