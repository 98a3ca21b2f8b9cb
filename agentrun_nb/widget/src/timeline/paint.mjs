/** Painting the timeline: it decides nothing, it draws a scene that is laid out. Lengths are CSS pixels. */

import { paintBandWords, paintRowNames, paintSelectedRows } from "./margin.mjs";
import { paintLanes } from "./bars.mjs";
import { COLUMN, MARK, OVERVIEW, xOf } from "./layout.mjs";
import { KIND } from "./model.mjs";
import { STACK, isFailure } from "../base/status.mjs";
import { box, clipped, dashed, outline, shape, text, upright } from "./pen.mjs";
import { duration } from "../base/times.mjs";

/**
 * @typedef {import("./view.mjs").Scene} Scene
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./layout.mjs").Columns} Columns
 * @typedef {import("./layout.mjs").Band} Band
 * @typedef {import("./pen.mjs").Context} Context
 * @typedef {object} Moment  what changes without a new layout
 * @property {string} zone
 * @property {Set<number>} selected  places
 * @property {number} active  the place that the keyboard is at, -1 for none
 * @property {Window | null} range  the range that is being drawn up
 * @property {import("../base/colours.mjs").Colours} colours
 * @typedef {Scene & Moment} Picture
 */

const TICK = 88;
const LINE = 9;

/** @param {Context} ctx @param {Picture} picture */
export function paint(ctx, picture) {
  const {
    frame: { bands, width, height, strip, axis, overview },
    colours,
    marks,
  } = picture;
  ctx.clearRect(0, 0, width, height);
  ctx.font = `12px ${colours.font}`;
  ctx.textBaseline = "middle";
  paintAxis(ctx, picture);
  // What is scrolled out of sight is not to be seen over the axis and the strip.
  clipped(ctx, 0, strip, width, axis - strip, () =>
    bands.forEach((_, b) => paintBand(ctx, picture, b)),
  );
  if (strip)
    for (const { x, look } of marks) shape(ctx, look, colours.looks[look], x, strip / 2, 9);
  paintRange(ctx, picture);
  if (overview < height) paintOverview(ctx, picture);
}

/** @param {Context} ctx @param {Picture} picture @param {number} b the place of the band */
function paintBand(ctx, picture, b) {
  const {
    frame: { bands, left, width, rows },
    fills,
    colours,
  } = picture;
  const band = bands[b];
  const { lanes, columns } = fills[b];
  if (rows && lanes) paintSelectedRows(ctx, picture, band, lanes);
  clipped(ctx, left - MARK, band.y - 2, width - left + MARK, band.height + 4, () => {
    if (lanes) paintLanes(ctx, picture, band, lanes);
    else paintColumns(ctx, columns, band, picture);
  });
  if (columns) paintMarkers(ctx, picture, band, b);
  if (rows && lanes) paintRowNames(ctx, picture, band, lanes);
  else paintBandWords(ctx, picture, band, fills[b]);
  if (b > 0) box(ctx, colours.grid, 0, band.y - 5, width, 1);
}

/** @param {Context} ctx @param {Picture} picture */
function paintAxis(
  ctx,
  { frame: { left, right, width, strip, axis }, frame, window, zone, model, colours },
) {
  const xAt = xOf(frame, window);
  /** Ends of the words on each line: what would run into them is left out. */
  const ends = [-Infinity, -Infinity];
  const centred = (
    /** @type {string} */ colour,
    /** @type {string} */ words,
    /** @type {number} */ x,
    /** @type {number} */ line,
  ) => {
    const room = ctx.measureText(words).width;
    const begin = Math.min(width - room, Math.max(left, x - room / 2));
    if (words && begin > ends[line])
      ends[line] = text(ctx, colour, words, begin, axis + 12 + 13 * line) + 4;
  };
  for (const { place, kept, length } of model.axis.foldsIn(window)) {
    const [x0, x1] = [place, place + kept].map((at) => Math.min(right, Math.max(left, xAt(at))));
    box(ctx, colours.grid, x0, strip, x1 - x0, axis - strip, 0.4);
    for (const x of [x0, x1]) dashed(ctx, colours.muted, [2, 2], x, strip, x, axis);
    const words = duration(length);
    if (x1 - x0 >= LINE && ctx.measureText(words).width < axis - strip)
      upright(ctx, colours.muted, words, (x0 + x1) / 2, (strip + axis) / 2);
  }
  for (const { at, label, context } of model.axis.ticks(
    window,
    zone,
    Math.max(2, Math.floor((right - left) / TICK)),
  )) {
    const x = Math.round(xAt(at));
    box(ctx, colours.grid, x, strip, 1, axis - strip + 4);
    centred(colours.text, label, x, 0);
    centred(colours.muted, context, x, 1);
  }
  box(ctx, colours.muted, left, axis, width - left, 1);
  const now = xAt(model.axis.at(model.data.now));
  if (now > left && now < right && model.kind.includes(KIND.LIVE))
    dashed(ctx, colours.muted, [2, 3], now, strip, now, axis);
}

/** @param {Context} ctx @param {Columns} columns @param {Pick<Band, "y" | "height">} band @param {Picture} picture */
function paintColumns(ctx, columns, { y, height }, { model, colours }) {
  const { shade, blank } = model;
  const ofKinds = shade ? colours.shades : colours.looks;
  const order = shade ? columns.counts.keys() : STACK;
  const scale = (height - 2) / Math.max(1, columns.scale);
  const x = Math.round(columns.x);
  const top = new Float32Array(columns.size).fill(y + height);
  for (const kind of order) {
    const isBlank = shade && kind === blank;
    const least = !shade && isFailure(kind) ? MARK : 1;
    const colour = isBlank ? colours.muted : ofKinds[kind];
    const fill = isBlank ? outline : box;
    columns.counts[kind].subarray(0, columns.size).forEach((count, i) => {
      if (count === 0) return;
      const size = Math.max(least, count * scale);
      top[i] = Math.max(y, top[i] - size);
      fill(ctx, colour, x + i * COLUMN, top[i], COLUMN, size);
    });
  }
}

/** Marks under the columns: what is selected, and where the keyboard is. @param {Context} ctx @param {Picture} picture @param {Band} band @param {number} b */
function paintMarkers(
  ctx,
  { model: { from, to }, frame, window, selected, active, colours },
  band,
  b,
) {
  const xAt = xOf(frame, window);
  const mark = (/** @type {number} */ p, /** @type {string} */ colour) => {
    if ((frame.bandOf && frame.bandOf[p] !== b) || to[p] < window.start || from[p] > window.end)
      return;
    const x = Math.max(frame.left, xAt(from[p]));
    box(
      ctx,
      colour,
      x,
      band.y + band.height + 1,
      Math.max(MARK, Math.min(frame.right, xAt(to[p])) - x),
      MARK,
    );
  };
  for (const p of selected) mark(p, colours.text);
  if (active >= 0) mark(active, colours.accent);
}

/** @param {Context} ctx @param {Picture} picture */
function paintRange(ctx, { frame, frame: { strip, axis }, window, range, colours: { accent } }) {
  if (!range) return;
  const [x0, x1] = [range.start, range.end].map(xOf(frame, window));
  box(ctx, accent, x0, strip, x1 - x0, axis - strip, 0.18);
  outline(ctx, accent, x0, strip, x1 - x0, axis - strip);
}

/** @param {Context} ctx @param {Picture} picture */
function paintOverview(ctx, picture) {
  const {
    frame,
    frame: { left, right, overview: y },
    window,
    whole,
    overview,
    colours: { background, grid, accent },
  } = picture;
  clipped(ctx, left, y, right - left, OVERVIEW, () =>
    paintColumns(ctx, overview, { y: y + 2, height: OVERVIEW - 4 }, picture),
  );
  const [x0, end] = [window.start, window.end].map(xOf(frame, whole));
  const x1 = Math.max(x0 + MARK, end);
  box(ctx, background, left, y, x0 - left, OVERVIEW, 0.65);
  box(ctx, background, x1, y, right - x1, OVERVIEW, 0.65);
  outline(ctx, grid, left, y, right - left, OVERVIEW);
  outline(ctx, accent, x0, y, x1 - x0, OVERVIEW);
  for (const x of [x0, x1 - MARK]) box(ctx, accent, x, y + OVERVIEW / 2 - 7, MARK, 14);
}
