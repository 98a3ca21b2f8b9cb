/** What runs are called, for all of them at once. */

import { nameOfRun } from "./names.mjs";

/**
 * Names by row: `list[codes[row]]` is the name of the version, else that of the deployment, else the deployment's id.
 * @typedef {{list: string[], codes: Uint32Array}} Labels
 */

/** @type {WeakMap<object, {names: Map<string, string>, found: Labels}>} */
const known = new WeakMap();

/** @param {Pick<import("./store.mjs").State, "data" | "names">} state @returns {Labels} computed once for the same data and names */
export function labelsOf({ data, names }) {
  const before = known.get(data);
  if (before?.names === names) return before.found;
  const found = findLabels(data, names);
  known.set(data, { names, found });
  return found;
}

/** @param {import("./store.mjs").Held} data @param {Map<string, string>} names @returns {Labels} */
function findLabels({ page, columns }, names) {
  /** @type {Labels} */
  const found = { list: [], codes: new Uint32Array(page.n) };
  if (!columns) return found;
  /** @type {Map<number, number>} */
  const codeOfPair = new Map();
  for (let row = 0; row < page.n; row++) {
    const [version, deployment] = [columns.version[row], columns.deployment[row]];
    const pair =
      version * (page.deployments.length + 1) + Math.min(deployment, page.deployments.length);
    let code = codeOfPair.get(pair);
    if (code === undefined) {
      const deploymentId = page.deployments[deployment] ?? "";
      code = found.list.length;
      found.list.push(nameOfRun(names, deploymentId, page.versions[version] ?? "") || deploymentId);
      codeOfPair.set(pair, code);
    }
    found.codes[row] = code;
  }
  return found;
}
