/** Painting the durations of runs: it decides nothing, it draws what is laid out. Lengths are CSS pixels. */
import { h } from "../base/dom.mjs";
import { LOOKS, STACK, isFailure } from "../base/status.mjs";
import { ticks } from "../base/ticks.mjs";
import { duration } from "../base/times.mjs";
import { shortText } from "../base/text.mjs";
import { lengthTicks } from "./scale.mjs";

/**
 * @typedef {import("./points.mjs").Points} Points
 * @typedef {import("./scale.mjs").Box} Box
 * @typedef {import("../base/colours.mjs").Colours} Colours
 * @typedef {CanvasRenderingContext2D} Context
 *
 * @typedef {object} Scene
 * @property {Points} points
 * @property {Float32Array} xs  by place
 * @property {Float32Array} ys
 * @property {Iterable<number> | null} crowd  the points that stand for all; null where all are drawn
 * @property {Box} box  where points can lie
 * @property {number} width
 * @property {number} height
 * @property {ReturnType<typeof import("./scale.mjs").createScale>} scale
 * @property {string} zone
 * @property {Colours} colours
 */

/** The box of the shape of a status. */
const SHAPE = 12;
const HOLLOW_LINE = 1.4;
/** How large a point is, by how many there are: the first line that has room. */
const SIZES = [
  { most: 400, size: 11 },
  { most: 3000, size: 9 },
  { most: 20_000, size: 7 },
  { most: Infinity, size: 5 },
];
/** Of points with one look that lie within so many pixels, one is drawn. */
const CELL = 2;
const TICK_WIDTH = 88;
const TICK_HEIGHT = 34;
const LINE = 13;
const LONGEST_NAME = 24;
const WORD_PADDING = 3;
const RIM = 4;

/** @param {number} n @returns {number} */
export const sizeOf = (n) => SIZES.find(({ most }) => n <= most)?.size ?? SHAPE;

/** @param {Context} ctx @param {Scene} scene */
export function paintScene(ctx, scene) {
  const { width, height, colours } = scene;
  ctx.clearRect(0, 0, width, height);
  ctx.font = `11px ${colours.font}`;
  ctx.textBaseline = "middle";
  paintLengths(ctx, scene);
  paintTimes(ctx, scene);
  paintPoints(ctx, scene);
  paintMedians(ctx, scene);
}

/** @param {Context} ctx @param {Scene} scene */
function paintLengths(ctx, { points, box, scale, colours }) {
  const most = Math.max(2, Math.floor((box.bottom - box.top) / TICK_HEIGHT));
  ctx.fillStyle = colours.muted;
  ctx.fillText("after start", WORD_PADDING, box.top / 2);
  ctx.fillText("created", WORD_PADDING, box.bottom + LINE);
  for (const { at, label } of lengthTicks(points.extent, most)) {
    const y = Math.round(scale.y(at));
    ctx.fillStyle = colours.grid;
    ctx.fillRect(box.left, y, box.right - box.left, 1);
    ctx.fillStyle = colours.text;
    ctx.fillText(label, box.left - 8 - ctx.measureText(label).width, y);
  }
}

/** @param {Context} ctx @param {Scene} scene */
function paintTimes(ctx, { points, box, width, scale, zone, colours }) {
  const most = Math.max(2, Math.floor((box.right - box.left) / TICK_WIDTH));
  /** Ends of the words on both lines: what would run into them is left out. */
  const ends = [-Infinity, -Infinity];
  const { start, end } = points.extent;
  for (const { at, label, context } of ticks(start, end, zone, most)) {
    const x = Math.round(scale.x(at));
    ctx.fillStyle = colours.grid;
    ctx.fillRect(x, box.top, 1, box.bottom - box.top + 4);
    [label, context].forEach((words, line) => {
      const room = ctx.measureText(words).width;
      const begin = Math.min(width - room, Math.max(box.left - LINE, x - room / 2));
      if (!words || begin <= ends[line]) return;
      ctx.fillStyle = line ? colours.muted : colours.text;
      ctx.fillText(words, begin, box.bottom + LINE + LINE * line);
      ends[line] = begin + room + 4;
    });
  }
  ctx.fillStyle = colours.muted;
  ctx.fillRect(box.left, Math.round(box.bottom), box.right - box.left, 1);
}

/** Those that go on are hollow. @param {Context} ctx @param {Scene} scene */
function paintPoints(ctx, scene) {
  const { points, xs, ys, colours, crowd } = scene;
  const size = sizeOf(points.rows.length);
  /** The stamps of looks, by look and whether they go on. @type {Map<number, HTMLCanvasElement>} */
  const stamps = new Map();
  for (const point of crowd ?? worstLast(scene)) {
    const look = points.looks[point];
    const isOpen = points.isOpen[point] === 1;
    // Failures are told by their shape, which needs a little room.
    const side = isFailure(look) && !crowd ? Math.max(size, SIZES[2].size) : size;
    const key = 2 * look + Number(isOpen);
    const stamp = stamps.get(key) ?? stampOf(look, colours.looks[look], side, isOpen);
    stamps.set(key, stamp);
    ctx.drawImage(stamp, xs[point] - side / 2 - 1, ys[point] - side / 2 - 1, side + 2, side + 2);
  }
}

/** All points but those that another one of their look covers; the worst lie on top. @param {Scene} scene */
function* worstLast({ points, xs, ys, width, height }) {
  const columns = Math.ceil(width / CELL) + 1;
  const taken = new Uint8Array(columns * (Math.ceil(height / CELL) + 1));
  for (const look of STACK)
    for (const isOpen of [0, 1]) {
      taken.fill(0);
      for (let point = 0; point < xs.length; point++) {
        if (points.looks[point] !== look || points.isOpen[point] !== isOpen) continue;
        const cell = Math.floor(ys[point] / CELL) * columns + Math.floor(xs[point] / CELL);
        if (!taken[cell]) yield point;
        taken[cell] = 1;
      }
    }
}

/** The shape of a status, drawn once for all of its points, with a pixel of room around it. @param {number} look @param {string} colour @param {number} side @param {boolean} isHollow */
function stampOf(look, colour, side, isHollow) {
  const scale = (side / SHAPE) * devicePixelRatio;
  const whole = String(Math.ceil((side + 2) * devicePixelRatio));
  const stamp = h("canvas", { width: whole, height: whole });
  const ctx = stamp.getContext("2d");
  if (!ctx) return stamp;
  ctx.translate(devicePixelRatio, devicePixelRatio);
  ctx.scale(scale, scale);
  const shape = new Path2D(LOOKS[look].shape);
  if (isHollow) {
    // The line lies inside of the shape, which keeps its size.
    ctx.clip(shape, "evenodd");
    ctx.strokeStyle = colour;
    ctx.lineWidth = 2 * HOLLOW_LINE;
    ctx.stroke(shape);
  } else {
    ctx.fillStyle = colour;
    ctx.fill(shape, "evenodd");
  }
  return stamp;
}

/** A line a version, and over the lines its name at the end where there is room. @param {Context} ctx @param {Scene} scene */
function paintMedians(ctx, { points, box, scale, colours }) {
  const lines = points.medians.map(({ name, length, start, end }) => ({
    words: `${shortText(name, LONGEST_NAME)} · ${duration(length)}`,
    y: Math.round(scale.y(length)),
    from: scale.x(start),
    to: Math.max(scale.x(end), scale.x(start) + SHAPE),
  }));
  for (const { from, to, y } of lines) paintLine(ctx, colours, from, to, y);
  // A rim around the letters keeps them apart from points, and hides none.
  ctx.strokeStyle = colours.background;
  ctx.lineWidth = RIM;
  ctx.lineJoin = "round";
  const isDense = points.rows.length > SIZES[0].most;
  /** @type {Box[]} */
  const taken = [];
  for (const { words, to, y } of lines) {
    const room = ctx.measureText(words).width + 2 * WORD_PADDING;
    const left = Math.max(box.left, Math.min(to, box.right) - room);
    const place = { left, right: left + room, top: y - LINE - 3, bottom: y - 2 };
    if (taken.some((other) => overlaps(place, other))) continue;
    taken.push(place);
    const at = /** @type {const} */ ([words, left + WORD_PADDING, y - LINE / 2 - 3]);
    // Among very many points and lines, the words need a plain background of their own.
    ctx.fillStyle = colours.background;
    if (isDense) ctx.fillRect(left, place.top, room, LINE);
    ctx.strokeText(...at);
    ctx.fillStyle = colours.text;
    ctx.fillText(...at);
  }
}

/** @param {Context} ctx @param {Colours} colours @param {number} from @param {number} to @param {number} y */
function paintLine(ctx, colours, from, to, y) {
  ctx.fillStyle = colours.background;
  ctx.fillRect(from - 1, y - 2, to - from + 2, 4);
  ctx.fillStyle = colours.text;
  ctx.fillRect(from, y - 1, to - from, 2);
}

/** @param {Box} a @param {Box} b */
const overlaps = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/**
 * What changes without the points: what is chosen, where the keyboard is, what is dragged over.
 * @param {Context} ctx @param {Scene} scene @param {{chosen: number[], active: number, drag: Box | null}} marks places
 */
export function paintMarks(
  ctx,
  { points, xs, ys, width, height, colours },
  { chosen, active, drag },
) {
  ctx.clearRect(0, 0, width, height);
  const radius = sizeOf(points.rows.length) / 2 + 3;
  ctx.strokeStyle = colours.text;
  ctx.lineWidth = 2;
  ctx.beginPath();
  for (const place of chosen) {
    ctx.moveTo(xs[place] + radius, ys[place]);
    ctx.arc(xs[place], ys[place], radius, 0, 2 * Math.PI);
  }
  ctx.stroke();
  ctx.strokeStyle = colours.accent;
  if (active >= 0) {
    ctx.strokeRect(
      xs[active] - radius - 2,
      ys[active] - radius - 2,
      2 * radius + 4,
      2 * radius + 4,
    );
  }
  if (!drag) return;
  const [across, down] = [drag.right - drag.left, drag.bottom - drag.top];
  ctx.fillStyle = colours.accent;
  ctx.globalAlpha = 0.18;
  ctx.fillRect(drag.left, drag.top, across, down);
  ctx.globalAlpha = 1;
  ctx.lineWidth = 1;
  ctx.strokeRect(drag.left + 0.5, drag.top + 0.5, across - 1, down - 1);
}
