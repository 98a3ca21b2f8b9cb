/** The kinds of previews. The first that reads a file draws it, so the ones that look closer come first. */
export { fileOf } from "./kind.mjs";
import { csv } from "./csv.mjs";
import { json } from "./json.mjs";
import { markdown } from "./markdown.mjs";
import { picture } from "./picture.mjs";
import { text } from "./text.mjs";
import { unreadable } from "./unreadable.mjs";

/** @typedef {import("./kind.mjs").Kind} Kind */

/** @type {Kind[]} */
const KINDS = [picture, json, csv, markdown, text, unreadable];

/** @param {import("./kind.mjs").File} file @returns {Kind} */
export function kindOf(file) {
  return KINDS.find((kind) => kind.reads(file)) ?? unreadable;
}
