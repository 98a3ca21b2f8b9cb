/** The runs that are shown as a table, of which only the rows in sight are elements. */
import { h, uniqueId } from "../base/dom.mjs";
import { visible } from "../base/text.mjs";
import { removeColumn } from "../runs/columns.mjs";
import { NEWEST } from "../runs/order.mjs";
import { clicked } from "../runs/selection.mjs";
import { isKey } from "./cursor.mjs";
import { createRows } from "./rows.mjs";

/** @typedef {import("./columns.mjs").Column} Column */

const GESTURES = "shift-click: choose a range · ctrl-click: add to what is chosen";
/** How often ages are written anew, in ms. */
const AGES_EVERY = 10_000;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{signal: AbortSignal, onChoose: (rows: number[]) => void}} options `onChoose` is called with the rows that a person has chosen
 * @returns {{element: HTMLElement, corner: HTMLElement}} `corner` is the line under the rows
 */
export function createTable(store, { signal, onChoose }) {
  const { state } = store;
  const head = h("div", { class: "arn-grid-head", role: "row", "aria-rowindex": "1" });
  const grid = h("div", {
    class: "arn-grid",
    role: "grid",
    tabindex: "0",
    "aria-label": "Runs",
    "aria-multiselectable": "true",
    "data-testid": "arn-table",
  });
  const sentence = h("span", { class: "arn-offsight", role: "status" });
  const problems = h("div", { role: "status" });
  const corner = h("div", "arn-wb-foot arn-tl-foot", h("p", {}, GESTURES));
  const element = h("div", "arn-table", grid, problems, corner, sentence);
  const table = createRows(store, { grid, head, id: uniqueId("run"), signal });
  const { cursor } = table;
  /** The row from which a range goes on. */
  let anchor = -1;
  let isHidden = true;
  let { renewed } = state;
  /** Whether something has changed while the table was not on the screen. */
  let isStale = true;

  /** Where the table is not on the screen, its rows are made when it comes there. */
  function takeData() {
    const newer = state.renewed === renewed ? null : state.renewed;
    renewed = state.renewed;
    const wasStale = isStale;
    isStale = element.clientWidth === 0;
    if (isStale) return;
    const wasAtEnd = isAtEnd();
    if (newer && !wasStale) table.takeNewer(newer);
    else table.takeData();
    // A column becomes wider when its values come.
    if (wasAtEnd) showLastColumn();
    showNewColumn();
  }

  const isAtEnd = () =>
    grid.scrollLeft > 0 && grid.scrollLeft + grid.clientWidth >= grid.scrollWidth - 1;

  function showLastColumn() {
    grid.scrollLeft = grid.scrollWidth;
  }

  /** How many columns of a person's own there were when the table was last on the screen. */
  let columnCount = 0;

  /** A column that comes to the others is brought into sight. */
  function showNewColumn() {
    if (state.columns.length > columnCount) showLastColumn();
    columnCount = state.columns.length;
  }

  function takeOrder() {
    if (!isStale) table.takeOrder();
  }

  function takeSize() {
    const wasHidden = isHidden;
    isHidden = element.clientWidth === 0;
    if (isHidden) return;
    if (isStale) takeData();
    else if (wasHidden) table.reveal();
  }

  function writeProblems() {
    const shown = state.columns.filter((path) => state.problems.has(path));
    const words = shown.map((path) => visible(`${path}: ${state.problems.get(path)}`));
    problems.replaceChildren(...words.map((line) => h("p", "arn-warning", line)));
  }

  /** @param {number} place @param {import("../runs/selection.mjs").Modifiers} modifiers */
  function choose(place, modifiers) {
    const before = { chosen: state.chosen, anchor: table.placeOf(anchor) };
    const after = clicked(table.rows, place, { ...before, ...modifiers });
    anchor = table.rows[after.anchor];
    onChoose(after.chosen);
  }

  /** A first time as it is read first, then the other way round, then no more. @param {Column} column */
  function sortBy({ key, label, isFalling }) {
    const first = isFalling ? `-${key}` : key;
    const second = isFalling ? key : `-${key}`;
    const now = state.sort ?? NEWEST;
    const next = now === first ? second : now === second ? null : first;
    store.change({ sort: next === NEWEST ? null : next });
    sentence.textContent = next ? visible(`Sorted by ${label || key}.`) : "The newest come first.";
  }

  /** @param {Column} column */
  function remove({ key, isOwn }) {
    if (!isOwn) return;
    removeColumn(store, key);
    grid.focus({ preventScroll: true });
  }

  /** @param {MouseEvent} event */
  function click({ target, shiftKey, ctrlKey, metaKey }) {
    const part = target instanceof Element ? target : null;
    const at = cursor.cellOf(part);
    if (!at) return;
    const column = table.columns[at.column];
    cursor.goTo(at.place, at.column);
    if (at.place >= 0) choose(at.place, { isRange: shiftKey, isToggle: ctrlKey || metaKey });
    else if (part?.closest("button")) remove(column);
    else sortBy(column);
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const { key, altKey } = event;
    if (altKey || !isKey(key)) return;
    event.preventDefault();
    event.stopPropagation();
    const { place } = cursor;
    if (key === "Escape") onChoose([]);
    else if (place < 0 && key === "Delete") remove(table.columns[cursor.column]);
    else if (place < 0 && isPress(key)) sortBy(table.columns[cursor.column]);
    else if (isPress(key)) pressRow(event, place);
    else move(event, place);
  }

  /** Enter chooses a row, the space bar adds it. @param {KeyboardEvent} event @param {number} place */
  function pressRow({ key, shiftKey, ctrlKey, metaKey }, place) {
    choose(place, { isRange: shiftKey, isToggle: key === " " || ctrlKey || metaKey });
  }

  /** @param {KeyboardEvent} event @param {number} from */
  function move({ key, shiftKey, ctrlKey, metaKey }, from) {
    cursor.move(key, ctrlKey || metaKey, table.rows.length, table.columns.length);
    const hasMoved = cursor.place >= 0 && cursor.place !== from;
    if (shiftKey && hasMoved) choose(cursor.place, { isRange: true, isToggle: false });
  }

  grid.addEventListener("click", click);
  // A range that is chosen with shift is no text to be marked.
  grid.addEventListener("mousedown", (event) => event.shiftKey && event.preventDefault());
  grid.addEventListener("keydown", press);
  const clock = setInterval(() => isHidden || table.writeAges(), AGES_EVERY);
  const resized = new ResizeObserver(takeSize);
  resized.observe(element);
  signal.addEventListener("abort", () => {
    clearInterval(clock);
    resized.disconnect();
  });
  store.watch(["data", "renewed", "shown", "names", "columns", "values"], takeData, signal);
  store.watch(["sort"], takeOrder, signal);
  store.watch(["chosen"], table.takeChosen, signal);
  store.watch(["columns", "problems"], writeProblems, signal);
  writeProblems();
  return { element, corner };
}

/** @param {string} key */
const isPress = (key) => key === "Enter" || key === " ";
