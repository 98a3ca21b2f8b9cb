/** Painting what stands beside the runs: names of rows and of bands, and which rows are chosen. */

import { UNKNOWN, isFailure } from "../base/status.mjs";
import { bandWords, rowName } from "./words.mjs";
import { box, fitted, shape, text } from "./pen.mjs";

/**
 * @typedef {import("./paint.mjs").Picture} Picture
 * @typedef {import("./layout.mjs").Lanes} Lanes
 * @typedef {import("./layout.mjs").Band} Band
 * @typedef {import("./pen.mjs").Context} Context
 */

/** What stays free between a name and the picture. */
const GAP = 10;
/** The height of a line of words, and of a mark on a chosen row. */
const LINE = 14;
const EDGE = 3;
/** Where words begin, clear of the ring around what has the focus, and those that a shape stands before. */
const INDENT = 6;
const MARKED = 20;
/** Between a name and the id behind it. */
const BEHIND = 6;

/** Paints the background of selected rows, with a mark at the left: colour alone is not enough. @param {Context} ctx @param {Picture} picture @param {Band} band @param {Lanes} lanes */
export function paintSelectedRows(ctx, { frame, colours, selected }, band, { pitch }) {
  for (const p of selected) {
    const y = band.y + p * pitch;
    box(ctx, colours.accent, 0, y, frame.width, pitch, 0.12);
    box(ctx, colours.accent, 0, y, EDGE, pitch);
  }
}

/** @param {Context} ctx @param {Picture} picture @param {Band} band @param {Lanes} lanes */
export function paintRowNames(ctx, { model, frame, colours }, band, { pitch }) {
  const most = frame.left - GAP - EDGE;
  const names = Array.from(model.row, (row) => rowName(model.data, row));
  const widthOf = (/** @type {string} */ words) => (words ? ctx.measureText(words).width : 0);
  // Where one id has no room, none is shown: a column of words with holes is hard to read.
  const hasRoom = names.every(
    ([name, behind]) => INDENT + widthOf(name) + BEHIND + widthOf(behind) < frame.left - EDGE,
  );
  names.forEach(([name, behind], p) => {
    const y = band.y + (p + 0.5) * pitch;
    const end = text(ctx, colours.text, fitted(ctx, name, most), INDENT, y);
    if (hasRoom) text(ctx, colours.muted, behind, end + BEHIND, y);
  });
}

/** As many lines as the band is high: the name, how many runs, how many of them failed, the scale of its columns. @param {Context} ctx @param {Picture} picture @param {Band} band @param {import("./layout.mjs").Fill} fill */
export function paintBandWords(ctx, { model, frame, colours }, band, fill) {
  const { name, count, failed, peak } = bandWords(model, band, fill);
  const { text: ink, muted } = colours;
  // A number that is cut would be another one, so its words have a shorter form, or are left out.
  const counts = [
    { words: count, colour: muted, isFailed: false },
    { words: failed, colour: ink, isFailed: true },
    { words: peak, colour: muted, isFailed: false },
  ].map((line) => {
    const x = line.isFailed ? MARKED : INDENT;
    const most = frame.left - GAP - x;
    const words = line.words.find((form) => ctx.measureText(form).width <= most) ?? "";
    return { ...line, x, words };
  });
  const title = fitted(ctx, name, frame.left - GAP - INDENT);
  const lines = [
    { words: title, colour: ink, isFailed: false, x: INDENT },
    ...counts.filter(({ words }) => words),
  ];
  const shown = lines.slice(0, Math.max(1, Math.floor((band.height + 4) / LINE)));
  let y = band.y + Math.max(LINE / 2, (band.height - (shown.length - 1) * LINE) / 2);
  for (const [place, { words, colour, isFailed, x }] of shown.entries()) {
    // The shape says it as well as the colour.
    if (isFailed) paintFailure(ctx, colours, y);
    ctx.font = place === 0 ? `600 12px ${colours.font}` : `12px ${colours.font}`;
    text(ctx, colour, words, x, y);
    y += LINE;
  }
  ctx.font = `12px ${colours.font}`;
}

/** @param {Context} ctx @param {Picture["colours"]} colours @param {number} y */
function paintFailure(ctx, { looks }, y) {
  const look = looks.findIndex((_, place) => place < UNKNOWN && isFailure(place));
  shape(ctx, look, looks[look], INDENT + 5, y, 9);
}
