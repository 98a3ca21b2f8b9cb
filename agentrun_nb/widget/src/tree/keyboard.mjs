/** The keys of a tree, as the ARIA pattern has them. */
import { NONE } from "../json/tokens.mjs";

/**
 * What a key asks for.
 * @param {string} key
 * @param {import("./rows.mjs").VisibleRows} rows
 * @param {number} node the active one
 * @param {number} page rows in sight
 * @returns {{to: number} | {toggle: true} | {openSiblings: true} | null} a node to go to, a change of the active node, or nothing
 */
export function commandOf(key, rows, node, page) {
  const { doc } = rows;
  const row = rows.rowOf(node);
  const container = doc.isContainer(node) && doc.nodes.count[node] > 0;
  const open = container && rows.expanded[node] === 1;
  const at = (/** @type {number} */ index) => ({
    to: rows.nodes[Math.max(0, Math.min(index, rows.length - 1))],
  });
  switch (key) {
    case "ArrowDown":
      return at(row + 1);
    case "ArrowUp":
      return at(row - 1);
    case "PageDown":
      return at(row + page);
    case "PageUp":
      return at(row - page);
    case "Home":
      return at(0);
    case "End":
      return at(rows.length - 1);
    case "ArrowRight":
      return open ? at(row + 1) : container ? { toggle: true } : null;
    case "ArrowLeft":
      if (open) return { toggle: true };
      return doc.nodes.parent[node] === NONE ? null : { to: doc.nodes.parent[node] };
    case "Enter":
    case " ":
      return container ? { toggle: true } : null;
    case "*":
      return { openSiblings: true };
    default:
      return null;
  }
}

const PAUSE_MS = 700;

/**
 * Letters typed in a row lead to the next row whose name begins with them.
 * @param {import("./rows.mjs").VisibleRows} rows
 * @returns {(key: string, node: number) => {to: number} | null}
 */
export function createTypeahead(rows) {
  let typed = "";
  let last = -Infinity;
  return (key, node) => {
    if ([...key].length !== 1) return null;
    const now = performance.now();
    typed = (now - last < PAUSE_MS ? typed : "") + key.toLowerCase();
    last = now;
    const start = rows.rowOf(node) + Number(typed === key.toLowerCase());
    for (let i = 0; i < rows.length; i++) {
      const to = rows.nodes[(start + i) % rows.length];
      if (String(rows.doc.step(to)).toLowerCase().startsWith(typed)) return { to };
    }
    return { to: node };
  };
}
