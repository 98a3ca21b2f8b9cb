/** A JSON document as a tree that one can search, walk and copy from. */
import { h, uniqueId } from "../dom.mjs";
import { formatPath } from "../json/path.mjs";
import { NodeDetails } from "./details.mjs";
import { commandOf } from "./keyboard.mjs";
import { makeRow } from "./row.mjs";
import { VisibleRows } from "./rows.mjs";
import { search } from "./search.mjs";
import { Toolbar } from "./toolbar.mjs";
import { Viewport } from "./viewport.mjs";

/** @typedef {import("../json/document.mjs").JsonDocument} JsonDocument */

const FEW_NODES = 60;

export class JsonTree {
  #doc;
  #rows;
  #root;
  #id = uniqueId("row");
  #active = 0;
  /** @type {number[]} */
  #hits = [];
  #searching = new AbortController();
  #onSelect;
  #scroller;
  #viewport;
  #toolbar;
  #details = new NodeDetails();

  /**
   * @param {JsonDocument} doc
   * @param {{root: string, label: string, signal: AbortSignal, onSelect: (path: string) => void}} options `root` stands before every path
   */
  constructor(doc, { root, label, signal, onSelect }) {
    this.#doc = doc;
    this.#root = root;
    this.#onSelect = onSelect;
    this.#rows = new VisibleRows(doc);
    this.#scroller = h("div", { class: "arn-tree", role: "tree", tabindex: "0", "aria-label": label, "data-lm-suppress-shortcuts": "true" });
    this.#viewport = new Viewport(this.#scroller, (row) => this.#makeRow(row), signal);
    this.#toolbar = new Toolbar({
      signal, onSearch: (query) => this.#search(query), onStep: (by) => this.#step(by), onOpenAll: (open) => this.#openAll(open),
    });
    this.element = h("div", "arn-treebox", this.#toolbar.element, this.#scroller, this.#details.element);
    this.#scroller.addEventListener("click", (event) => this.#click(event));
    this.#scroller.addEventListener("dblclick", (event) => this.#toggle(this.#nodeAt(event)));
    this.#scroller.addEventListener("keydown", (event) => this.#key(event));
    signal.addEventListener("abort", () => this.#searching.abort(), { once: true });
    if (doc.size <= FEW_NODES) this.#rows.setAll(true);
    this.#activate(0);
  }

  /** Opens the way to a node and chooses it. @param {import("../json/path.mjs").Step[]} steps @returns {boolean} whether it is there */
  reveal(steps) {
    const node = this.#doc.find(steps);
    if (node === null) return false;
    this.#reveal(node);
    return true;
  }

  /** @param {number} row */
  #makeRow(row) {
    const node = this.#rows.nodes[row];
    return makeRow(this.#doc, node, {
      id: `${this.#id}-${node}`, root: this.#root || "document", expanded: this.#rows.expanded[node] === 1, active: node === this.#active, hit: this.#isHit(node),
    });
  }

  /** @param {number} node */
  #activate(node) {
    this.#active = node;
    this.#viewport.show(this.#rows.length, this.#rows.rowOf(node));
    this.#scroller.setAttribute("aria-activedescendant", `${this.#id}-${node}`);
    this.#details.show(this.#doc, node, this.#path(node));
  }

  /** @param {number} node */
  #select(node) {
    this.#activate(node);
    this.#viewport.scrollTo(this.#rows.rowOf(node));
    this.#onSelect(this.#path(node));
  }

  /** @param {number} node */
  #reveal(node) {
    this.#rows.reveal(node);
    this.#activate(node);
    this.#viewport.scrollTo(this.#rows.rowOf(node), true);
  }

  /** @param {number} node */
  #path = (node) => formatPath(this.#doc.path(node), this.#root);

  /** @param {number | null} node */
  #toggle(node) {
    if (node === null || !this.#doc.nodes.count[node]) return;
    this.#open(node, this.#rows.expanded[node] === 0);
  }

  /** @param {number} node @param {boolean} open */
  #open(node, open) {
    this.#rows.set(node, open);
    this.#refresh();
  }

  /** @param {boolean} open */
  #openAll(open) {
    this.#rows.setAll(open);
    this.#refresh();
  }

  /** After a closing the active node may be hidden: its nearest ancestor on show takes its place. */
  #refresh() {
    const row = this.#rows.rowOf(this.#active);
    this.#activate(this.#rows.nodes[row]);
    this.#viewport.scrollTo(row);
  }

  /** @param {Event} event @returns {number | null} */
  #nodeAt(event) {
    const row = event.target instanceof Element ? event.target.closest(".arn-row") : null;
    return row ? Number(row.id.slice(this.#id.length + 1)) : null;
  }

  /** @param {Event} event */
  #click(event) {
    const node = this.#nodeAt(event);
    if (node === null) return;
    if (event.target instanceof Element && event.target.classList.contains("arn-twisty")) this.#toggle(node);
    this.#select(node);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const command = commandOf(event.key, this.#rows, this.#active, this.#viewport.rowsInSight);
    if (!command) return;
    event.preventDefault();
    event.stopPropagation();
    if ("to" in command) this.#select(command.to);
    else if ("open" in command) this.#open(this.#active, command.open);
    else {
      this.#rows.openSiblings(this.#active);
      this.#refresh();
    }
  }

  /** @param {string} query */
  async #search(query) {
    this.#searching.abort();
    const searching = (this.#searching = new AbortController());
    this.#toolbar.say(query === "" ? "" : "searching");
    const hits = query === "" ? [] : await search(this.#doc, query, searching.signal);
    if (searching.signal.aborted) return;
    this.#hits = hits;
    if (hits.length) this.#goToHit(hits.find((node) => node >= this.#active) ?? hits[0]);
    else this.#activate(this.#active);
    if (query !== "" && !hits.length) this.#toolbar.say("no match");
  }

  /** @param {1 | -1} by */
  #step(by) {
    const { length } = this.#hits;
    if (length === 0) return;
    const after = this.#hits.findIndex((node) => node >= this.#active);
    const here = after === -1 ? length : after;
    const wanted = by < 0 ? here - 1 : this.#hits[here] === this.#active ? here + 1 : here;
    this.#goToHit(this.#hits[(wanted + length) % length]);
  }

  /** @param {number} node */
  #goToHit(node) {
    this.#reveal(node);
    this.#toolbar.say(`${(this.#hits.indexOf(node) + 1).toLocaleString("en")} of ${this.#hits.length.toLocaleString("en")}`);
    this.#onSelect(this.#path(node));
  }

  /** @param {number} node */
  #isHit(node) {
    let low = 0, high = this.#hits.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#hits[middle] < node) low = middle + 1;
      else high = middle;
    }
    return this.#hits[low] === node;
  }
}
