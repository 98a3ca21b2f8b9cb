/** Unpacking the page that a kernel, or an exported file, hands over. */
import { readCodes, readFloats, readJson, readText } from "./bytes.mjs";

/** @typedef {import("./protocol.mjs").Held} Held */

/**
 * @param {import("./protocol.mjs").Page} page
 * @param {import("./bytes.mjs").Buffer[]} buffers
 * @returns {Promise<Held>}
 */
export async function unpack(page, buffers) {
  const [columns, docs, text] = await Promise.all([
    page.kind === "json" || !("ids" in page.columns) ? null : unpackColumns(/** @type {import("./protocol.mjs").ColumnRefs} */ (page.columns), buffers),
    page.docs && readJson(page.docs, buffers),
    page.text && readText(page.text, buffers),
  ]);
  return { page, columns, docs, text };
}

/** @param {import("./protocol.mjs").ColumnRefs} refs @param {import("./bytes.mjs").Buffer[]} buffers */
async function unpackColumns(refs, buffers) {
  const [created, started, completed, status, version, deployment, ids] = await Promise.all([
    readFloats(refs.created, buffers), readFloats(refs.started, buffers), readFloats(refs.completed, buffers),
    readCodes(refs.status, buffers), readCodes(refs.version, buffers), readCodes(refs.deployment, buffers), readJson(refs.ids, buffers),
  ]);
  return { created, started, completed, status, version, deployment, ids };
}

/** @param {Held} held @param {number} row @returns {[string, string]} the key of a run: deployment and run id */
export function keyOf(held, row) {
  const { deployment, ids } = /** @type {import("./protocol.mjs").Columns} */ (held.columns);
  return [held.page.deployments[deployment[row]] ?? "", ids[row]];
}

/** @param {Held} held @param {unknown} keys pairs as the kernel holds them @returns {number[]} the rows of those that are here, in the order of the keys */
export function rowsOf(held, keys) {
  const wanted = new Map((Array.isArray(keys) ? keys : []).filter(Array.isArray).map((key) => [JSON.stringify([key[0], key[1]]), -1]));
  if (wanted.size === 0) return [];
  for (let row = held.page.n - 1; row >= 0; row--) {
    const key = JSON.stringify(keyOf(held, row));
    if (wanted.has(key)) wanted.set(key, row);
  }
  return [...wanted.values()].filter((row) => row >= 0);
}
