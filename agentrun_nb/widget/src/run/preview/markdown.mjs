/** Markdown, drawn from text nodes: headings, lists, tables, code. Links are not followed, pictures not loaded, HTML is text. */
import { button, h } from "../../base/dom.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { clip, longText, visibleLines } from "../../base/text.mjs";
import { inlineOf } from "./markdown_inline.mjs";

/** @typedef {import("../../base/dom.mjs").Child} Child */
/** A part of a document, and the line after it. @typedef {{element: HTMLElement, end: number}} Block */

const ENDINGS = ["md", "markdown"];
const MOST_CHARACTERS = 100_000;
/** Lists and quotations inside of each other are drawn so deep; what is deeper is text. */
const DEEPEST = 8;

const BLANK = /^\s*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const HEADING = /^ {0,3}(#{1,6})(?=\s|$)/;
const RULE = /^ {0,3}(?:(?:\*\s*){3,}|(?:-\s*){3,}|(?:_\s*){3,})$/;
const QUOTE = /^ {0,3}>\s?/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(?=\S)/;
const DELIMITER = /^:?-+:?$/;
const TASK = /^\[([ xX])\]\s+/;

/** How the lines begin that end a paragraph. */
const BEGINNINGS = [FENCE, HEADING, RULE, QUOTE, ITEM];
/** What begins here, in the order in which it is looked for. @type {((lines: string[], at: number, depth: number) => Block | null)[]} */
const BLOCKS = [fence, heading, rule, quote, list, table];

/** @type {import("./kind.mjs").Kind} */
export const markdown = {
  name: "markdown",
  reads: (file) => ENDINGS.includes(file.ending) && file.text !== null,
  draw({ text }) {
    const whole = text ?? "";
    const drawn = clip(whole, MOST_CHARACTERS);
    const page = h("div", "arn-markdown", ...blocksOf(drawn.split(/\r\n?|\n/), 0));
    const source = longText(whole);
    const asText = button(
      "As text",
      () => {
        source.hidden = !source.hidden;
        page.hidden = !page.hidden;
        asText.ariaPressed = String(page.hidden);
      },
      { "aria-pressed": "false" },
    );
    source.hidden = true;
    const note = `The first ${formatCount(MOST_CHARACTERS)} characters. As text, all are there.`;
    return h(
      "div",
      "arn-section",
      h("div", {}, asText),
      page,
      source,
      drawn.length < whole.length && h("p", "arn-quiet", note),
    );
  },
};

/** @param {string[]} lines @param {number} depth @returns {HTMLElement[]} */
function blocksOf(lines, depth) {
  const elements = [];
  for (let at = 0; at < lines.length;) {
    if (BLANK.test(lines[at])) at++;
    else {
      const { element, end } = blockAt(lines, at, depth) ?? paragraph(lines, at);
      elements.push(element);
      at = end;
    }
  }
  return elements;
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {Block | null} null where no part of a kind of its own begins */
function blockAt(lines, at, depth) {
  if (depth > DEEPEST) return null;
  for (const read of BLOCKS) {
    const found = read(lines, at, depth);
    if (found) return found;
  }
  return null;
}

/** Whether a paragraph ends before a line. @param {string[]} lines @param {number} at */
function isBeginning(lines, at) {
  const line = lines[at];
  return BLANK.test(line) || BEGINNINGS.some((mark) => mark.test(line)) || isTable(lines, at);
}

/** @param {string[]} lines @param {number} at @returns {Block} */
function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && !isBeginning(lines, end)) end++;
  const text = lines.slice(at, end).map((line) => line.trim());
  return { element: h("p", {}, ...inlineOf(text.join(" "))), end };
}

/** @param {string[]} lines @param {number} at @returns {Block | null} */
function fence(lines, at) {
  const mark = FENCE.exec(lines[at])?.[1];
  if (!mark) return null;
  let end = at + 1;
  while (end < lines.length && lines[end].trim() !== mark) end++;
  const code = lines.slice(at + 1, end).join("\n");
  return {
    element: h("pre", { class: "arn-text", tabindex: "0" }, visibleLines(code)),
    end: end + 1,
  };
}

/** @param {string[]} lines @param {number} at @returns {Block | null} */
function heading(lines, at) {
  const found = HEADING.exec(lines[at]);
  if (!found) return null;
  const level = found[1].length;
  const words = lines[at].slice(found[0].length).trim().replace(/ #+$/, "");
  const attributes = {
    class: "arn-mdhead",
    role: "heading",
    // The page around it has its own first two.
    "aria-level": String(Math.min(level + 2, 6)),
  };
  return { element: h("p", attributes, ...inlineOf(words)), end: at + 1 };
}

/** @param {string[]} lines @param {number} at @returns {Block | null} */
function rule(lines, at) {
  return RULE.test(lines[at]) ? { element: h("hr"), end: at + 1 } : null;
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {Block | null} */
function quote(lines, at, depth) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end++;
  if (end === at) return null;
  const inner = lines.slice(at, end).map((line) => line.replace(QUOTE, ""));
  return { element: h("blockquote", {}, ...blocksOf(inner, depth + 1)), end };
}

/** @param {string[]} lines @param {number} at @param {number} depth @returns {Block | null} */
function list(lines, at, depth) {
  const first = ITEM.exec(lines[at]);
  if (!first) return null;
  const isOrdered = /\d/.test(first[2]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const found = ITEM.exec(lines[end]);
    const isNext = found && found[1].length <= first[1].length + 1;
    if (!isNext || /\d/.test(found[2]) !== isOrdered) break;
    const after = endOfItem(lines, end, found[1].length);
    const inner = lines.slice(end, after);
    inner[0] = inner[0].slice(found[0].length);
    items.push(
      item(
        inner.map((line, i) => (i ? dedented(line, found[0].length) : line)),
        depth,
      ),
    );
    end = after;
  }
  return { element: h(isOrdered ? "ol" : "ul", {}, ...items), end };
}

/** @param {string} line @param {number} most blanks that are taken away */
const dedented = (line, most) => line.slice(Math.min(most, line.length - line.trimStart().length));

/** Where an item ends: its lines are set in deeper than its mark, or follow each other without a blank one. @param {string[]} lines @param {number} at @param {number} margin */
function endOfItem(lines, at, margin) {
  let end = at + 1;
  for (; end < lines.length; end++) {
    const next = BLANK.test(lines[end]) ? lines[end + 1] : lines[end];
    if (next === undefined || BLANK.test(next)) break;
    const isDeeper = next.length - next.trimStart().length > margin + 1;
    const isLazy = next === lines[end] && !ITEM.test(next) && !HEADING.test(next);
    if (!isDeeper && !isLazy) break;
  }
  return end;
}

/** @param {string[]} lines @param {number} depth */
function item(lines, depth) {
  const task = TASK.exec(lines[0]);
  const [head, ...rest] = lines;
  const plain = task ? [head.slice(task[0].length), ...rest] : lines;
  const blocks = blocksOf(plain, depth + 1);
  const [first, ...others] = blocks;
  // A single paragraph stands on the line of the mark.
  const parts = first?.tagName === "P" && !first.role ? [...first.childNodes, ...others] : blocks;
  return h("li", {}, task && (task[1] === " " ? "☐ " : "☑ "), ...parts);
}

/** @param {string[]} lines @param {number} at @returns {Block | null} */
function table(lines, at) {
  if (!isTable(lines, at)) return null;
  const heads = cellsOf(lines[at]);
  const rows = [];
  let end = at + 2;
  for (; end < lines.length && lines[end].includes("|"); end++) rows.push(cellsOf(lines[end]));
  const rowOf = (/** @type {"th" | "td"} */ tag, /** @type {string[]} */ cells) =>
    h("tr", {}, ...heads.map((_, i) => h(tag, {}, ...inlineOf(cells[i] ?? ""))));
  const element = h(
    "div",
    "arn-scroll",
    h(
      "table",
      "arn-outputs",
      h("thead", {}, rowOf("th", heads)),
      h("tbody", {}, ...rows.map((cells) => rowOf("td", cells))),
    ),
  );
  element.tabIndex = 0;
  return { element, end };
}

/** Whether a row with a line of delimiters under it is here. @param {string[]} lines @param {number} at */
const isTable = (lines, at) =>
  lines[at].includes("|") &&
  (lines[at + 1] ?? "").includes("|") &&
  cellsOf(lines[at + 1]).every((cell) => DELIMITER.test(cell));

/** @param {string} line of a table @returns {string[]} */
function cellsOf(line) {
  const inner = line.trim().replace(/^\||\|$/g, "");
  return inner.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
}
