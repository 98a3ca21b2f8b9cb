/** What Python knows of the tables; a page is told it once, when it opens, and no source here lists it. */

/** @typedef {import("../protocol.mjs").Head} Head */
/** @typedef {import("../protocol.mjs").Field} Field */

/** @type {Head | null} */
let known = null;

/** @param {Head} newer */
export const setHead = (newer) => {
  known = newer;
};

/** Whether the page has been told. */
export const hasHead = () => known !== null;

/** @returns {Head} */
export function head() {
  if (known === null) throw new Error("the kernel did not say which fields and statuses there are");
  return known;
}
