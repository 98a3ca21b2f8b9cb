/**
 * Reading JSON text into a table of nodes, without recursion and without converting a single value: a node is a place in the source.
 * Duplicate keys, key order and the digits of every number stay as they are.
 */

export const OBJECT = 0,
  ARRAY = 1,
  STRING = 2,
  NUMBER = 3,
  BOOLEAN = 4,
  NULL = 5;
/** NaN, Infinity and -Infinity: not JSON, yet written by many programs. */
export const NOT_JSON = 6;
/** The parent of the root. */
export const NONE = 0xffffffff;

const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|NaN|-?Infinity/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** @type {Record<string, number>} */
const WORDS = {
  true: BOOLEAN,
  false: BOOLEAN,
  null: NULL,
  NaN: NOT_JSON,
  Infinity: NOT_JSON,
  "-Infinity": NOT_JSON,
};
const CLOSERS = "}]";
/** @type {Column[]} */
const COLUMNS = [
  "kind",
  "start",
  "end",
  "keyStart",
  "keyEnd",
  "parent",
  "last",
  "count",
  "position",
  "depth",
];

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

/**
 * @param {string} source
 * @returns {NodeTable}
 * @throws {JsonError} where the text is not JSON (NaN and the infinities are let through and marked)
 */
export function tokenise(source) {
  const nodes = /** @type {NodeTable} */ ({ size: 0 });
  let container = NONE;
  let at = 0;

  /** @param {string} what @returns {never} */
  const fail = (what) => {
    throw new JsonError(what, at);
  };

  const skipBlanks = () => {
    while (" \n\r\t".includes(source[at] ?? "-")) at++;
  };

  /** Goes behind a mark and the blanks after it. @param {string} mark @param {string} [otherwise] what is wrong where something else stands */
  const pass = (mark, otherwise) => {
    skipBlanks();
    if (source[at] !== mark) return otherwise ? fail(otherwise) : false;
    at++;
    skipBlanks();
    return true;
  };

  /** Goes behind the string that begins here. */
  const passString = () => {
    for (at++; source[at] !== '"'; at++) {
      if (at >= source.length) fail("a string is not closed");
      if (source[at] < " ") fail("a bare control character");
      if (source[at] !== "\\") continue;
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(source)) fail("an unknown escape");
      at = ESCAPE.lastIndex - 1;
    }
    at++;
  };

  const resize = (/** @type {number} */ length) => {
    for (const name of COLUMNS) {
      const column = new Uint32Array(length);
      column.set(nodes[name] ?? []);
      nodes[name] = column;
    }
  };

  /** Adds a node and hangs it into its parent. @returns {number} */
  const open = () => {
    const node = nodes.size++;
    if (node === nodes.kind.length) resize(node * 2);
    nodes.parent[node] = container;
    if (container !== NONE) {
      nodes.position[node] = nodes.count[container]++;
      nodes.depth[node] = nodes.depth[container] + 1;
    }
    return node;
  };

  const close = (/** @type {number} */ node) => {
    nodes.end[node] = at;
    nodes.last[node] = nodes.size - 1;
  };

  resize(1024);
  skipBlanks();
  for (;;) {
    const node = open();
    if (nodes.kind[container] === OBJECT) {
      if (source[at] !== '"') fail("a key is missing");
      nodes.keyStart[node] = at + 1;
      passString();
      nodes.keyEnd[node] = at - 1;
      pass(":", "a colon is missing");
    }
    nodes.start[node] = at;
    const opener = "{[".indexOf(source[at]);
    if (opener >= 0) {
      nodes.kind[node] = opener;
      pass(source[at]);
      if (source[at] !== CLOSERS[opener]) {
        container = node;
        continue;
      }
      at++;
    } else if (source[at] === '"') {
      nodes.kind[node] = STRING;
      passString();
    } else {
      SCALAR.lastIndex = at;
      const word = SCALAR.exec(source)?.[0] ?? fail("a value is missing");
      nodes.kind[node] = WORDS[word] ?? NUMBER;
      at += word.length;
    }
    close(node);
    while (container !== NONE && !pass(",")) {
      if (source[at] !== CLOSERS[nodes.kind[container]])
        fail("a comma or a closing bracket is missing");
      at++;
      close(container);
      container = nodes.parent[container];
    }
    if (container !== NONE) continue;
    skipBlanks();
    return at < source.length ? fail("more text after the end") : nodes;
  }
}
