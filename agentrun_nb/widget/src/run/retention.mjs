/** What the record says about keeping a failed run's sandbox. */
import { isTerminal } from "../status.mjs";
import { duration, isoText, milliseconds } from "../times.mjs";

const DEFAULT_SECONDS = 3600;

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @returns {{words: string, until: string | null}} a sentence where there is something to say, and the moment when the sandbox goes, in canonical UTC text
 */
export function retention({ fields }) {
  const { retain_on_failure: kept, retention_seconds: seconds, status, completed_at } = fields;
  if (kept === null) return { words: "", until: null };
  if (!kept) return { words: "not kept on failure", until: null };
  const length = Number(seconds ?? DEFAULT_SECONDS);
  const words = `kept on failure for ${duration(length * 1000)}${seconds === null ? " (the default)" : ""}`;
  const mayBeKept = status === null || (isTerminal(/** @type {string} */ (status)) && status !== "succeeded");
  const end = milliseconds(completed_at) + length * 1000;
  return { words, until: mayBeKept && Math.abs(end) <= 8.64e15 ? isoText(end) : null };
}
