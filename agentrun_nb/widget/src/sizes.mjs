/** Sizes in bytes, in words and to the byte. */

const UNITS = ["kB", "MB", "GB", "TB", "PB", "EB"];

/** @param {import("./protocol.mjs").Scalar | undefined} bytes a number, or digits where a number would not be exact @returns {string} "48.2 kB" */
export function humanSize(bytes) {
  const amount = Number(bytes);
  if (bytes === null || bytes === undefined || bytes === "" || !Number.isFinite(amount)) return String(bytes ?? "");
  if (Math.abs(amount) < 1000) return `${amount} B`;
  let unit = -1, scaled = amount;
  do {
    scaled /= 1000;
    unit++;
  } while (Math.abs(scaled) >= 999.5 && unit < UNITS.length - 1);
  return `${Number(scaled.toPrecision(3))} ${UNITS[unit]}`;
}

/** @param {import("./protocol.mjs").Scalar | undefined} bytes @returns {string} "48,213 bytes", every digit kept */
export function exactSize(bytes) {
  const digits = String(bytes ?? "");
  if (!/^-?\d+$/.test(digits)) return digits;
  return `${BigInt(digits).toLocaleString("en")} ${digits === "1" ? "byte" : "bytes"}`;
}
