/** Which runs are on the screen and where: a window on the model, laid out when it is asked for. It touches no page. */

import { columns, extent, failureMarks, fill, frameOf } from "./layout.mjs";
import { index, touching } from "./model.mjs";
import { versionName } from "./words.mjs";

/**
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./layout.mjs").Grouping} Grouping
 * @typedef {object} Scene
 * @property {import("./model.mjs").Model} model
 * @property {Window} window
 * @property {Window} whole  the extent of the overview
 * @property {import("./layout.mjs").Frame} frame
 * @property {import("./layout.mjs").Columns} overview
 * @property {import("./layout.mjs").Fill[]} fills  by band
 * @property {ReturnType<typeof failureMarks>} marks
 */

const SHORTEST = 10;
/** A canvas that is narrower is laid out as if it were so wide: names and axis need their room. */
const NARROWEST = 160;

export class View {
  model;
  whole;
  window;
  /** @type {Grouping} */
  by = "time";
  /** Whether the stretches in which no run goes on are folded. */
  folded = false;
  #width = NARROWEST;
  /** What stays while the window moves. @type {Pick<Scene, "frame" | "overview"> | null} */
  #still = null;
  /** @type {Scene | null} */
  #scene = null;

  /**
   * @param {import("./model.mjs").TimelineData} data
   * @param {View} [before] whose grouping and window are kept, the window where it was not the whole
   * @param {boolean} [folded]
   */
  constructor(data, before, folded = before?.folded ?? false) {
    this.model = index(data, folded);
    this.whole = this.window = extent(this.model);
    this.folded = folded;
    if (!before) return;
    this.by = before.by;
    this.#width = before.#width;
    if (before.window !== before.whole) this.show(this.model.axis.places(before.instants));
  }

  /** What the window shows, in ms since the epoch. */
  get instants() {
    return this.model.axis.instants(this.window);
  }

  /** The window without the room at its sides, in which no run can be. */
  get stretch() {
    const {
      window: { start, end },
      model: { first, last, axis },
    } = this;
    return axis.instants({ start: Math.max(start, first), end: Math.min(end, last) });
  }

  /** What is on the screen. */
  get screen() {
    const { left, right } = this.scene.frame;
    const folds = this.model.axis.folds.map(({ instant, length, kept }) => [instant, length, kept]);
    return { ...this.instants, by: this.by, folds, width: right - left, folded: this.folded };
  }

  /** @param {Window} [window] @returns the places of the runs that touch it */
  places({ start, end } = this.window) {
    return touching(this.model, start, end);
  }

  /** @returns {Scene} */
  get scene() {
    const { model, whole, window } = this;
    if (!this.#still) {
      const frame = frameOf(model, this.by, this.#width, (code) => versionName(model.data, code));
      this.#still = {
        frame,
        overview: columns(model, this.places(whole), whole, frame.right - frame.left, frame.left),
      };
    }
    const { frame } = this.#still;
    return (this.#scene ??= {
      ...this.#still,
      model,
      window,
      whole,
      fills: fill(model, frame, window),
      marks: failureMarks(model, frame, window),
    });
  }

  /** Lays everything out anew. */
  #renew() {
    this.#still = this.#scene = null;
  }

  /** @param {number} width of the canvas in CSS pixels */
  fit(width) {
    const room = Math.max(width, NARROWEST);
    if (room !== this.#width) this.#renew();
    this.#width = room;
  }

  /** @param {Grouping} by */
  group(by) {
    this.by = by;
    this.#renew();
  }

  /** @param {Window} window @returns {boolean} whether the window changed */
  show({ start, end }) {
    const { whole, window } = this;
    const span = Math.min(Math.max(end - start, SHORTEST), whole.end - whole.start);
    const stretched = Math.abs(end - start - span) > span * 1e-9;
    const from = Math.min(
      Math.max(stretched ? (start + end - span) / 2 : start, whole.start),
      whole.end - span,
    );
    if (from === window.start && from + span === window.end) return false;
    this.window = span === whole.end - whole.start ? whole : { start: from, end: from + span };
    this.#scene = null;
    return true;
  }

  /** @param {number} factor below 1 goes nearer @param {number} at the instant that stays where it is @returns {boolean} */
  zoom(factor, at) {
    const { start, end } = this.window;
    return this.show({ start: at - (at - start) * factor, end: at + (end - at) * factor });
  }

  /** Moves only if the run is not on the screen. @param {number} place @returns {boolean} */
  reveal(place) {
    const {
      model: { from, to },
      window: { start, end },
    } = this;
    return (
      (to[place] < start || from[place] > end) &&
      this.show({ start: from[place] - (end - start) / 2, end: from[place] + (end - start) / 2 })
    );
  }

  /** Comes so near that a run has a mark of its own, with its end in the middle. @param {number} place @returns {boolean} */
  approach(place) {
    const {
      model,
      scene: { frame },
    } = this;
    const end = model.to[place];
    let half = (this.window.end - this.window.start) / 2;
    while (
      half > SHORTEST &&
      !fill(model, frame, { start: end - half, end: end + half })[
        frame.bandOf ? frame.bandOf[place] : 0
      ].lanes
    )
      half /= 3;
    return this.show({ start: end - half, end: end + half });
  }
}
