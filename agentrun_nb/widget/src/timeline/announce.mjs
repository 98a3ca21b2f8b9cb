/** Everything that the timeline says in words: what is in the window, the notes, and what a screen reader reads out. */

import { countOf, formatCount, runsOf } from "../base/numbers.mjs";
import { formatZone } from "../base/ticks.mjs";
import { fittingGrouping } from "./grouping.mjs";
import { countUnplaced } from "./state.mjs";
import { emptyWords, footnotes, tellLines, windowWords } from "./words.mjs";

/** @typedef {ReturnType<typeof createAnnouncer>} Announcer */

/** What nobody guesses of runs that are drawn one by one, and of those that are counted. */
const DRAWN = "thin: before start · thick: after start · shift-drag: choose · ctrl-click: add";
const COUNTED = "height: runs that go on at once · click: come nearer · shift-drag: choose";

const HELP =
  "Arrow keys go from run to run, plus and minus zoom, 0 shows all, n and p go to failures, Enter selects, Escape clears.";

/**
 * @param {import("./state.mjs").State} state
 * @param {ReturnType<typeof import("./elements.mjs").elements> & {picture: HTMLElement, foot: HTMLElement}} parts
 */
export function createAnnouncer(state, parts) {
  /** To a screen reader. @param {string} sentence */
  function say(sentence) {
    parts.live.textContent = sentence;
  }

  /** @param {number} place @param {string} before words in front */
  function sayRun(place, before) {
    const { model } = state.view;
    say(before + tellLines(model, model.row[place], state.zone).join(", "));
  }

  /** Says what is in the window, of how many. @param {import("./view.mjs").Scene} scene */
  function writeWindow({ frame, fills }) {
    const { view, zone, unknownZone } = state;
    const inWindow = fills.map(({ places }) => places);
    const runs = inWindow.reduce((sum, places) => sum + places.length, 0);
    const words = windowWords(
      runs ? view.stretch : view.instants,
      zone,
      runsOf(runs, view.model.size),
    );
    const sentences = [`${words}.`, `Times in ${formatZone(view.instants, zone)}${unknownZone}.`];
    // Bands have peaks of their own, which stand beside their names.
    const peak = frame.bandOf ? 0 : (fills[0].columns?.peak ?? 0);
    if (peak) sentences.push(`Up to ${countOf(peak)} in a column.`);
    parts.window.textContent = sentences.join(" ");
    parts.foot.classList.toggle("arn-zoomed", view.isZoomed);
    writeNotes(fills);
  }

  /** What the picture does not show, and what nobody guesses of it. @param {import("./layout.mjs").Fill[]} fills */
  function writeNotes(fills) {
    const { model } = state.view;
    const isCounted = fills.some(({ columns }) => columns);
    const inWindow = fills.map(({ places }) => places);
    parts.notes.textContent = footnotes(model, inWindow, state.unreadRows.length, isCounted);
    parts.gestures.textContent = isCounted ? COUNTED : DRAWN;
  }

  /** Writes what depends on the runs and not on the window. */
  function writeData() {
    const { view } = state;
    writeNotes([]);
    writeGrouping();
    writePosition();
    writeMissing();
    writeControls();
    parts.canvas.setAttribute("aria-label", `Timeline of ${countOf(view.model.size)}. ${HELP}`);
  }

  /** The ways to runs that are not drawn, and why there may be no picture at all. */
  function writeMissing() {
    const { model } = state.view;
    const unread = state.unreadRows.length;
    const unplaced = countUnplaced(state);
    parts.unread.hidden = unread === 0;
    parts.unread.textContent = `not read ${formatCount(unread)}`;
    parts.unread.setAttribute("aria-label", `not read ${formatCount(unread)}: select them`);
    parts.unplaced.hidden = unplaced <= 0;
    parts.unplaced.textContent = `Choose ${countOf(unplaced)}`;
    parts.empty.hidden = model.size > 0;
    parts.empty.textContent = emptyWords(model.data.n, unread);
  }

  /** Shows only the controls that can do something here. */
  function writeControls() {
    const { model, folded } = state.view;
    const { bar, foot, picture, table, by, ranger, failures, folder } = parts;
    for (const part of [bar, foot, picture, table]) part.hidden = model.size === 0;
    for (const part of [by.element, ranger]) part.hidden = model.size < 2;
    failures.hidden = model.failures.length === 0;
    folder.hidden = !model.foldable;
    folder.setAttribute("aria-pressed", String(folded));
  }

  function writeGrouping() {
    const { view } = state;
    parts.by.show(view.by, fittingGrouping(view.model));
  }

  /** Where among the failures the run is that the keyboard is at. */
  function writePosition() {
    const { failures } = state.view.model;
    const at = failures.indexOf(state.active);
    const count = formatCount(failures.length);
    parts.position.textContent = `Failures ${at < 0 ? count : `${formatCount(at + 1)} of ${count}`}`;
  }

  return { say, sayRun, writeWindow, writeData, writeGrouping, writePosition };
}
