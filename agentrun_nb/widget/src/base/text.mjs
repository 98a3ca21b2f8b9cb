/** Text out of a record, made fit to be seen. */
import { button, h } from "./dom.mjs";
import { formatCount } from "./numbers.mjs";

const PAGE = 20_000;

/** What a joiner can join: letters with their marks, and emoji. */
const JOINED = "[\\p{L}\\p{M}\\p{Extended_Pictographic}\\p{Emoji_Modifier}]";
const UNSEEN = new RegExp(
  `(?!(?<=${JOINED})[\\u200C\\u200D](?=${JOINED}))[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Cs}]`,
  "gu",
);

/**
 * Text in which control, zero-width and direction characters are seen instead of obeyed. The two joiners stay between
 * letters or emoji: Persian, the scripts of India and families of emoji are written with them.
 * @param {string} text
 * @returns {string}
 */
export const visible = (text) =>
  text.replace(UNSEEN, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f
      ? "\u2421"
      : `\u2039U+${code.toString(16).toUpperCase().padStart(4, "0")}\u203a`;
  });

/** @param {string} text @returns {string} the text with its line breaks kept and everything else unseen made visible */
export const visibleLines = (text) => text.split("\n").map(visible).join("\n");

/** @param {string} text @param {number} limit @returns {string} at most so many UTF-16 units, never half a character */
export function clip(text, limit) {
  if (text.length <= limit) return text;
  const code = text.charCodeAt(limit - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? limit - 1 : limit);
}

/** @param {string} text @param {number} limit @returns {string} the beginning of a text on one line, with a mark where it goes on */
export const shortText = (text, limit) =>
  visible(clip(text, limit)) + (text.length > limit ? "…" : "");

/** What a record says and nobody can read as what it should be. @param {string} text as it stands there */
export const unreadable = (text) =>
  h("span", {}, h("span", "arn-quiet", "not readable: "), shortText(text, 60));

/** A text of any length, one page at a time. @param {string} text */
export function longText(text) {
  const block = h("pre", { class: "arn-text", tabindex: "0" });
  const more = button("", () => show());
  const box = h("div", "arn-longtext", block, more);
  let shown = 0;
  const show = () => {
    const page = clip(text.slice(shown), PAGE);
    block.append(visibleLines(page));
    shown += page.length;
    more.hidden = shown >= text.length;
    more.textContent = more.hidden
      ? ""
      : `Show more: ${formatCount(text.length - shown)} characters are hidden`;
  };
  show();
  return box;
}
