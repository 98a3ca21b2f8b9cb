/** The end of a log in the overview: its last lines that say more than the reason of the failure. */
import { button, h } from "../../base/dom.mjs";
import { countOf, formatCount } from "../../base/numbers.mjs";
import { clip, longText } from "../../base/text.mjs";
import { errorLines, linesOf } from "./entries.mjs";

/** So many lines are shown. */
const MOST = 8;
const LONGEST = 500;

/** @param {import("./entries.mjs").LogEvent[]} events @param {string} reason "" where none is recorded @param {() => void} onOpen asked to show the whole log */
export function excerptOf(events, reason, onOpen) {
  const { lines, repeated } = errorLines(events, reason);
  const hasErrors = lines.length + repeated > 0;
  const found = hasErrors ? lines : linesOf(events);
  const shown = found
    .slice(-MOST)
    .map((line) => (line.length > LONGEST ? `${clip(line, LONGEST)}…` : line));
  return h(
    "section",
    "arn-section arn-excerpt",
    h(
      "div",
      "arn-line-up",
      h("b", {}, "Log"),
      h("span", "arn-dim", excerptWords(shown.length, found.length, repeated, hasErrors)),
      button("Open log", onOpen, { class: "arn-link" }),
    ),
    shown.length > 0 && longText(shown.join("\n")),
  );
}

/** @param {number} shown @param {number} found @param {number} repeated @param {boolean} hasErrors */
function excerptWords(shown, found, repeated, hasErrors) {
  const noun = hasErrors ? "error line" : "line";
  const part = shown < found ? `last ${shown} of ${countOf(found, noun)}` : countOf(found, noun);
  const words = hasErrors ? [part] : ["no errors", part];
  if (repeated === 1) words.push("1 line repeats the reason");
  if (repeated > 1) words.push(`${formatCount(repeated)} lines repeat the reason`);
  return words.join(", ");
}
