/** Counts, and sizes in bytes, in words. */

/** @param {number} n @returns {string} like "1,000,000" */
export const formatCount = (n) => n.toLocaleString("en");

/** @param {number} n @param {string} [noun] @returns {string} like "1 run", "12 runs" */
export const countOf = (n, noun = "run") => `${formatCount(n)} ${noun}${n === 1 ? "" : "s"}`;

/** @param {number} n @param {number} all @returns {string} like "3 of 12", or "12" where that is all */
export const partOf = (n, all) =>
  n === all ? formatCount(n) : `${formatCount(n)} of ${formatCount(all)}`;

/** @param {number} n @param {number} all @returns {string} like "3 of 12 runs", or "12 runs" where that is all */
export const runsOf = (n, all) => (n === all ? countOf(n) : `${formatCount(n)} of ${countOf(all)}`);

/** @param {number} share from 0 to 1 @returns {string} like "6 %"; only none is 0 % and only all are 100 % */
export function percent(share) {
  const whole = Math.round(share * 100);
  if (whole === 0 && share > 0) return "<\u00a01\u00a0%";
  if (whole === 100 && share < 1) return ">\u00a099\u00a0%";
  return `${whole}\u00a0%`;
}

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];

/** @param {import("../protocol.mjs").Scalar | undefined} bytes a number, or digits where a number would not be exact @returns {string} "48.2 kB" */
export function humanSize(bytes) {
  const amount = Number(bytes);
  if (bytes === null || bytes === undefined || bytes === "" || !Number.isFinite(amount))
    return String(bytes ?? "");
  if (Math.abs(amount) < 1000) return `${amount} B`;
  let unit = -1,
    scaled = amount;
  do {
    scaled /= 1000;
    unit++;
  } while (Math.abs(scaled) >= 999.5 && unit < UNITS.length - 1);
  return `${Number(scaled.toPrecision(3))} ${UNITS[unit]}`;
}

/** @param {import("../protocol.mjs").Scalar | undefined} bytes @returns {string} "48,213 bytes", every digit kept */
export function exactSize(bytes) {
  const digits = String(bytes ?? "");
  if (!/^-?\d+$/.test(digits)) return digits;
  return `${BigInt(digits).toLocaleString("en")} ${digits === "1" ? "byte" : "bytes"}`;
}
