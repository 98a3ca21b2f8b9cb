/** Which runs are on the screen and where: a window on the model, laid out when it is asked for. It touches no page. */

import { fittingGrouping } from "./grouping.mjs";
import { OVERVIEW, columns, extent, failureMarks, frameOf, layOutBands } from "./layout.mjs";
import { modelOf, touching } from "./model.mjs";

/**
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./layout.mjs").Grouping} Grouping
 * @typedef {object} Scene
 * @property {import("./model.mjs").Model} model
 * @property {Window} window
 * @property {Window} whole  the extent of the overview
 * @property {import("./layout.mjs").Frame} frame  as it is on the screen, with what is scrolled out of it above and below
 * @property {number} lift  how far it can be scrolled
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
  /** What the person has chosen; null: as it fits. @type {Grouping | null} */
  by = null;
  /** Whether the stretches in which no run goes on are folded. */
  folded = false;
  #width = NARROWEST;
  #room = Infinity;
  /** How far the bands are scrolled up. */
  scroll = 0;
  /** What stays while the window moves. @type {{frame: import("./layout.mjs").Frame, overview: Scene["overview"]} | null} */
  #still = null;
  /** @type {Scene | null} */
  #scene = null;

  /**
   * @param {import("./model.mjs").TimelineData} data
   * @param {View} [before] whose grouping and window are kept, the window where it was not the whole
   * @param {boolean} [folded]
   */
  constructor(data, before, folded = before?.folded ?? false) {
    this.model = modelOf(data, folded);
    this.whole = this.window = extent(this.model);
    this.folded = folded;
    if (!before) return;
    this.by = before.by;
    this.#width = before.#width;
    this.#room = before.#room;
    this.scroll = before.scroll;
    if (before.window !== before.whole) this.show(this.model.axis.places(before.instants));
  }

  /** By what the runs are grouped now. @returns {Grouping} */
  get grouping() {
    return this.by ?? fittingGrouping(this.model);
  }

  get isZoomed() {
    return this.window !== this.whole;
  }

  /** What the window shows, in ms since the epoch. */
  get instants() {
    return this.model.axis.instants(this.window);
  }

  /** The window in ms since the epoch, without the room at its sides, in which no run can be. */
  get stretch() {
    const {
      window: { start, end },
      model: { first, last, axis },
    } = this;
    return axis.instants({ start: Math.max(start, first), end: Math.min(end, last) });
  }

  /** The window (ms since the epoch), grouping, folds and width, as the kernel is told them. */
  get screen() {
    const { left, right } = this.scene.frame;
    const folds = this.model.axis.folds.map(({ instant, length, kept }) => [instant, length, kept]);
    return { ...this.instants, by: this.by, folds, width: right - left, folded: this.folded };
  }

  /** @param {Window} [window] @returns the places of the runs that touch it */
  places({ start, end } = this.window) {
    return touching(this.model, start, end);
  }

  /** What stays while the window moves. The overview is there while something is out of the window. */
  #standing() {
    if (this.#still) return this.#still;
    const { model, whole, grouping } = this;
    const below = this.isZoomed && model.size > 1 ? OVERVIEW + 2 : 0;
    const frame = frameOf(model, grouping, this.#width, this.#room - below);
    frame.height += below;
    frame.natural += below;
    const overview = columns(
      model,
      below ? this.places(whole) : new Uint32Array(0),
      whole,
      frame.right - frame.left,
      frame.left,
    );
    return (this.#still = { frame, overview });
  }

  /** Where everything lies before it is scrolled. */
  get frame() {
    return this.#standing().frame;
  }

  /** @returns {Scene} */
  get scene() {
    if (this.#scene) return this.#scene;
    const { model, whole, window } = this;
    const { frame, overview } = this.#standing();
    // Bands end at whole pixels; one of them is nothing to scroll for.
    const over = frame.height - this.#room;
    const lift = over > 1 ? over : 0;
    this.scroll = Math.min(this.scroll, lift);
    return (this.#scene = {
      model,
      window,
      whole,
      overview,
      frame: scrolled(frame, this.scroll, lift),
      lift,
      fills: layOutBands(model, frame, window),
      marks: failureMarks(model, frame, window),
    });
  }

  /** Forgets the layout: who asks for it next has it made anew. */
  #forget() {
    this.#still = this.#scene = null;
  }

  /** Takes the size of the canvas; another size has all laid out anew. @param {number} width of the canvas in CSS pixels @param {number} [room] how high it can be */
  fit(width, room = this.#room) {
    const wide = Math.max(width, NARROWEST);
    if (wide !== this.#width || room !== this.#room) this.#forget();
    this.#width = wide;
    this.#room = room;
  }

  /** @param {number} scroll how far the bands are scrolled up @returns {boolean} whether they move */
  scrollTo(scroll) {
    if (scroll === this.scroll) return false;
    this.scroll = scroll;
    this.#scene = null;
    return true;
  }

  /** @param {Grouping | null} by null: as it fits */
  group(by) {
    this.by = by;
    this.#forget();
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
    const wasZoomed = this.isZoomed;
    this.window = span === whole.end - whole.start ? whole : { start: from, end: from + span };
    this.#scene = null;
    if (wasZoomed !== this.isZoomed) this.#forget();
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
    const half = (end - start) / 2;
    const isOutside = to[place] < start || from[place] > end;
    const moved = isOutside && this.show({ start: from[place] - half, end: from[place] + half });
    return this.#scrollToRun(place) || moved;
  }

  /** Scrolls no farther than it needs. @param {number} place @returns {boolean} */
  #scrollToRun(place) {
    const { lift, frame, fills } = this.scene;
    if (!lift) return false;
    const b = frame.bandOf ? frame.bandOf[place] : 0;
    const { y, height } = frame.bands[b];
    const { lanes } = fills[b];
    const lane = lanes ? lanes.lane[lanes.places.indexOf(place)] : 0;
    const top = lanes ? y + lane * lanes.pitch : y;
    const bottom = top + (lanes ? lanes.pitch : height);
    if (top < frame.strip) return this.scrollTo(this.scroll + top - frame.strip);
    return bottom > frame.axis && this.scrollTo(this.scroll + bottom - frame.axis);
  }

  /** Comes so near that a run has a mark of its own, with its end in the middle. @param {number} place @returns {boolean} */
  approach(place) {
    const {
      model,
      scene: { frame },
    } = this;
    const end = model.to[place];
    const b = frame.bandOf ? frame.bandOf[place] : 0;
    let half = (this.window.end - this.window.start) / 2;
    while (
      half > SHORTEST &&
      !layOutBands(model, frame, { start: end - half, end: end + half })[b].lanes
    )
      half /= 3;
    return this.show({ start: end - half, end: end + half });
  }
}

/** @param {import("./layout.mjs").Frame} frame @param {number} scroll how far its bands are moved up @param {number} lift how far what is under them is */
function scrolled(frame, scroll, lift) {
  if (!lift) return frame;
  return {
    ...frame,
    bands: frame.bands.map((band) => ({ ...band, y: band.y - scroll })),
    axis: frame.axis - lift,
    overview: frame.overview - lift,
    height: frame.height - lift,
  };
}
