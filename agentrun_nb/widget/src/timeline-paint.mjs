/** Painting the timeline: it decides nothing, it draws a scene that is laid out. Lengths are CSS pixels. */

import { formatCount, countOf, ticks } from "./scale.mjs";
import { visible } from "./status.mjs";
import { COLUMN, MARK, OVERVIEW, STACK, scaleOf } from "./timeline-layout.mjs";
import { KIND, LOOKS, isFailure } from "./timeline-model.mjs";

/**
 * @typedef {import("./timeline-layout.mjs").Frame} Frame
 * @typedef {import("./timeline-layout.mjs").Window} Window
 * @typedef {import("./timeline-layout.mjs").Columns} Columns
 * @typedef {import("./timeline-layout.mjs").Lanes} Lanes
 * @typedef {import("./timeline-layout.mjs").Band} Band
 * @typedef {object} Scene
 * @property {import("./timeline-model.mjs").Model} model
 * @property {Frame} frame
 * @property {Window} window
 * @property {Window} whole  the extent of the overview
 * @property {string} zone
 * @property {import("./timeline-layout.mjs").Fill[]} fills  by band
 * @property {ReturnType<typeof import("./timeline-layout.mjs").failureMarks>} marks
 * @property {Columns} overview
 * @property {Set<number>} selected  places
 * @property {number} active  the place that the keyboard is at, -1 for none
 * @property {Window | null} range  the range that is being drawn up
 * @property {import("./timeline-colours.mjs").Colours} colours
 */

/** @typedef {CanvasRenderingContext2D} Context */

const SHAPES = LOOKS.map(({ shape }) => shape);
const FONT = 11;
/** @type {Path2D[]} */
const paths = [];

/** @param {Context} ctx @param {Scene} scene */
export function paint(ctx, scene) {
  const { frame, fills, colours, window, range } = scene;
  ctx.clearRect(0, 0, frame.width, frame.height);
  ctx.font = `${FONT}px ${colours.font}`;
  ctx.lineWidth = 1;
  paintAxis(ctx, scene);
  const hatch = hatches(ctx, colours.looks);
  frame.bands.forEach((band, b) => {
    const { lanes, columns } = fills[b];
    clipped(ctx, frame.left - MARK, band.y - 2, frame.width - frame.left + MARK, band.height + 4, () => {
      if (lanes) paintLanes(ctx, scene, band, lanes, hatch);
      else paintColumns(ctx, columns, band, colours.looks);
    });
    if (frame.rows && lanes) paintRowNames(ctx, scene, band, lanes);
    else if (columns && scene.selected.size) paintSelectedBelow(ctx, scene, band, b);
    paintBandWords(ctx, scene, band, columns);
  });
  if (frame.strip) for (const { x, look } of scene.marks) shape(ctx, look, x, frame.strip / 2 + 1, 9, colours.looks[look]);
  if (range) paintRange(ctx, frame, window, range, colours.accent);
  paintOverview(ctx, scene);
}

/** @param {Context} ctx @param {number} x @param {number} y @param {number} width @param {number} height @param {() => void} draw */
function clipped(ctx, x, y, width, height, draw) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(x, y, width, height);
  ctx.clip();
  draw();
  ctx.restore();
}

/** @param {Context} ctx @param {number} look @param {number} x its middle @param {number} y @param {number} size @param {string} colour */
function shape(ctx, look, x, y, size, colour) {
  ctx.save();
  ctx.translate(x - size / 2, y - size / 2);
  ctx.scale(size / 12, size / 12);
  ctx.fillStyle = colour;
  ctx.fill((paths[look] ??= new Path2D(SHAPES[look])), "evenodd");
  ctx.restore();
}

/** Strokes for runs of which only the whole is known. @param {Context} ctx @param {string[]} looks @returns {(CanvasPattern | string)[]} */
function hatches(ctx, looks) {
  return looks.map((colour) => {
    const tile = document.createElement("canvas");
    tile.width = tile.height = 5;
    const pen = tile.getContext("2d");
    if (!pen) return colour;
    pen.strokeStyle = colour;
    pen.lineWidth = 1.2;
    pen.beginPath();
    for (const shift of [-5, 0, 5]) {
      pen.moveTo(shift - 1, 6);
      pen.lineTo(shift + 6, -1);
    }
    pen.stroke();
    return ctx.createPattern(tile, "repeat") ?? colour;
  });
}

/** @param {Context} ctx @param {Scene} scene */
function paintAxis(ctx, { frame, window, zone, model, colours }) {
  const scale = scaleOf(frame, window);
  const right = frame.width;
  const line = frame.axis + 0.5;
  ctx.textBaseline = "top";
  for (const { at, label, context } of ticks(window.start, window.end, zone, Math.max(2, Math.floor((frame.right - frame.left) / 88)))) {
    const x = Math.round(frame.left + (at - window.start) * scale) + 0.5;
    ctx.fillStyle = colours.grid;
    ctx.fillRect(x - 0.5, frame.strip, 1, frame.axis - frame.strip + 4);
    ctx.textAlign = "left";
    ctx.fillStyle = colours.text;
    within(ctx, label, x, line + 6, frame.left, right);
    ctx.fillStyle = colours.muted;
    if (context) within(ctx, context, x, line + 19, frame.left, right);
  }
  ctx.fillStyle = colours.muted;
  ctx.fillRect(frame.left, line - 0.5, right - frame.left, 1);
  const now = frame.left + (model.data.now - window.start) * scale;
  if (now > frame.left && now < frame.right && model.kind.includes(KIND.LIVE)) dashed(ctx, colours.muted, [2, 3], [[now, frame.strip, now, frame.axis]]);
}

/** A text with its middle at x, moved to stay between two edges. @param {Context} ctx @param {string} text @param {number} x @param {number} y @param {number} left @param {number} right */
function within(ctx, text, x, y, left, right) {
  const width = ctx.measureText(text).width;
  ctx.fillText(text, Math.min(right - width, Math.max(left, x - width / 2)), y);
}

/** @param {Context} ctx @param {string} colour @param {number[]} pattern @param {number[][]} lines */
function dashed(ctx, colour, pattern, lines) {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.setLineDash(pattern);
  ctx.beginPath();
  for (const [x0, y0, x1, y1] of lines) {
    ctx.moveTo(x0, y0);
    ctx.lineTo(x1, y1);
  }
  ctx.stroke();
  ctx.restore();
}

/** @param {Context} ctx @param {Scene} scene @param {Band} band @param {Lanes} lanes @param {(CanvasPattern | string)[]} hatch */
function paintLanes(ctx, scene, band, lanes, hatch) {
  const { model, frame, selected, active, colours } = scene;
  const { places, lane, x0, x1, pitch } = lanes;
  const height = pitch - (pitch > 9 ? Math.min(8, pitch * 0.35) : 1);
  const onScreen = [...places.keys()].filter((i) => x1[i] >= frame.left && x0[i] <= frame.width);
  const failed = (/** @type {number} */ i) => isFailure(model.look[places[i]]);
  for (const i of [...onScreen.filter((j) => !failed(j)), ...onScreen.filter(failed)]) {
    const y = band.y + lane[i] * pitch + (pitch - height) / 2;
    paintRun(ctx, scene, places[i], x0[i], x1[i], y, height, hatch);
    if (selected.has(places[i])) outline(ctx, x0[i], y, x1[i], height, colours.text, 1.5);
    if (active === places[i]) outline(ctx, x0[i], y, x1[i], height, colours.accent, 3);
  }
}

/** @param {Context} ctx @param {number} x0 @param {number} y @param {number} x1 @param {number} height @param {string} colour @param {number} away */
function outline(ctx, x0, y, x1, height, colour, away) {
  ctx.lineWidth = 1.5;
  ctx.strokeStyle = colour;
  ctx.strokeRect(x0 - away, y - away, x1 - x0 + 2 * away, height + 2 * away);
  ctx.lineWidth = 1;
}

/** @param {Context} ctx @param {Scene} scene @param {number} p @param {number} x0 @param {number} x1 @param {number} y @param {number} height @param {(CanvasPattern | string)[]} hatch */
function paintRun(ctx, { model, frame, window, colours }, p, x0, x1, y, height, hatch) {
  const look = model.look[p];
  const kind = model.kind[p];
  const colour = colours.looks[look];
  const middle = frame.left + (model.middle[p] - window.start) * scaleOf(frame, window);
  const divided = middle >= x0;
  const begin = divided ? Math.min(middle, x1 - MARK) : x0;
  const thin = Math.max(1.5, height * 0.28);
  ctx.fillStyle = colour;
  if (divided && begin > x0) {
    ctx.fillRect(x0, y + (height - thin) / 2, begin - x0, thin);
    ctx.fillRect(x0, y + height * 0.2, 1, height * 0.6);
  }
  if (kind === KIND.PHASES) ctx.fillRect(begin, y, x1 - begin, height);
  else if (kind === KIND.UNDIVIDED) paintUndivided(ctx, x0, x1, y, height, colour, hatch[look]);
  else if (kind === KIND.LIVE) paintLive(ctx, begin, x1, y, height, colour, divided);
  else if (kind === KIND.OPEN) paintOpen(ctx, begin, y, height);
  else shape(ctx, LOOKS.length - 2, x0 + MARK / 2, y + height / 2, Math.max(5, Math.min(9, height)), colour);
  if (height < 7 || (LOOKS[look].name === "succeeded" && kind === KIND.PHASES && !frame.rows)) return;
  shape(ctx, look, x1 + (kind === KIND.OPEN ? 10 : 7), y + height / 2, Math.min(10, height + 1), colour);
}

/** @param {Context} ctx @param {number} x0 @param {number} x1 @param {number} y @param {number} height @param {string} colour @param {CanvasPattern | string} hatch */
function paintUndivided(ctx, x0, x1, y, height, colour, hatch) {
  if (x1 - x0 > 4) {
    ctx.fillStyle = hatch;
    ctx.strokeStyle = colour;
    ctx.strokeRect(x0 + 0.5, y + 0.5, x1 - x0 - 1, height - 1);
  }
  ctx.fillRect(x0, y, x1 - x0, height);
}

/** @param {Context} ctx @param {number} x0 @param {number} x1 @param {number} y @param {number} height @param {string} colour @param {boolean} started */
function paintLive(ctx, x0, x1, y, height, colour, started) {
  ctx.fillRect(x0, y, 2, height);
  ctx.globalAlpha = started ? 0.28 : 0;
  ctx.fillRect(x0, y, x1 - x0, height);
  ctx.globalAlpha = 1;
  dashed(ctx, colour, [4, 3], [[x0, y + 0.5, x1, y + 0.5], [x0, y + height - 0.5, x1, y + height - 0.5]]);
}

/** A mark with two prongs that stay open. @param {Context} ctx @param {number} x @param {number} y @param {number} height */
function paintOpen(ctx, x, y, height) {
  ctx.fillRect(x, y, 2, height);
  ctx.fillRect(x, y, 6, 1.2);
  ctx.fillRect(x, y + height - 1.2, 6, 1.2);
}

/** @param {Context} ctx @param {Scene} scene @param {Band} band @param {Lanes} lanes */
function paintRowNames(ctx, { model, frame, colours, selected }, band, { pitch }) {
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  for (let p = 0; p < model.size; p++) {
    ctx.fillStyle = selected.has(p) ? colours.text : colours.muted;
    ctx.fillText(fitted(ctx, visible(model.data.ids[model.row[p]] ?? ""), frame.left - 10), 0, band.y + (p + 0.5) * pitch);
  }
}

/** A text cut in its middle to a width: both ends of an id tell runs apart. @param {Context} ctx @param {string} text @param {number} width */
function fitted(ctx, text, width) {
  let cut = text.length > 80 ? `${text.slice(0, 40)}\u2026${text.slice(-40)}` : text;
  for (let keep = Math.min(40, text.length >> 1); ctx.measureText(cut).width > width && keep > 1; keep--) cut = `${text.slice(0, keep)}\u2026${text.slice(-keep)}`;
  return cut;
}

/** @param {Context} ctx @param {Columns} columns @param {Band} band @param {string[]} looks */
function paintColumns(ctx, columns, band, looks) {
  const scale = (band.height - 2) / Math.max(1, columns.peak);
  const x = Math.round(columns.x);
  const top = new Float32Array(columns.size).fill(band.y + band.height);
  for (const look of STACK) {
    const count = columns.counts[look];
    const least = isFailure(look) ? 3 : 1;
    ctx.fillStyle = looks[look];
    for (let i = 0; i < columns.size; i++) {
      if (count[i] === 0) continue;
      const height = Math.max(least, count[i] * scale);
      top[i] = Math.max(band.y, top[i] - height);
      ctx.fillRect(x + i * COLUMN, top[i], COLUMN, height);
    }
  }
}

/** @param {Context} ctx @param {Scene} scene @param {Band} band @param {number} b */
function paintSelectedBelow(ctx, { model, frame, window, selected, colours }, band, b) {
  const scale = scaleOf(frame, window);
  ctx.fillStyle = colours.text;
  for (const p of selected) {
    if ((frame.bandOf && frame.bandOf[p] !== b) || model.to[p] < window.start || model.from[p] > window.end) continue;
    const x0 = Math.max(frame.left, frame.left + (model.from[p] - window.start) * scale);
    const x1 = Math.min(frame.width, frame.left + (model.to[p] - window.start) * scale);
    ctx.fillRect(x0, band.y + band.height + 1, Math.max(MARK, x1 - x0), 2.5);
  }
}

/** @param {Context} ctx @param {Scene} scene @param {Band} band @param {Columns | null} columns */
function paintBandWords(ctx, { frame, colours }, band, columns) {
  const peak = columns?.peak ? `up to ${countOf(columns.peak, "run")} in a column` : "";
  ctx.textBaseline = "middle";
  ctx.textAlign = "left";
  ctx.fillStyle = colours.text;
  if (!band.label) {
    if (!peak) return;
    const width = ctx.measureText(peak).width + 8;
    ctx.globalAlpha = 0.8;
    ctx.fillStyle = colours.ground;
    ctx.fillRect(frame.left + 2, band.y, width, 15);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colours.text;
    ctx.fillText(peak, frame.left + 6, band.y + 8);
    return;
  }
  const words = `${formatCount(band.count)}${peak ? `, ${peak}` : ""}`;
  const name = fitted(ctx, visible(band.label), frame.width * 0.45);
  ctx.fillText(name, frame.left, band.y - 9);
  const at = frame.left + ctx.measureText(name).width + 8;
  ctx.fillStyle = colours.muted;
  ctx.fillText(words, at, band.y - 9);
}

/** @param {Context} ctx @param {Frame} frame @param {Window} window @param {Window} range @param {string} colour */
function paintRange(ctx, frame, window, range, colour) {
  const scale = scaleOf(frame, window);
  const x0 = frame.left + (range.start - window.start) * scale;
  const x1 = frame.left + (range.end - window.start) * scale;
  ctx.fillStyle = colour;
  ctx.globalAlpha = 0.18;
  ctx.fillRect(x0, frame.strip, x1 - x0, frame.axis - frame.strip);
  ctx.globalAlpha = 1;
  ctx.fillRect(x0, frame.strip, 1, frame.axis - frame.strip);
  ctx.fillRect(x1 - 1, frame.strip, 1, frame.axis - frame.strip);
}

/** @param {Context} ctx @param {Scene} scene */
function paintOverview(ctx, { frame, window, whole, overview, colours }) {
  const band = { label: "", count: 0, y: frame.overview + 2, height: OVERVIEW - 4 };
  clipped(ctx, frame.left, frame.overview, frame.right - frame.left, OVERVIEW, () => paintColumns(ctx, overview, band, colours.looks));
  const scale = scaleOf(frame, whole);
  const x0 = Math.max(frame.left, frame.left + (window.start - whole.start) * scale);
  const x1 = Math.min(frame.right, Math.max(x0 + MARK, frame.left + (window.end - whole.start) * scale));
  ctx.fillStyle = colours.ground;
  ctx.globalAlpha = 0.65;
  ctx.fillRect(frame.left, frame.overview, x0 - frame.left, OVERVIEW);
  ctx.fillRect(x1, frame.overview, frame.right - x1, OVERVIEW);
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colours.grid;
  ctx.strokeRect(frame.left + 0.5, frame.overview + 0.5, frame.right - frame.left - 1, OVERVIEW - 1);
  ctx.strokeStyle = ctx.fillStyle = colours.accent;
  ctx.strokeRect(x0 + 0.5, frame.overview + 0.5, Math.max(1, x1 - x0 - 1), OVERVIEW - 1);
  for (const x of [x0, x1 - MARK]) ctx.fillRect(x, frame.overview + OVERVIEW / 2 - 7, MARK, 14);
}

