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
const COLUMNS = /** @type {const} */ (["start", "end", "keyStart", "keyEnd", "parent", "last", "count", "position", "depth"]);
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
 */
export class NodeTable {
  size = 0;
  kind = new Uint8Array(1024);
  start = new Uint32Array(1024);
  end = new Uint32Array(1024);
  keyStart = new Uint32Array(1024);
  keyEnd = new Uint32Array(1024);
  parent = new Uint32Array(1024);
  last = new Uint32Array(1024);
  count = new Uint32Array(1024);
  position = new Uint32Array(1024);
  depth = new Uint32Array(1024);

  /** @param {number} kind @param {number} parent @param {number} start @param {number} keyStart @param {number} keyEnd @returns {number} the new node */
  open(kind, parent, start, keyStart, keyEnd) {
    const node = this.size++;
    if (node === this.kind.length) this.#grow();
    this.kind[node] = kind;
    this.parent[node] = parent;
    this.start[node] = start;
    this.keyStart[node] = keyStart;
    this.keyEnd[node] = keyEnd;
    if (parent !== NONE) {
      this.position[node] = this.count[parent]++;
      this.depth[node] = this.depth[parent] + 1;
    }
    return node;
  }

  /** @param {number} node @param {number} end */
  close(node, end) {
    this.end[node] = end;
    this.last[node] = this.size - 1;
  }

  #grow() {
    const length = this.kind.length * 2;
    const kind = new Uint8Array(length);
    kind.set(this.kind);
    this.kind = kind;
    for (const name of COLUMNS) {
      const column = new Uint32Array(length);
      column.set(this[name]);
      this[name] = column;
    }
  }
}

/**
 * @param {string} source
 * @returns {NodeTable}
 * @throws {JsonError} where the text is not JSON (NaN and the infinities are let through and marked)
 */
export function tokenise(source) {
  const nodes = new NodeTable();
  let container = NONE;
  let at = skipBlanks(source, 0);
  for (;;) {
    let keyStart = 0, keyEnd = 0;
    if (container !== NONE && nodes.kind[container] === OBJECT) {
      if (source.charCodeAt(at) !== QUOTE) throw new JsonError("a key in quotes is missing", at);
      keyStart = at + 1;
      at = stringEnd(source, at);
      keyEnd = at - 1;
      at = skipBlanks(source, at);
      if (source.charCodeAt(at) !== COLON) throw new JsonError("a colon is missing after the key", at);
      at = skipBlanks(source, at + 1);
    }
    const kind = kindAt(source, at);
    const node = nodes.open(kind, container, at, keyStart, keyEnd);
    if (kind > ARRAY) {
      at = scalarEnd(source, at, kind);
      nodes.close(node, at);
    } else {
      at = skipBlanks(source, at + 1);
      if (source.charCodeAt(at) !== closer(kind)) {
        container = node;
        continue;
      }
      nodes.close(node, ++at);
    }
    for (;;) {
      at = skipBlanks(source, at);
      if (container === NONE) {
        if (at < source.length) throw new JsonError("there is text after the end of the document", at);
        return nodes;
      }
      const mark = source.charCodeAt(at);
      if (mark === COMMA) {
        at = skipBlanks(source, at + 1);
        break;
      }
      if (mark !== closer(nodes.kind[container])) throw new JsonError(at < source.length ? "a comma or a closing bracket is missing" : "the text ends too early", at);
      nodes.close(container, ++at);
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
  if (!token.test(source)) throw new JsonError(at < source.length ? "a value is missing" : "the text ends too early", at);
  return token.lastIndex;
}

/** @param {string} source @param {number} at where the opening quote is @returns {number} the offset after the closing quote */
function stringEnd(source, at) {
  for (let i = at + 1; i < source.length; ) {
    const code = source.charCodeAt(i);
    if (code === QUOTE) return i + 1;
    if (code < 0x20) throw new JsonError("a control character stands bare in a string", i);
    if (code === BACKSLASH) {
      ESCAPE_TOKEN.lastIndex = i;
      if (!ESCAPE_TOKEN.test(source)) throw new JsonError("an escape is not one of JSON's", i);
      i = ESCAPE_TOKEN.lastIndex;
    } else i++;
  }
  throw new JsonError("a string is not closed", at);
}
