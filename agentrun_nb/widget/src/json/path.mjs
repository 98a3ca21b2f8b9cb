/** Paths into a document: `outputs[0].size_bytes`, keys that need it quoted as `["key with . or space"]`. */

/** @typedef {string | number} Step */

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
const STEP = /(?:^|\.)([^\s.[\]"*]+)|\[(\d+)\]|\.?\[("(?:[^"\\]|\\.)*")\]/y;

/** @param {Step[]} steps @param {string} [root] what stands before the first step @returns {string} */
export const formatPath = (steps, root = "") =>
  steps.reduce((/** @type {string} */ path, step) => {
    if (typeof step === "number") return `${path}[${step}]`;
    if (!PLAIN_KEY.test(step)) return `${path}[${JSON.stringify(step)}]`;
    return path === "" ? step : `${path}.${step}`;
  }, root);

/** As RFC 6901 has it, from the top of the document. @param {Step[]} steps @returns {string} */
export const formatPointer = (steps) =>
  steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** @param {string} path @returns {Step[] | null} null where the text is no path */
export function parsePath(path) {
  const steps = [];
  try {
    for (STEP.lastIndex = 0; STEP.lastIndex < path.length;) {
      const [, key, index, quoted] = /** @type {RegExpExecArray} */ (STEP.exec(path));
      steps.push(key ?? (index ? Number(index) : JSON.parse(quoted)));
    }
    return steps;
  } catch {
    return null;
  }
}
