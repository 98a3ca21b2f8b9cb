/** The entry of a log that is chosen: its whole moment, who wrote it, all its text and metadata. */
import { copyButton } from "../../base/clipboard.mjs";
import { h } from "../../base/dom.mjs";
import { longText, shortText } from "../../base/text.mjs";
import { isClipped, momentWords, sinceStart } from "./row.mjs";

const LONGEST_WORD = 80;

/**
 * @param {import("./entries.mjs").LogEvent[]} events those of the entry
 * @param {import("./entries.mjs").Entry} entry
 * @param {{start: number, tz: string}} options
 * @returns {HTMLElement[]}
 */
export function entryDetails(events, entry, { start, tz }) {
  const [{ created_at: at, level, event_type: type, source, metadata }] = events;
  const words = [sinceStart(events[0], start), momentWords(at, tz), level, type, source];
  const parts = words
    .filter(Boolean)
    .map((word) => h("span", "arn-value", shortText(String(word), LONGEST_WORD)));
  const line = h(
    "div",
    "arn-line-up",
    ...parts,
    h("span", "arn-aside", copyButton("Copy text", entry.text)),
  );
  const hasMore = metadata !== null && metadata !== undefined && metadata !== "{}";
  return [
    line,
    ...(isClipped(entry) ? [longText(entry.text)] : []),
    ...(hasMore ? [longText(String(metadata))] : []),
  ];
}
