/** What stands inside a line of Markdown: code, stress, links. Each is found by a search forward, so that hostile text costs no more than its length squared, natively. */
import { h } from "../../base/dom.mjs";
import { visible } from "../../base/text.mjs";

/** @typedef {import("../../base/dom.mjs").Child} Child */
/** An element, and the place after it. @typedef {{element: Child, end: number}} Span */

/** Longer lines are shown as they are. */
const LONGEST = 5_000;
const DEEPEST = 6;
/** Text in which nothing begins. */
const PLAIN = /[^\\`*_~![]+/y;
const ESCAPE = /\\([!-/:-@[-`{-~])/y;
const LINK = /(!?)\[([^[\]]*)\]\(((?:[^()\s]|\([^()\s]*\))*)(?:\s+"[^"]*")?\)/y;
const TICKS = /`+/y;
/** The longer marks first. @type {["**" | "__" | "~~" | "*" | "_", "strong" | "em" | "del"][]} */
const STRESS = [
  ["**", "strong"],
  ["__", "strong"],
  ["~~", "del"],
  ["*", "em"],
  ["_", "em"],
];
const WORD = /[\p{L}\p{N}_]/u;

/** @param {string} text @param {number} [depth] @returns {Child[]} */
export function inlineOf(text, depth = 0) {
  if (text.length > LONGEST || depth > DEEPEST) return [visible(text)];
  /** @type {Child[]} */
  const parts = [];
  for (let at = 0; at < text.length;) {
    const plain = match(PLAIN, text, at);
    const found = plain === null ? spanAt(text, at, depth) : null;
    const end = found?.end ?? at + (plain?.[0].length ?? 1);
    parts.push(found ? found.element : visible(text.slice(at, end)));
    at = end;
  }
  return parts;
}

/** @param {string} text @param {number} at @param {number} depth @returns {Span | null} */
function spanAt(text, at, depth) {
  const escape = match(ESCAPE, text, at);
  if (escape) return { element: escape[1], end: at + 2 };
  return codeAt(text, at) ?? linkAt(text, at, depth) ?? stressAt(text, at, depth);
}

/** @param {string} text @param {number} at @returns {Span | null} */
function codeAt(text, at) {
  const ticks = match(TICKS, text, at)?.[0];
  const end = ticks ? text.indexOf(ticks, at + ticks.length) : -1;
  if (!ticks || end < 0) return null;
  const code = text.slice(at + ticks.length, end).trim();
  return { element: h("code", "arn-value", visible(code)), end: end + ticks.length };
}

/** A link is its words and, dim behind them, its address, which leads nowhere. @param {string} text @param {number} at @param {number} depth @returns {Span | null} */
function linkAt(text, at, depth) {
  const found = match(LINK, text, at);
  if (!found) return null;
  const [whole, isPicture, words, address] = found;
  const element = h(
    "span",
    {},
    isPicture && h("span", "arn-dim", "picture: "),
    ...inlineOf(words, depth + 1),
    h("span", "arn-dim", ` (${visible(address)})`),
  );
  return { element, end: at + whole.length };
}

/** @param {string} text @param {number} at @param {number} depth @returns {Span | null} */
function stressAt(text, at, depth) {
  for (const [mark, tag] of STRESS) {
    const start = at + mark.length;
    if (!text.startsWith(mark, at) || !/\S/.test(text[start] ?? "")) continue;
    const end = text.indexOf(mark, start + 1);
    // An underscore inside a word is a letter of it.
    const isInWord =
      mark.startsWith("_") && (isWord(text[at - 1]) || isWord(text[end + mark.length]));
    if (end < 0 || isInWord || !/\S/.test(text[end - 1])) continue;
    return {
      element: h(tag, {}, ...inlineOf(text.slice(start, end), depth + 1)),
      end: end + mark.length,
    };
  }
  return null;
}

/** @param {string | undefined} character */
const isWord = (character) => WORD.test(character ?? "");

/** @param {RegExp} pattern a sticky one @param {string} text @param {number} at */
function match(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
