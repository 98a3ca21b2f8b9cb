/** The styles that come from the kernel with the code. */

/** @typedef {import("../kernel/bytes.mjs").Buffer} Buffer */

/** The sheet of each text that came. @type {Map<Buffer, CSSStyleSheet>} */
const sheets = new Map();

/** @param {Buffer} styles */
function sheetOf(styles) {
  const sheet = sheets.get(styles) ?? new CSSStyleSheet();
  if (!sheets.has(styles)) sheet.replaceSync(new TextDecoder().decode(styles));
  sheets.set(styles, sheet);
  return sheet;
}

/** Gives styles to the document, or the shadow tree, that an element stands in: once, however many views it has. @param {HTMLElement} el @param {Buffer} [styles] a file has its styles already */
export function dress(el, styles) {
  if (!styles) return;
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document;
  const worn = place.adoptedStyleSheets;
  const sheet = sheetOf(styles);
  if (!worn.includes(sheet)) place.adoptedStyleSheets = [...worn, sheet];
}
