/** How runs are called: by the names of their versions or deployments, with their ids behind. */

/** @typedef {ReadonlyMap<string, string>} Names  of deployments and versions by their ids, as far as they are known */

/** So many characters of an id tell most runs apart. */
const SHORT = 8;

/** @param {Names} names @param {string} deployment an id @param {string} version an id @returns {string} such as "csv-report v2", or the name of the deployment, "" where neither is known */
export const nameOfRun = (names, deployment, version) =>
  names.get(version) ?? names.get(deployment) ?? "";

/** @param {string} id @returns {string} the beginning of what is its own in it: "88f539cd" of "adrun_88f539cd508b" */
export const shortId = (id) => id.slice(id.indexOf("_") + 1).slice(0, SHORT);

/** @param {import("./store.mjs").State} state @param {number} row @returns {string} its name, "" where none is known */
export function nameOfRow({ data: { page, columns }, names }, row) {
  const deployment = page.deployments[columns?.deployment[row] ?? -1] ?? "";
  return nameOfRun(names, deployment, page.versions[columns?.version[row] ?? -1] ?? "");
}
