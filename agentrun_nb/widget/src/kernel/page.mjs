/** Unpacking the page that a kernel, or an exported file, hands over. */
import { NO_CODE, readCodes, readFloats, readJson, readText } from "./bytes.mjs";

/** @typedef {import("../protocol.mjs").Held} Held */
/** @typedef {import("../protocol.mjs").BufferRef} BufferRef */
/** @typedef {import("./bytes.mjs").Buffer} Buffer */

/** How a column is read; the others are moments. @type {Record<string, (ref: BufferRef, buffers: Buffer[]) => Promise<any>>} */
const READERS = {
  ids: readText,
  status: readCodes,
  version: readCodes,
  deployment: readCodes,
  mode: readCodes,
  reason: readCodes,
  error: readCodes,
};

/** @param {import("../protocol.mjs").Page} page @param {Buffer[]} buffers @returns {Promise<Held>} */
export async function unpack(page, buffers) {
  const refs = Object.entries(page.columns);
  const columns = await Promise.all(
    refs.map(async ([name, ref]) => [name, await (READERS[name] ?? readFloats)(ref, buffers)]),
  );
  const docs = page.docs && (await readJson(page.docs, buffers));
  const text = page.text && (await readText(page.text, buffers));
  // A file that an earlier version wrote lacks some columns.
  const none = new Uint32Array(page.n).fill(NO_CODE);
  const absent = {
    error: none,
    mode: none,
    reason: none,
    exit: new Float64Array(page.n).fill(NaN),
  };
  return {
    page: {
      ...page,
      modes: page.modes ?? [],
      reasons: page.reasons ?? [],
      names: page.names ?? {},
    },
    columns: refs.length ? withIds({ ...absent, ...Object.fromEntries(columns) }) : null,
    docs,
    text,
  };
}

/** The ids of a million runs take long to read, and the first picture shows none of them. @param {any} columns the ids as JSON @returns {import("../protocol.mjs").Columns} */
function withIds({ ids: text, ...others }) {
  /** @type {string[] | undefined} */
  let ids;
  return {
    ...others,
    get ids() {
      return (ids ??= JSON.parse(text));
    },
  };
}

/** @param {Held} data @param {number} row @returns {[string, string]} the key of a run: deployment and run id */
export function keyOf({ page, columns }, row) {
  const { deployment, ids } = /** @type {import("../protocol.mjs").Columns} */ (columns);
  return [page.deployments[deployment[row]] ?? "", ids[row]];
}

/** @param {Held} data @param {unknown} keys pairs as the kernel holds them @returns {number[]} the rows of those that are here, in the order of the keys */
export function rowsOf(data, keys) {
  const rowByKey = new Map(
    (Array.isArray(keys) ? keys : []).map((key) => [JSON.stringify(key), -1]),
  );
  for (let row = rowByKey.size ? data.page.n - 1 : -1; row >= 0; row--) {
    const key = JSON.stringify(keyOf(data, row));
    if (rowByKey.has(key)) rowByKey.set(key, row);
  }
  return [...rowByKey.values()].filter((row) => row >= 0);
}
