/** Newer records of some runs, put in their places in a page that is open. */
import { NO_CODE, readCodes, readFloats, readJson } from "./bytes.mjs";
import { unpack } from "./page.mjs";

/**
 * @typedef {import("../protocol.mjs").Held} Held
 * @typedef {import("../protocol.mjs").Columns} Columns
 * @typedef {"statuses" | "versions" | "deployments" | "modes" | "reasons" | "errors"} ListName
 */

/** The lists of texts that the codes of columns refer to. @type {[name: keyof Columns, list: ListName][]} */
const LISTS = [
  ["status", "statuses"],
  ["version", "versions"],
  ["deployment", "deployments"],
  ["mode", "modes"],
  ["reason", "reasons"],
  ["error", "errors"],
];

/**
 * Takes newer records into the data that is held. What holds its columns sees them change.
 * @param {Held} held @param {import("./requests.mjs").Reply} reply
 * @returns {Promise<import("../protocol.mjs").Renewed | null>} null where they do not follow on the data: it has them already, or lacks others before them
 */
export async function takePatch(held, { answer, buffers }) {
  const looked = answer.rows ? await readCodes(answer.rows, buffers) : new Uint32Array(0);
  const until = answer.until ? await readFloats(answer.until, buffers) : [];
  const changed = answer.changed ? await readCodes(answer.changed, buffers) : new Uint32Array(0);
  const part = answer.part && (await unpack(answer.part, buffers));
  const doc = answer.doc && (await readJson(answer.doc, buffers));
  const { page, columns } = held;
  if (!columns || !looked.length || answer.version !== page.version + 1) return null;
  const before = page.n;
  const last = changed.at(-1) ?? -1;
  page.n = Math.max(before, last + 1);
  if (page.n > before) lengthen(columns, page.n);
  if (part) putRows(held, part, changed);
  looked.forEach((row, i) => (columns.until[row] = until[i]));
  page.version = answer.version;
  page.now = answer.now;
  Object.assign(page, answer.report);
  return { looked, changed, added: page.n - before, doc };
}

/** Makes room for more rows. @param {Columns} columns @param {number} n */
function lengthen(columns, n) {
  for (const [name, column] of Object.entries(columns)) {
    if (Array.isArray(column)) continue;
    const longer = new /** @type {Float64ArrayConstructor} */ (column.constructor)(n);
    longer.set(column);
    Object.assign(columns, { [name]: longer });
  }
}

/** @param {Held} held @param {Held} part a page of its own of some rows @param {Uint32Array} rows where these stand */
function putRows({ page, columns }, part, rows) {
  const [into, from] = /** @type {[any, any]} */ ([columns, part.columns]);
  for (const [name, list] of LISTS) {
    const codes = part.page[list].map((text) => codeOf(page[list], text));
    from[name].forEach((/** @type {number} */ code, /** @type {number} */ i) => {
      from[name][i] = codes[code] ?? NO_CODE;
    });
  }
  for (const name of Object.keys(into))
    rows.forEach((row, i) => {
      into[name][row] = from[name][i];
    });
  Object.assign(page.names, part.page.names);
}

/** The place of a text in a list, which gets it where it lacks it. @param {string[]} list @param {string} text */
function codeOf(list, text) {
  const code = list.indexOf(text);
  return code < 0 ? list.push(text) - 1 : code;
}
