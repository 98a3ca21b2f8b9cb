/** What is told of the chosen runs: one run whole, two side by side, the numbers of more; of none, the numbers of what is shown. */
import { readJson } from "../kernel/bytes.mjs";
import { button, h } from "../base/dom.mjs";
import { documentOf } from "../json/python.mjs";
import { keyOf } from "../kernel/page.mjs";
import { toolbar } from "../base/roving.mjs";
import { addColumn } from "../runs/columns.mjs";
import { createNumbers } from "./numbers.mjs";
import { createLogSource } from "../run/log/source.mjs";
import { createRunView } from "../run/view.mjs";
import { describe, isTerminal } from "../base/status.mjs";
import { formatCount } from "../base/numbers.mjs";

/** More runs than this are told in numbers first. */
const MOST_SINGLE = 2;
const ALL = -1;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {object} options
 * @param {import("../kernel/requests.mjs").Kernel} options.kernel
 * @param {AbortSignal} options.signal
 * @param {(rows: number[]) => void} options.onChoose  a person chose rows
 * @param {(rows: number[]) => void} options.onOrder  another of the chosen runs has to be the first
 * @param {(filter: import("../runs/filter.mjs").Filter | null) => void} options.onFilter
 * @param {(path: string) => void} options.onPath
 * @param {(name: string) => void} options.onView
 */
export function createDetails(store, options) {
  const { kernel, signal, onOrder, onPath } = options;
  const { state } = store;
  const numbers = createNumbers(store, options);
  /** Which of the chosen runs is on show; ALL: their numbers. */
  let at = 0;
  /** How many were chosen, and which of them was shown. */
  let chosenCount = 0;
  let keyShown = "";
  /** The row that is the first of the chosen ones for the kernel. */
  let first = -1;
  /** The path that was chosen in the run on show or shown there last, so that its tab need not be opened again. */
  let revealed = "";
  /** @type {import("../run/view.mjs").RunView | null} */
  let view = null;
  let viewEnd = new AbortController();
  let shown = "";
  /** The tab that is open, which stays so from run to run. */
  let tab = "overview";
  const logs = createLogSource(kernel);
  /** By row. Where runs change it is another map, so that what was asked for before comes into one that is gone. @type {Map<number, import("../protocol.mjs").RunDoc>} */
  let docs = new Map();
  const position = h("span", { role: "status" });
  const both = button("Compare the two", () => (both.ariaPressed === "true" ? show() : compare()));
  const chooser = toolbar(
    "Chosen runs",
    "arn-line-up",
    button("‹", () => step(-1), { "aria-label": "Previous chosen run" }),
    position,
    button("›", () => step(1), { "aria-label": "Next chosen run" }),
    both,
  );
  const away = h(
    "p",
    { class: "arn-dim", hidden: true, "data-testid": "arn-wb-away" },
    "What is chosen is not among the runs shown. ",
    button("Clear the filter", () => options.onFilter(null), { class: "arn-link" }),
  );
  // Where a press takes away what was pressed, the focus stays here.
  const place = h("div", { tabindex: "-1" });
  const hint = (/** @type {string} */ words) => place.replaceChildren(h("p", "arn-hint", words));

  function takeDocs() {
    const { data } = state;
    docs = new Map((data.docs ?? []).map((doc) => [doc.row, doc]));
    if (!data.docs && data.page.n > 0 && !kernel.alone) void askForDocs();
  }

  /** Asks for all documents, after what is on the screen; those of a chosen run may come before. */
  async function askForDocs() {
    await new Promise((resolve) => setTimeout(resolve));
    const known = docs;
    try {
      const { answer, buffers } = await kernel.ask("docs");
      const read = answer.docs ? await readJson(answer.docs, buffers) : [];
      for (const doc of read) if (!known.has(doc.row)) known.set(doc.row, doc);
    } catch {
      // Without them each run is asked for when it is chosen.
    }
  }

  function takeChosen() {
    const { chosen } = state;
    // Of the same choice the run that is on show stays there when newer data comes.
    const stays = at >= 0 && chosen.length === chosenCount && keyAt(at) === keyShown;
    if (!stays) at = chosen.length > MOST_SINGLE ? ALL : 0;
    first = chosen[0] ?? -1;
    show();
  }

  /** @param {number} position among the chosen @returns {string} of which run, whatever its row is by now; "" for none */
  function keyAt(position) {
    const row = state.chosen[position];
    return row === undefined ? "" : JSON.stringify(keyOf(state.data, row));
  }

  /** @param {number} by */
  function step(by) {
    const { length } = state.chosen;
    const least = length > MOST_SINGLE ? ALL : 0;
    const turns = length - least;
    at = least + ((at - least + by + turns) % turns);
    show();
  }

  function show() {
    const rows = state.chosen;
    const doc = docs.get(rows[at]);
    chosenCount = rows.length;
    keyShown = keyAt(at);
    chooser.hidden = rows.length < 2;
    both.hidden = rows.length !== 2 || kernel.alone;
    both.ariaPressed = "false";
    position.textContent =
      at === ALL
        ? `${formatCount(rows.length)} chosen`
        : `Run ${formatCount(at + 1)} of ${formatCount(rows.length)} chosen`;
    away.hidden = !isAway();
    if (!away.hidden) chooser.hidden = true;
    if (!rows.length || at === ALL || isAway()) return showNumbers();
    if (doc) return showRun(doc);
    const { signal: current } = clear();
    void showing(current, async (onWait) => {
      await docOf(rows[at], onWait);
      return null;
    });
  }

  function showNumbers() {
    clear();
    if (!place.contains(numbers.element)) place.replaceChildren(numbers.element);
    numbers.show(at === ALL);
  }

  /** Whether the filter lets none of the chosen runs through: they stay chosen, and what is shown is told of. */
  function isAway() {
    const { chosen, shown: rows } = state;
    const isFew = chosen.length > 0 && chosen.length <= MOST_SINGLE;
    return isFew && !chosen.some((row) => rows.includes(row));
  }

  /** Shows or takes away what the filter has let through or not. */
  function takeShown() {
    if (isAway() === away.hidden) show();
    else renewNumbers();
  }

  /** Whether it is numbers that are on show, which other rows, names or groups change. */
  function renewNumbers() {
    if (place.contains(numbers.element)) numbers.show(at === ALL);
  }

  /** Ends what is shown. @returns {AbortController} of what comes in its place */
  function clear() {
    viewEnd.abort();
    view = null;
    return (viewEnd = new AbortController());
  }

  /** A run that is as it was stays as it is, with all that was opened in it. @param {import("../protocol.mjs").RunDoc} doc */
  function showRun(doc) {
    const { data, tz } = state;
    const now = nowOf(doc.row);
    const drawn = drawnOf(doc);
    if (view && drawn === shown) return;
    clear();
    shown = drawn;
    const key = keyOf(data, doc.row);
    view = createRunView(doc, {
      tz,
      now,
      kernel,
      noPreviews: data.page.no_previews,
      names: state.names,
      logs,
      tab,
      pythonOf: (/** @type {string} */ name) => documentOf(...key, name),
      signal: viewEnd.signal,
      onPath: (path) => choosePath(doc.row, path),
      onColumn: showColumn,
      onTab: (name) => (tab = name),
      // Over a list there is a way back to the list.
      onNumbers: data.page.n > 1 && !place.closest(".arn-wb-open") ? chooseNone : null,
      canCompare,
      onCompare: () => compareWithLastSuccess(doc.row),
    });
    place.replaceChildren(view.element);
    // The tab stays, unless a path has come that nobody has been shown yet.
    view.reveal(state.path, state.path !== revealed);
    revealed = state.path;
  }

  /** Makes a column and shows it, which only the table does. @param {string} path @returns {string} why there is none, "" where there is */
  function showColumn(path) {
    const refusal = addColumn(store, path);
    if (!refusal) options.onView("table");
    return refusal;
  }

  /** Shows the numbers of all runs, to which the focus goes from the button that is gone. */
  function chooseNone() {
    options.onChoose([]);
    numbers.element.focus({ preventScroll: true });
  }

  /** Until when a run is known. @param {number} row */
  const nowOf = (row) => state.data.columns?.until[row] ?? state.data.page.now;

  /** What has ended is drawn the same whenever it was read. @param {import("../protocol.mjs").RunDoc} doc */
  function drawnOf(doc) {
    const ended = isTerminal(/** @type {string | null} */ (doc.fields.status));
    return JSON.stringify(ended ? { ...doc, fetched: null } : [doc, nowOf(doc.row)]);
  }

  /** Whether the last success before a failed run can be asked for; a file holds the answers for some. @param {import("../protocol.mjs").RunDoc} doc */
  function canCompare({ row, fields }) {
    const { failed } = describe(/** @type {string | null} */ (fields.status));
    const { n, last_success: held } = state.data.page;
    return failed && n > 1 && (!kernel.alone || held?.[row] !== undefined);
  }

  /** Newer records of some runs: the one on show is told of in its place. */
  function takeNewer() {
    const { looked, changed } = /** @type {import("../protocol.mjs").Renewed} */ (state.renewed);
    if (changed.length) docs = new Map(docs);
    for (const row of changed) docs.delete(row);
    const row = state.chosen[at];
    const isComparing = both.ariaPressed === "true";
    if (view && looked.includes(row)) void renewRun(row);
    if (isComparing && state.chosen.some((one) => changed.includes(one))) compare(true);
    renewNumbers();
  }

  /** @param {number} row */
  async function renewRun(row) {
    const current = view;
    try {
      const doc = await docOf(row);
      if (current !== view) return;
      shown = drawnOf(doc);
      current?.renew(doc, nowOf(row));
    } catch {
      // What was read before stays on show.
    }
  }

  /** A path that somebody else has chosen is shown. */
  function takePath() {
    if (state.path === revealed || !view) return;
    view.reveal(state.path);
    revealed = state.path;
  }

  /** A path leads into the first of the chosen runs, so the one on show becomes the first. @param {number} row @param {string} path */
  function choosePath(row, path) {
    if (first !== row) onOrder([row, ...state.chosen.filter((other) => other !== row)]);
    first = row;
    onPath((revealed = path));
  }

  /** @param {boolean} [isAgain] whether the two are compared already */
  function compare(isAgain) {
    both.ariaPressed = "true";
    compareBy(({ besideEachOther }, tools) => besideEachOther(state.chosen, tools), isAgain);
  }

  /** @param {number} row of a run that failed */
  function compareWithLastSuccess(row) {
    compareBy(({ besideLastSuccess }, tools) => besideLastSuccess(row, tools));
  }

  /** @param {(later: typeof import("./comparing.mjs"), tools: import("./comparing.mjs").Tools) => Promise<HTMLElement>} make @param {boolean} [isAgain] whether what is on show stays until the newer one is there */
  function compareBy(make, isAgain) {
    const { signal: current } = clear();
    async function beside(/** @type {(words: string) => void} */ onWait) {
      const { names } = state;
      return make(await kernel.later(), { kernel, knownOf, names, onBack: show, onWait });
    }
    void showing(current, beside, isAgain);
  }

  /** A run and until when it is known. @param {number} row */
  async function knownOf(row) {
    return { doc: await docOf(row), now: nowOf(row) };
  }

  /** The documents of a run, which are asked for where they are not here. @param {number} row @param {(words: string) => void} [onWait] @returns {Promise<import("../protocol.mjs").RunDoc>} */
  async function docOf(row, onWait) {
    const known = docs;
    const found = known.get(row);
    if (found) return found;
    const { answer, buffers } = await kernel.ask("run", { row }, onWait);
    const doc = await readJson(answer.doc, buffers);
    known.set(row, doc);
    return doc;
  }

  /** Shows what an answer of the kernel is made into, the run where that is null, or says why there is none. @param {AbortSignal} current @param {(onWait: (words: string) => void) => Promise<HTMLElement | null>} make @param {boolean} [isAgain] whether what is on show stays until then */
  async function showing(current, make, isAgain) {
    if (!isAgain) hint("Asking the kernel");
    const say = (/** @type {string} */ words) => void (current.aborted || isAgain || hint(words));
    try {
      const element = await make(say);
      if (current.aborted) return;
      if (!element) return show();
      // What a person has unfolded in a comparison stays so.
      const unfolded = place.querySelector(".arn-comparison > [open]");
      place.replaceChildren(element);
      if (unfolded) element.querySelector("details")?.setAttribute("open", "");
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  signal.addEventListener("abort", () => viewEnd.abort());
  store.watch(["data"], takeDocs, signal);
  store.watch(["data", "chosen"], takeChosen, signal);
  store.watch(["shown", "filter"], takeShown, signal);
  store.watch(["names", "groups"], renewNumbers, signal);
  store.watch(["renewed"], takeNewer, signal);
  store.watch(["tz"], () => view?.setZone(state.tz), signal);
  store.watch(["names"], () => view?.setNames(state.names), signal);
  store.watch(["path"], takePath, signal);
  takeDocs();
  show();
  return { element: h("div", {}, away, chooser, place) };
}
