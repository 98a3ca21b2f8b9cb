/** A JSON document as a tree over its own text. */
import { ARRAY, NONE, NULL, OBJECT, STRING, tokenise } from "./tokens.mjs";
import { EVERY } from "./path.mjs";
import { countOf } from "../base/numbers.mjs";

/** @typedef {import("./path.mjs").Step} Step */

const KINDS = ["", "", "", "number", "boolean", "null", "not JSON"];

export class JsonDocument {
  /** @type {Map<number, Set<string>>} */
  #repeated = new Map();

  /** @param {string} source @throws {import("./tokens.mjs").JsonError} */
  constructor(source) {
    this.source = source;
    this.nodes = tokenise(source);
    this.size = this.nodes.size;
  }

  /** @param {number} node */
  isContainer = (node) => this.nodes.kind[node] <= ARRAY;

  /** @param {number} node */
  hasKey = (node) => this.nodes.keyStart[node] > 0;

  /** @param {number} node @returns {string} the key as the program that wrote it meant it */
  key = (node) => unescape(this.source.slice(this.nodes.keyStart[node], this.nodes.keyEnd[node]));

  /** @param {number} node @returns {string} its value as it stands in the source */
  sourceOf = (node) => this.source.slice(this.nodes.start[node], this.nodes.end[node]);

  /** @param {number} node @returns {string} what a string says, and the source of everything else */
  text(node) {
    const token = this.sourceOf(node);
    return this.nodes.kind[node] === STRING ? unescape(token.slice(1, -1)) : token;
  }

  /** @param {number} node @returns {number} the node after this one and everything in it */
  after = (node) => this.nodes.last[node] + 1;

  /** @param {number} node @returns {string} its kind in words */
  describe(node) {
    const { kind, count } = this.nodes;
    if (this.isContainer(node)) return countOf(count[node], kind[node] === OBJECT ? "key" : "item");
    return kind[node] === STRING
      ? `string, ${countOf(this.text(node).length, "character")}`
      : KINDS[kind[node]];
  }

  /** @param {number} node @returns {boolean} whether it is NaN or an infinity, which JSON does not have */
  isBare = (node) => this.nodes.kind[node] > NULL;

  /** @param {number} node @returns {Generator<number>} */
  *children(node) {
    for (let child = node + 1; child <= this.nodes.last[node]; child = this.after(child))
      yield child;
  }

  /** @param {number} node @returns {boolean} whether a key stands more than once beside this one */
  isRepeated(node) {
    const parent = this.nodes.parent[node];
    let repeated = this.#repeated.get(parent);
    if (!repeated && this.hasKey(node)) {
      const keys = Array.from(this.children(parent), this.key),
        seen = new Set();
      repeated = new Set(keys.filter((key) => seen.has(key) || !seen.add(key)));
      this.#repeated.set(parent, repeated);
    }
    return repeated?.has(this.key(node)) ?? false;
  }

  /** @param {number} node @returns {Step} from its parent to it */
  step = (node) => (this.hasKey(node) ? this.key(node) : this.nodes.position[node]);

  /** @param {number} node @returns {Step[]} */
  path(node) {
    const steps = [];
    for (let at = node; this.nodes.parent[at] !== NONE; at = this.nodes.parent[at])
      steps.push(this.step(at));
    return steps.reverse();
  }

  /** @param {number} node @param {Step} step @returns {number | null} the node there; among repeated keys the last, as JSON readers take it */
  child(node, step) {
    let found = null;
    for (const child of this.children(node)) if (this.step(child) === step) found = child;
    return found;
  }

  /** @param {Step[]} steps @returns {number | null} */
  find(steps) {
    /** @type {number | null} */
    let node = 0;
    for (const step of steps) node = node === null ? null : this.child(node, step);
    return node;
  }

  /**
   * The nodes that a path leads to, in the order of the source.
   * @param {import("./path.mjs").AnyStep[]} steps
   * @returns {number[] | null} null where the way is not there; none where only empty lists are at its end
   */
  findAll(steps) {
    let nodes = [0];
    let isEmptyList = false;
    for (const step of steps) {
      if (step === EVERY) {
        nodes = nodes.filter((node) => this.nodes.kind[node] === ARRAY);
        isEmptyList ||= nodes.some((node) => this.nodes.count[node] === 0);
        nodes = nodes.flatMap((node) => [...this.children(node)]);
      } else nodes = nodes.flatMap((node) => this.child(node, step) ?? []);
    }
    return nodes.length || isEmptyList ? nodes : null;
  }
}

/** The token has been checked, so this is one short string and JSON's own reader is exact. @param {string} text */
const unescape = (text) => (text.includes("\\") ? JSON.parse(`"${text}"`) : text);
