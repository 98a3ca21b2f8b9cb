/** Paths into a document: `outputs[0].size_bytes`, keys that need it quoted as `["key with . or space"]`. */

/** @typedef {string | number} Step */
/** A step of a path that may lead to many places: EVERY stands for each item of a list. @typedef {Step | null} AnyStep */

export const EVERY = null;

const PLAIN_KEY = /^[A-Za-z_$][\w$-]*$/;
const STEP = /(?:^|\.)([^\s.[\]"*]+)|\[(\d+)\]|\[(\*)\]|\.?\[("(?:[^"\\]|\\.)*")\]/y;

/** @param {AnyStep[]} steps @param {string} [root] what stands before the first step @returns {string} */
export const formatPath = (steps, root = "") =>
  steps.reduce((/** @type {string} */ path, step) => {
    if (step === EVERY) return `${path}[*]`;
    if (typeof step === "number") return `${path}[${step}]`;
    if (!PLAIN_KEY.test(step)) return `${path}[${JSON.stringify(step)}]`;
    return path === "" ? step : `${path}.${step}`;
  }, root);

/** A key at the end of a path, with what leads into the lists under it. */
const LAST_KEY = /(?:[^\s.[\]"*]+|\["(?:[^"\\]|\\.)*"\])(?:\[(?:\d+|\*)\])*$/;

/** @param {string} path @returns {string} the end of it, by which a column is called: "size_bytes" of "outputs[*].size_bytes" */
export const lastStep = (path) => LAST_KEY.exec(path)?.[0] ?? path;

/** As RFC 6901 has it, from the top of the document. @param {Step[]} steps @returns {string} */
export const formatPointer = (steps) =>
  steps.map((step) => `/${String(step).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

/** @param {string} path @returns {Step[] | null} null where the text is no path to one place */
export function parsePath(path) {
  const steps = parsePattern(path);
  return steps?.includes(EVERY) ? null : /** @type {Step[] | null} */ (steps);
}

/** @param {string} path @returns {AnyStep[] | null} null where the text is no path */
export function parsePattern(path) {
  /** @type {AnyStep[]} */
  const steps = [];
  try {
    for (STEP.lastIndex = 0; STEP.lastIndex < path.length;) {
      const [, key, index, every, quoted] = /** @type {RegExpExecArray} */ (STEP.exec(path));
      steps.push(key ?? (index ? Number(index) : every ? EVERY : JSON.parse(quoted)));
    }
    return steps;
  } catch {
    return null;
  }
}
