/** What the record says about keeping a failed run's sandbox. */
import { describe } from "../base/status.mjs";
import { duration, isoText, milliseconds } from "../base/times.mjs";

const DEFAULT_SECONDS = 3600;
const LAST_DATE = 8.64e15;

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @param {number} now the moment at which this is read, in milliseconds
 * @returns {{words: string, until: string | null}} a sentence where there is something to say, and the moment when the sandbox of a failed run goes or went, in canonical UTC text
 */
export function retention({ fields }, now) {
  const { retain_on_failure: retained, retention_seconds: seconds, status, completed_at } = fields;
  if (retained === null) return { words: "", until: null };
  if (!retained) return { words: "not kept on failure", until: null };
  const length = Number(seconds ?? DEFAULT_SECONDS);
  const words = `kept on failure for ${duration(length * 1000)}${seconds === null ? " (the default)" : ""}`;
  const end = milliseconds(completed_at) + length * 1000;
  if (!describe(/** @type {string | null} */ (status)).retained || !(Math.abs(end) <= LAST_DATE))
    return { words, until: null };
  return { words: end < now ? `was ${words}` : words, until: isoText(end) };
}
