/**
 * Reading JSON text into a table of nodes, without recursion and without converting a single value: a node is a place in the source.
 * Duplicate keys, key order and the digits of every number stay as they are.
 */

export const OBJECT = 0, ARRAY = 1, STRING = 2, NUMBER = 3, BOOLEAN = 4, NULL = 5;
/** NaN, Infinity and -Infinity: not JSON, yet written by many programs. */
export const NOT_JSON = 6;
/** The parent of the root. */
export const NONE = 0xffffffff;

const NUMBER_TOKEN = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const LITERAL_TOKEN = /true|false|null|NaN|-?Infinity/y;
const ESCAPE_TOKEN = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
/** @type {Record<string, number>} */
const LITERALS = { true: BOOLEAN, false: BOOLEAN, null: NULL };
/** @type {Column[]} */
const COLUMNS = ["kind", "start", "end", "keyStart", "keyEnd", "parent", "last", "count", "position", "depth"];
const [QUOTE, BACKSLASH, COMMA, COLON, OPEN_BRACE, CLOSE_BRACE, OPEN_BRACKET, CLOSE_BRACKET] = [...'"\\,:{}[]'].map((mark) => mark.charCodeAt(0));

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

/** @param {NodeTable} nodes @param {number} kind @param {number} parent @param {number} start @param {number} keyStart @param {number} keyEnd @returns {number} the new node */
function open(nodes, kind, parent, start, keyStart, keyEnd) {
  const node = nodes.size++;
  if (node === nodes.kind.length) resize(nodes, node * 2);
  nodes.kind[node] = kind;
  nodes.parent[node] = parent;
  nodes.start[node] = start;
  nodes.keyStart[node] = keyStart;
  nodes.keyEnd[node] = keyEnd;
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
    let keyStart = 0, keyEnd = 0;
    if (container !== NONE && nodes.kind[container] === OBJECT) {
      if (source.charCodeAt(at) !== QUOTE) throw new JsonError("a key is missing", at);
      keyStart = at + 1;
      at = stringEnd(source, at);
      keyEnd = at - 1;
      at = skipBlanks(source, at);
      if (source.charCodeAt(at) !== COLON) throw new JsonError("a colon is missing", at);
      at = skipBlanks(source, at + 1);
    }
    const kind = kindAt(source, at);
    const node = open(nodes, kind, container, at, keyStart, keyEnd);
    if (kind > ARRAY) {
      at = scalarEnd(source, at, kind);
      close(nodes, node, at);
    } else {
      at = skipBlanks(source, at + 1);
      if (source.charCodeAt(at) !== closer(kind)) {
        container = node;
        continue;
      }
      close(nodes, node, ++at);
    }
    for (;;) {
      at = skipBlanks(source, at);
      if (container === NONE) {
        if (at < source.length) throw new JsonError("more text after the end", at);
        return nodes;
      }
      const mark = source.charCodeAt(at);
      if (mark === COMMA) {
        at = skipBlanks(source, at + 1);
        break;
      }
      if (mark !== closer(nodes.kind[container])) throw new JsonError("a comma or a closing bracket is missing", at);
      close(nodes, container, ++at);
      container = nodes.parent[container];
    }
  }
}

/** @param {number} kind */
const closer = (kind) => (kind === OBJECT ? CLOSE_BRACE : CLOSE_BRACKET);

/** @param {string} source @param {number} at */
function skipBlanks(source, at) {
  for (;;) {
    const code = source.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at++;
  }
}

/** @param {string} source @param {number} at */
function kindAt(source, at) {
  const code = source.charCodeAt(at);
  if (code === OPEN_BRACE) return OBJECT;
  if (code === OPEN_BRACKET) return ARRAY;
  if (code === QUOTE) return STRING;
  LITERAL_TOKEN.lastIndex = at;
  const literal = LITERAL_TOKEN.exec(source);
  return literal ? LITERALS[literal[0]] ?? NOT_JSON : NUMBER;
}

/** @param {string} source @param {number} at @param {number} kind @returns {number} the offset after the token */
function scalarEnd(source, at, kind) {
  if (kind === STRING) return stringEnd(source, at);
  const token = kind === NUMBER ? NUMBER_TOKEN : LITERAL_TOKEN;
  token.lastIndex = at;
  if (!token.test(source)) throw new JsonError("a value is missing", at);
  return token.lastIndex;
}

/** @param {string} source @param {number} at where the opening quote is @returns {number} the offset after the closing quote */
function stringEnd(source, at) {
  for (let i = at + 1; i < source.length; ) {
    const code = source.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code < 0x20) throw new JsonError("a bare control character", i);
    if (code === BACKSLASH) {
      ESCAPE_TOKEN.lastIndex = i;
      if (!ESCAPE_TOKEN.test(source)) throw new JsonError("an unknown escape", i);
      i = ESCAPE_TOKEN.lastIndex;
    } else i++;
  }
  throw new JsonError("a string is not closed", at);
}
