/**
 * Reading JSON text into a table of nodes, without recursion and without converting a single value: a node is a place in the source.
 * Duplicate keys, key order and the digits of every number stay as they are.
 */

export const OBJECT = 0, ARRAY = 1, STRING = 2, NUMBER = 3, BOOLEAN = 4, NULL = 5;
/** NaN, Infinity and -Infinity: not JSON, yet written by many programs. */
export const NOT_JSON = 6;
/** The parent of the root. */
export const NONE = 0xffffffff;

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** @type {Record<string, number>} */
const WORDS = { true: BOOLEAN, false: BOOLEAN, null: NULL, NaN: NOT_JSON, Infinity: NOT_JSON, "-Infinity": NOT_JSON };
const [OPENERS, CLOSERS] = ["{[", "}]"];
/** @type {Column[]} */
const COLUMNS = ["kind", "start", "end", "keyStart", "keyEnd", "parent", "last", "count", "position", "depth"];

/** Text that is not JSON, and where it stops being so. */
export class JsonError extends Error {
  /** @param {string} message @param {number} offset */
  constructor(message, offset) {
    super(message);
    this.offset = offset;
  }
}

/**
 * The nodes of a document in the order of the source, so that a subtree is the range from a node to its `last`.
 * `start` and `end` bound the value's token, `keyStart` and `keyEnd` the key between its quotes (both 0 without a key).
 * @typedef {"kind" | "start" | "end" | "keyStart" | "keyEnd" | "parent" | "last" | "count" | "position" | "depth"} Column
 * @typedef {Record<Column, Uint32Array> & {size: number}} NodeTable
 */

/** @param {NodeTable} nodes @param {number} length */
function resize(nodes, length) {
  for (const name of COLUMNS) {
    const column = new Uint32Array(length);
    column.set(nodes[name] ?? []);
    nodes[name] = column;
  }
}

/** Adds a node and hangs it into its parent. @param {NodeTable} nodes @param {number} parent @returns {number} */
function open(nodes, parent) {
  const node = nodes.size++;
  if (node === nodes.kind.length) resize(nodes, node * 2);
  nodes.parent[node] = parent;
  if (parent !== NONE) {
    nodes.position[node] = nodes.count[parent]++;
    nodes.depth[node] = nodes.depth[parent] + 1;
  }
  return node;
}

/** @param {NodeTable} nodes @param {number} node @param {number} end */
function close(nodes, node, end) {
  nodes.end[node] = end;
  nodes.last[node] = nodes.size - 1;
}

/**
 * @param {string} source
 * @returns {NodeTable}
 * @throws {JsonError} where the text is not JSON (NaN and the infinities are let through and marked)
 */
export function tokenise(source) {
  const nodes = /** @type {NodeTable} */ ({ size: 0 });
  resize(nodes, 1024);
  let container = NONE;
  let at = skipBlanks(source, 0);
  for (;;) {
    const node = open(nodes, container);
    if (nodes.kind[container] === OBJECT) {
      if (source[at] !== '"') throw new JsonError("a key is missing", at);
      nodes.keyStart[node] = at + 1;
      at = stringEnd(source, at);
      nodes.keyEnd[node] = at - 1;
      at = skipBlanks(source, at);
      if (source[at] !== ":") throw new JsonError("a colon is missing", at);
      at = skipBlanks(source, at + 1);
    }
    nodes.start[node] = at;
    const opener = OPENERS.indexOf(source[at]);
    if (opener >= 0) {
      nodes.kind[node] = opener;
      at = skipBlanks(source, at + 1);
      if (source[at] !== CLOSERS[opener]) {
        container = node;
        continue;
      }
      at++;
    } else if (source[at] === '"') {
      nodes.kind[node] = STRING;
      at = stringEnd(source, at);
    } else {
      SCALAR.lastIndex = at;
      const word = SCALAR.exec(source)?.[0];
      if (!word) throw new JsonError("a value is missing", at);
      nodes.kind[node] = WORDS[word] ?? NUMBER;
      at += word.length;
    }
    close(nodes, node, at);
    for (;;) {
      at = skipBlanks(source, at);
      if (container === NONE) {
        if (at < source.length) throw new JsonError("more text after the end", at);
        return nodes;
      }
      if (source[at] === ",") {
        at = skipBlanks(source, at + 1);
        break;
      }
      if (source[at] !== CLOSERS[nodes.kind[container]]) throw new JsonError("a comma or a closing bracket is missing", at);
      close(nodes, container, ++at);
      container = nodes.parent[container];
    }
  }
}

/** @param {string} source @param {number} at */
function skipBlanks(source, at) {
  while (" \n\r\t".includes(source[at] ?? "-")) at++;
  return at;
}

/** @param {string} source @param {number} at where the opening quote is @returns {number} the offset after the closing quote */
function stringEnd(source, at) {
  for (let i = at + 1; i < source.length; ) {
    const mark = source[i];
    if (mark === '"') return i + 1;
    if (mark < " ") throw new JsonError("a bare control character", i);
    if (mark === "\\") {
      ESCAPE.lastIndex = i;
      if (!ESCAPE.test(source)) throw new JsonError("an unknown escape", i);
      i = ESCAPE.lastIndex;
    } else i++;
  }
  throw new JsonError("a string is not closed", at);
}
