/** Painting single runs, each in its lane. Solid is only what two timestamps of the record hold between them. */

import { MARK, endsPlain, xOf } from "./layout.mjs";
import { KIND } from "./model.mjs";
import { UNKNOWN, isFailure } from "../base/status.mjs";
import { box, dashed, outline, shape, text } from "./pen.mjs";
import { lengthWords } from "./words.mjs";

/**
 * @typedef {import("./paint.mjs").Picture} Picture
 * @typedef {import("./layout.mjs").Lanes} Lanes
 * @typedef {import("./layout.mjs").Band} Band
 * @typedef {import("./pen.mjs").Context} Context
 */

const SHAPE_FROM = 7;
/** Between a bar and the words of its length: there the shape of its end stands. */
const LENGTH_GAP = 16;

/** @param {Context} ctx @param {Picture} picture @param {Band} band @param {Lanes} lanes */
export function paintLanes(ctx, picture, band, { places, lane, x0, x1, pitch }) {
  const { model, frame, selected, active, colours } = picture;
  const height = pitch - (pitch > 9 ? Math.min(8, pitch * 0.35) : 1);
  const onScreen = [...places.keys()].filter((i) => x1[i] >= frame.left && x0[i] <= frame.width);
  const failed = (/** @type {number} */ i) => isFailure(model.look[places[i]]);
  for (const i of [...onScreen.filter((j) => !failed(j)), ...onScreen.filter(failed)]) {
    const y = band.y + lane[i] * pitch + (pitch - height) / 2;
    const ring = (/** @type {string} */ colour, /** @type {number} */ away) =>
      outline(
        ctx,
        colour,
        x0[i] - away,
        y - away,
        x1[i] - x0[i] + 2 * away,
        height + 2 * away,
        1.5,
      );
    paintRun(ctx, picture, places[i], x0[i], x1[i], y, height);
    if (frame.rows) paintLength(ctx, picture, places[i], x0[i], x1[i], y + height / 2);
    if (selected.has(places[i])) ring(colours.text, 2);
    if (active === places[i]) ring(colours.accent, 3.5);
  }
}

/** The length in words, to the right of the bar and its end shape; to the left of the bar where there is no room. @param {Context} ctx @param {Picture} picture @param {number} p @param {number} x0 @param {number} x1 @param {number} y */
function paintLength(ctx, { model, frame: { left, width }, colours }, p, x0, x1, y) {
  const words = lengthWords(model, p);
  const room = ctx.measureText(words).width;
  const behind = x1 + LENGTH_GAP;
  if (behind + room <= width) text(ctx, colours.text, words, behind, y, colours.background);
  else if (x0 - room - LENGTH_GAP > left)
    text(ctx, colours.text, words, x0 - room - 6, y, colours.background);
}

/** @param {Context} ctx @param {Picture} picture @param {number} p @param {number} x0 @param {number} x1 @param {number} y @param {number} height */
function paintRun(ctx, { model, frame, window, colours }, p, x0, x1, y, height) {
  const look = model.look[p];
  const kind = model.kind[p];
  const isBlank = !!model.shade && model.shade[p] === model.blank;
  const shade = model.shade && (isBlank ? colours.muted : colours.shades[model.shade[p]]);
  const colour = shade ?? colours.looks[look];
  const middle = y + height / 2;
  const started = xOf(frame, window)(model.middle[p]);
  const divided = started >= x0;
  const begin = divided ? Math.min(started, x1 - MARK) : x0;
  if (begin > x0) {
    const thin = Math.max(1.5, height * 0.28);
    box(ctx, colour, x0, middle - thin / 2, begin - x0, thin);
    box(ctx, colour, x0, middle - height * 0.3, 1, height * 0.6);
  }
  // A run without a value in the column is an outline.
  const fill = isBlank ? outline : box;
  if (kind === KIND.PHASES) fill(ctx, colour, begin, y, x1 - begin, height);
  else if (kind === KIND.UNDIVIDED) paintUndivided(ctx, colour, x0, x1, y, height);
  else if (kind === KIND.LIVE) paintLive(ctx, colour, begin, x1, y, height, divided);
  else if (kind === KIND.OPEN) paintOpen(ctx, colour, begin, y, height);
  else shape(ctx, UNKNOWN, colour, x0 + MARK / 2, middle, Math.max(5, Math.min(9, height)));
  // Where lanes are packed, a plain end has no room for a mark.
  const isMarked = frame.rows || !endsPlain(model, p);
  if (height >= SHAPE_FROM && isMarked)
    shape(
      ctx,
      look,
      shade ? colours.text : colour,
      x1 + (kind === KIND.OPEN ? 10 : 7),
      middle,
      Math.min(10, height + 1),
    );
}

/** @param {Context} ctx @param {string} colour @param {number} x0 @param {number} x1 @param {number} y @param {number} height */
function paintUndivided(ctx, colour, x0, x1, y, height) {
  outline(ctx, colour, x0, y, x1 - x0, height);
  dashed(ctx, colour, [1.5, 3], x0, y + height / 2, x1, y + height / 2, height);
}

/** Open to the right. @param {Context} ctx @param {string} colour @param {number} x0 @param {number} x1 @param {number} y @param {number} height @param {boolean} started */
function paintLive(ctx, colour, x0, x1, y, height, started) {
  box(ctx, colour, x0, y, 2, height);
  if (started) box(ctx, colour, x0, y, x1 - x0, height, 0.28);
  for (const edge of [y + 0.5, y + height - 0.5]) dashed(ctx, colour, [4, 3], x0, edge, x1, edge);
}

/** A begin with two prongs that nothing closes. @param {Context} ctx @param {string} colour @param {number} x @param {number} y @param {number} height */
function paintOpen(ctx, colour, x, y, height) {
  box(ctx, colour, x, y, 2, height);
  for (const edge of [y, y + height - 1.2]) box(ctx, colour, x, edge, 6, 1.2);
}
