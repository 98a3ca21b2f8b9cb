/** Reading CSV as RFC 4180 has it, and what people write in its place. */

/**
 * @param {string} text
 * @param {string} separator
 * @param {number} most rows that are read
 * @returns {string[][]}
 */
export function parseCsv(text, separator, most) {
  const cell = new RegExp(
    `(?:"([^"]*(?:""[^"]*)*)"?)?([^${separator}\\r\\n]*)(${separator}|\\r\\n|[\\r\\n]|$)`,
    "y",
  );
  /** @type {string[][]} */
  const rows = [];
  /** @type {string[]} */
  let row = [];
  while (cell.lastIndex < text.length && rows.length < most) {
    const [, quoted, rest, end] = /** @type {RegExpExecArray} */ (cell.exec(text));
    row.push((quoted ?? "").replaceAll('""', '"') + rest);
    if (end === separator && cell.lastIndex < text.length) continue;
    rows.push(row);
    row = [];
  }
  return rows;
}
