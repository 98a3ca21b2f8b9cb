/** What the record says about keeping a failed run's sandbox. */
import { isTerminal } from "../status.mjs";
import { duration, isoText, milliseconds } from "../times.mjs";

const DEFAULT_SECONDS = 3600;

/**
 * @param {import("../protocol.mjs").RunDoc} doc
 * @returns {{words: string, until: string | null}} a sentence, and the moment when the sandbox goes, in canonical UTC text
 */
export function retention({ fields, absent }) {
  const { retain_on_failure: kept, retention_seconds: seconds, status, completed_at } = fields;
  if (absent.includes("retain_on_failure")) return { words: "not in the record: the deployment's setting holds", until: null };
  if (kept === null) return { words: "null: the deployment's setting holds", until: null };
  if (!kept) return { words: "not kept on failure", until: null };
  const length = Number(seconds ?? DEFAULT_SECONDS);
  const words = `kept on failure for ${duration(length * 1000)}${seconds === null ? " (the default)" : ""}`;
  const mayBeKept = status === null || (isTerminal(/** @type {string} */ (status)) && status !== "succeeded");
  const end = milliseconds(completed_at) + length * 1000;
  return { words, until: mayBeKept && Math.abs(end) <= 8.64e15 ? isoText(end) : null };
}
