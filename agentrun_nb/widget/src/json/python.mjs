/** The Python that gives a value once more: the same lines, to the letter, as the kernel's `code`. */

/** @typedef {import("./path.mjs").Step} Step */

const ESCAPES = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
/** What Python's repr writes as an escape: everything that is not printable, and of the blanks all but the plain one. */
const UNPRINTABLE = /^(?! )[\p{C}\p{Z}]$/u;

/** @param {string} text @returns {string} a literal, as Python's repr writes it */
function pythonText(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const letters = Array.from(text, (letter) => {
    if (letter === quote) return `\\${letter}`;
    return ESCAPES.get(letter) ?? (UNPRINTABLE.test(letter) ? escaped(letter) : letter);
  });
  return quote + letters.join("") + quote;
}

/** @param {string} letter */
function escaped(letter) {
  const code = /** @type {number} */ (letter.codePointAt(0));
  const [mark, digits] =
    code < 0x100 ? ["x", 2] : code < 0x10000 ? ["u", 4] : /** @type {const} */ (["U", 8]);
  return `\\${mark}${code.toString(16).padStart(Number(digits), "0")}`;
}

/** @param {string} document the expression of a parsed document @param {Step[]} steps @returns {string} */
export const valueLine = (document, steps) =>
  `value = ${document}${steps.map((step) => `[${typeof step === "number" ? step : pythonText(step)}]`).join("")}`;

/** A document of a run among many, which stand in the notebook as `runs`. @param {string} deployment @param {string} run @param {string} name of the column @returns {string} an expression */
export const documentOf = (deployment, run, name) =>
  `arn.parse(runs[${is("deployment_id", deployment)} & ${is("id", run)}]["${name}"]).iloc[0]`;

/** Missing ids are shown as empty texts. @param {string} column @param {string} value */
const is = (column, value) =>
  `runs["${column}"]${value === "" ? '.fillna("")' : ""}.eq(${pythonText(value)})`;

/** The key of a run. @param {Record<string, unknown>} fields of the record @returns {string} an expression */
export const keyCode = ({ deployment_id: deployment, id }) =>
  `(${[deployment, id].map((part) => pythonText(String(part ?? ""))).join(", ")})`;

/** The log of a run, which `client` reads. @param {Record<string, unknown>} fields of the record @returns {string} a line */
export const logCode = (fields) => `log = client.get_logs(${keyCode(fields)})`;

/** A path into the documents of runs, as a column. @param {string} path @returns {string} */
export const extractLine = (path) => `arn.extract(runs, ${pythonText(path)})`;
