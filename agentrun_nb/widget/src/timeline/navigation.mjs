/** Moving over the timeline: the window, the run that the keyboard is at, and the keys. */

import { moved } from "./input.mjs";

/**
 * @typedef {import("./layout.mjs").Window} Window
 * @typedef {import("./state.mjs").State} State
 * @typedef {ReturnType<typeof createNavigation>} Navigation
 */

/** How much of a page a page key goes on: a little of what was seen stays. */
const PAGE = 0.9;

/**
 * @param {import("./state.mjs").State} state
 * @param {{selection: import("./selection.mjs").Selection, announcer: import("./announce.mjs").Announcer, changed: () => void, redraw: () => void}} options `changed` is called when the window moved
 */
export function createNavigation(state, { selection, announcer, changed, redraw }) {
  /** @param {boolean} hasMoved @returns {boolean} the same */
  function afterMove(hasMoved) {
    if (hasMoved) changed();
    return hasMoved;
  }

  /** @param {Window} window */
  const show = (window) => afterMove(state.view.show(window));

  /** The active run where it is in the window, else the middle. */
  function centre() {
    const {
      window: { start, end },
      model: { from },
    } = state.view;
    const begin = from[state.active];
    return begin > start && begin < end ? begin : (start + end) / 2;
  }

  /** @param {number} factor below 1 goes nearer @param {number} [at] the instant that stays where it is */
  function zoom(factor, at = centre()) {
    return afterMove(state.view.zoom(factor, at));
  }

  function fit() {
    show(state.view.whole);
  }

  /** @param {number} pages */
  function turn(pages) {
    const { window } = state.view;
    show(moved(window, (window.end - window.start) * pages));
  }

  /** Makes a run the active one. @param {number} place @param {string} [before] words in front of what is said of it */
  function goTo(place, before = "") {
    state.active = place;
    afterMove(state.view.reveal(place));
    redraw();
    announcer.sayRun(place, before);
  }

  /** Where the keyboard begins: at the selection, else at the left of the window. */
  const firstPlace = () => [...state.selected][0] ?? state.view.places()[0] ?? 0;

  /** @param {1 | -1} by @param {boolean} extend the selection */
  function step(by, extend) {
    const place = state.active < 0 ? firstPlace() : state.active + by;
    if (place < 0 || place >= state.view.model.size) return announcer.say("No more runs.");
    goTo(place);
    if (extend && !state.selected.has(place)) selection.select([place], true);
  }

  /** Goes to the next failure, and from the last one to the first. @param {1 | -1} by */
  function goToFailure(by) {
    const { failures } = state.view.model;
    if (failures.length === 0) return announcer.say("No failures.");
    const at = by > 0 ? indexOfNext(failures) : indexOfPrevious(failures);
    const place = failures[at];
    afterMove(state.view.approach(place));
    goTo(place, `Failure ${at + 1} of ${failures.length}: `);
    selection.select([place], false);
  }

  /** @param {State["view"]["model"]["failures"]} failures places, rising @returns {number} an index into `failures` */
  function indexOfNext(failures) {
    const next = failures.findIndex((place) => place > state.active);
    return next < 0 ? 0 : next;
  }

  /** @param {State["view"]["model"]["failures"]} failures */
  function indexOfPrevious(failures) {
    const last = failures.length - 1;
    if (state.active < 0) return last;
    const previous = failures.findLastIndex((place) => place < state.active);
    return previous < 0 ? last : previous;
  }

  /** @param {KeyboardEvent} event */
  function chooseActive({ ctrlKey, metaKey }) {
    if (state.active < 0) return false;
    selection.select([state.active], ctrlKey || metaKey);
  }

  /** @type {Record<string, (event: KeyboardEvent) => unknown>} by key; false: the key is not used */
  const keys = {
    ArrowRight: (event) => step(1, event.shiftKey),
    ArrowDown: (event) => step(1, event.shiftKey),
    ArrowLeft: (event) => step(-1, event.shiftKey),
    ArrowUp: (event) => step(-1, event.shiftKey),
    Enter: chooseActive,
    " ": chooseActive,
    Escape: selection.clear,
    0: fit,
    PageDown: () => turn(PAGE),
    PageUp: () => turn(-PAGE),
    Home: () => goTo(0),
    End: () => goTo(state.view.model.size - 1),
    // A key is used even where the window cannot go nearer or farther.
    "+": () => void zoom(0.5),
    "=": () => void zoom(0.5),
    "-": () => void zoom(2),
    n: () => goToFailure(1),
    p: () => goToFailure(-1),
  };

  return { show, zoom, fit, goTo, goToFailure, keys };
}
