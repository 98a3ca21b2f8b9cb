/** The strokes that the timeline is painted with. Lengths are CSS pixels. */

import { LOOKS } from "../base/status.mjs";

/** @typedef {CanvasRenderingContext2D} Context */

const MOST_LETTERS = 300;
/** @type {Path2D[]} */
const paths = [];

/** @param {Context} ctx @param {string} colour @param {number} x @param {number} y @param {number} width @param {number} height @param {number} [alpha] */
export function box(ctx, colour, x, y, width, height, alpha = 1) {
  ctx.fillStyle = colour;
  ctx.globalAlpha = alpha;
  ctx.fillRect(x, y, width, height);
  ctx.globalAlpha = 1;
}

/** @param {Context} ctx @param {string} colour @param {number} x @param {number} y @param {number} width @param {number} height @param {number} [line] */
export function outline(ctx, colour, x, y, width, height, line = 1) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = line;
  ctx.strokeRect(x + line / 2, y + line / 2, Math.max(0, width - line), Math.max(0, height - line));
}

/** @param {Context} ctx @param {string} colour @param {number[]} pattern @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} [line] */
export function dashed(ctx, colour, pattern, x0, y0, x1, y1, line = 1) {
  ctx.strokeStyle = colour;
  ctx.lineWidth = line;
  ctx.setLineDash(pattern);
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
  ctx.setLineDash([]);
}

/** The shape of a status. @param {Context} ctx @param {number} look @param {string} colour @param {number} x its middle @param {number} y @param {number} size */
export function shape(ctx, look, colour, x, y, size) {
  ctx.save();
  ctx.translate(x - size / 2, y - size / 2);
  ctx.scale(size / 12, size / 12);
  ctx.fillStyle = colour;
  ctx.fill((paths[look] ??= new Path2D(LOOKS[look].shape)), "evenodd");
  ctx.restore();
}

/** @param {Context} ctx @param {string} colour @param {string} words @param {number} x their left end @param {number} y their middle @param {string} [background] painted behind them @returns {number} their right end */
export function text(ctx, colour, words, x, y, background) {
  const { width } = ctx.measureText(words);
  if (background) box(ctx, background, x - 3, y - 8, width + 6, 16, 0.85);
  ctx.fillStyle = colour;
  ctx.fillText(words, x, y);
  return x + width;
}

/** Words from below to above, about a point. @param {Context} ctx @param {string} colour @param {string} words @param {number} x @param {number} y */
export function upright(ctx, colour, words, x, y) {
  ctx.save();
  ctx.translate(x, y);
  ctx.rotate(-Math.PI / 2);
  text(ctx, colour, words, -ctx.measureText(words).width / 2, 0);
  ctx.restore();
}

/** A text cut in its middle to a width: both ends of an id tell runs apart. @param {Context} ctx @param {string} words @param {number} width @returns {string} */
export function fitted(ctx, words, width) {
  const letters = [...words.slice(0, MOST_LETTERS)];
  const full = ctx.measureText(letters.join("")).width;
  if (full <= width && words.length <= MOST_LETTERS) return words;
  const keep = Math.max(1, Math.floor((letters.length * width) / full / 2) - 1);
  return `${letters.slice(0, keep).join("")}\u2026${letters.slice(-keep).join("")}`;
}

/** @param {Context} ctx @param {number} x @param {number} y @param {number} width @param {number} height @param {() => void} draw */
export function clipped(ctx, x, y, width, height, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}
