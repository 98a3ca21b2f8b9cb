/** A JSON document as a tree that one can search, walk and copy from. */
import { h, uniqueId } from "../base/dom.mjs";
import { formatPath } from "../json/path.mjs";
import { nodeDetails } from "./details.mjs";
import { commandOf, createTypeahead } from "./keyboard.mjs";
import { columnShortcut } from "./column.mjs";
import { makeRow, markActive } from "./row.mjs";
import { VisibleRows } from "./rows.mjs";
import { search } from "./search.mjs";
import { createToolbar } from "./toolbar.mjs";
import { createViewport } from "../base/viewport.mjs";
import { formatCount } from "../base/numbers.mjs";

/**
 * `root` stands before every path, `python` is the expression of the parsed document; `onSelect` is told the path of the node that a person has chosen, `onColumn` the path of which they make a column.
 * @typedef {{root: string, python: string, label: string, signal: AbortSignal, onSelect: (path: string) => void, onColumn?: (path: string) => string}} Options
 * @typedef {ReturnType<typeof createTree>} Tree
 */

const FEW_NODES = 60;

/**
 * @param {import("../json/document.mjs").JsonDocument} doc
 * @param {Options} options
 */
export function createTree(doc, { root, python, label, signal, onSelect, onColumn }) {
  const rows = new VisibleRows(doc);
  const id = uniqueId("row");
  let active = 0;
  /** The nodes that match, in the order of the source. @type {number[]} */
  let hits = [];
  const isHit = new Uint8Array(doc.size);
  let searching = new AbortController();
  const scroller = h("div", {
    class: "arn-tree",
    role: "tree",
    tabindex: "0",
    "aria-label": label,
  });
  const details = h("div", { class: "arn-section", role: "group", "aria-label": "Chosen node" });
  const toolbar = createToolbar({
    signal,
    onSearch: find,
    onStep: step,
    onOpenAll: (open) => (rows.setAll(open), refresh()),
  });
  const viewport = createViewport(
    scroller,
    (row) => {
      const node = rows.nodes[row];
      const state = {
        id: `${id}-${node}`,
        root: root || "document",
        expanded: rows.expanded[node] === 1,
        hit: isHit[node] === 1,
      };
      return makeRow(doc, node, state);
    },
    signal,
  );

  const shortcut = onColumn && columnShortcut(scroller, details);
  const typeahead = createTypeahead(rows);
  const pathOf = (/** @type {number} */ node) => formatPath(doc.path(node), root);

  const elementOf = (/** @type {number} */ node) => scroller.querySelector(`#${id}-${node}`);

  /** Changes rows in place, since a row that is replaced between two clicks never sees a double one. @param {number} node */
  function activate(node) {
    markActive(elementOf(active), false);
    active = node;
    viewport.pin(rows.rowOf(node));
    markActive(elementOf(node), true);
    scroller.setAttribute("aria-activedescendant", `${id}-${node}`);
    details.replaceChildren(...nodeDetails(doc, node, { root, python, select: reach, onColumn }));
  }

  /** After a closing the active node may be hidden: its nearest ancestor on show takes its place. @param {boolean} [centred] */
  function refresh(centred) {
    const row = rows.rowOf(active);
    viewport.show(rows.length);
    activate(rows.nodes[row]);
    viewport.scrollTo(row, centred);
  }

  /** @param {number} node */
  function select(node) {
    activate(node);
    viewport.scrollTo(rows.rowOf(node));
    onSelect(pathOf(node));
  }

  /** Opens the way to a node and chooses it. @param {number} node */
  function reach(node) {
    reveal(node);
    onSelect(pathOf(node));
  }

  /** @param {number} node */
  function reveal(node) {
    rows.reveal(node);
    active = node;
    refresh(true);
  }

  /** @param {number} node */
  function toggle(node) {
    if (!doc.nodes.count[node]) return;
    rows.set(node, !rows.expanded[node]);
    refresh();
  }

  /** @param {Event} event @param {(node: number, part: Element) => void} action */
  function onRow({ target }, action) {
    const row = target instanceof Element && target.closest(".arn-row");
    if (row) action(Number(row.id.slice(id.length + 1)), target);
  }

  /** @param {KeyboardEvent} event */
  function obey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const command =
      commandOf(event.key, rows, active, viewport.rowsInSight()) ?? typeahead(event.key, active);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    if ("to" in command) select(command.to);
    else if ("toggle" in command) toggle(active);
    else {
      rows.openSiblings(active);
      refresh();
    }
  }

  /** @param {{query: string, kinds: number[]}} terms */
  async function find(terms) {
    searching.abort();
    searching = new AbortController();
    const { signal: current } = searching;
    const nothing = !terms.query && !terms.kinds.length;
    toolbar.say(nothing ? "" : "searching");
    const found = nothing ? [] : await search(doc, terms, current);
    if (current.aborted) return;
    hits = found;
    isHit.fill(0);
    for (const node of hits) isHit[node] = 1;
    refresh();
    toolbar.say(nothing ? "" : "no match");
    step(0);
  }

  /** Goes to the match before or after the active node; 0 means this one or the next. @param {number} by */
  function step(by) {
    const later = hits.findIndex((node) => (by > 0 ? node > active : node >= active));
    const at = (later < 0 ? 0 : later) - Number(by < 0) + hits.length;
    if (!hits.length) return;
    reach(hits[at % hits.length]);
    toolbar.say(`${formatCount((at % hits.length) + 1)} of ${formatCount(hits.length)}`);
  }

  scroller.addEventListener("click", (event) =>
    onRow(event, (node, part) => {
      if (part.classList.contains("arn-twisty")) toggle(node);
      select(node);
      if (part === shortcut?.element) shortcut.press();
    }),
  );
  scroller.addEventListener("dblclick", (event) => onRow(event, toggle));
  scroller.addEventListener("keydown", obey);
  signal.addEventListener("abort", () => searching.abort());
  if (doc.size <= FEW_NODES) rows.setAll(true);
  refresh();

  return {
    element: h("div", "arn-section", toolbar.element, scroller, details),
    /** Opens the way to a node and chooses it. @param {import("../json/path.mjs").Step[]} steps @returns {boolean} whether it is there */
    reveal(steps) {
      const node = doc.find(steps);
      if (node !== null) reveal(node);
      return node !== null;
    },
  };
}
