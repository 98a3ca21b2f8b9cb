/** A page of many runs, put together: two rows, the picture, the details of what is chosen; a list where it is narrow. */
import { button, h } from "../base/dom.mjs";
import { countOf } from "../base/numbers.mjs";
import { emptyWords } from "../timeline/words.mjs";
import { visible } from "../base/text.mjs";
import { createDetails } from "./details.mjs";
import { createHead } from "./head.mjs";
import { createList } from "./list.mjs";
import { createRow } from "./row.mjs";
import { VIEWS } from "./views.mjs";

/** Few runs stand in rows, and need less height. */
const MOST_ROWS = 30;
/** From so many pixels of width on, all that narrows the runs stands in one row. */
const WIDE = 1000;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {object} options
 * @param {import("../kernel/requests.mjs").Kernel} options.kernel
 * @param {AbortSignal} options.signal
 * @param {(rows: number[]) => void} options.onChoose  a person chose rows
 * @param {(rows: number[]) => void} options.onOrder  another of the chosen runs has to be the first
 * @param {(path: string) => void} options.onPath
 * @param {(name: string) => void} options.onView
 * @param {(by: import("../protocol.mjs").Grouping | null) => void} options.onGroup
 * @param {import("./filter_panel.mjs").Narrow} options.onFilter
 * @param {unknown} options.height  as the program set it
 * @param {(window: [number, number] | null) => void} options.onLook
 */
export function createWorkbench(store, options) {
  const { kernel, signal, onChoose, onOrder, onPath, onView, onGroup, onLook, onFilter } = options;
  const { state } = store;
  /** @type {Promise<ReturnType<typeof import("./help.mjs").createHelp>> | null} */
  let help = null;
  const head = createHead(store, { kernel, signal, onBack: closeRun, onHelp: openHelp });
  const row = createRow(store, { views: VIEWS, kernel, signal, onView, onFilter });
  const list = createList(store, { signal, onOpen: openRun });
  const details = createDetails(store, {
    kernel,
    signal,
    onChoose,
    onOrder,
    onFilter,
    onPath,
    onView,
  });
  const stage = h("div", { class: "arn-wb-stage", "data-testid": "arn-wb-stage" });
  const nothing = h("p", "arn-wb-nothing");
  const remark = h("p", { class: "arn-wb-remark", role: "status" });
  /** Where the choice of the zone is; it goes with the view that is on the screen. */
  const corner = h("span", "arn-wb-corner");
  const pane = h(
    "div",
    { class: "arn-wb-details", "data-testid": "arn-wb-details" },
    details.element,
  );
  const element = h(
    "div",
    { class: "arn-workbench", "data-testid": "arn-workbench" },
    head.element,
    row.element,
    h("div", "arn-wb-body", h("div", "arn-wb-picture", stage, nothing), list.element, pane),
    row.panel,
    remark,
  );
  const given = heightOf(options.height);
  if (given) element.style.setProperty("--arn-wb-height", given);
  /** The views that were looked at, by name; the others are made when they are. @type {Map<string, {element: HTMLElement, corner: HTMLElement}>} */
  const made = new Map();

  /** Where the view on the screen has the choice of the zone. @type {HTMLElement} */
  let place = stage;

  const chosenView = () => VIEWS.find(({ name }) => name === state.view) ?? VIEWS[0];

  /** Makes the view that is chosen, unless it is there; its code may have to be fetched first. */
  async function openView() {
    const view = chosenView();
    const options = { kernel, signal, onChoose, onGroup, onLook, onFilter };
    try {
      const created = made.get(view.name) ?? view.create(store, options);
      const shown = created instanceof Promise ? await created : created;
      // Another may have been opened meanwhile, or this one from two places at once.
      if (signal.aborted || view !== chosenView()) return;
      showView(view, made.get(view.name) ?? shown);
    } catch (error) {
      store.change({ remark: /** @type {Error} */ (error).message });
    }
  }

  /** @param {import("./views.mjs").View} view @param {import("./views.mjs").Made} shown */
  function showView(view, shown) {
    if (!made.has(view.name)) stage.append(h("div", "arn-wb-view", shown.element));
    made.set(view.name, shown);
    for (const [name, { element: other }] of made)
      /** @type {HTMLElement} */ (other.parentElement).hidden = name !== view.name;
    place = shown.corner;
    placeCorner();
  }

  /** Where there is no room for a picture, the list has the choice of the zone. */
  function placeCorner() {
    const isNarrow = element.clientWidth > 0 && list.element.clientWidth > 0;
    const there = isNarrow ? list.element : place;
    if (corner.parentElement !== there) there.append(corner);
  }

  /** Where nothing is to be seen says why, and leads on; else reserves height for the rows. */
  function showWhetherEmpty() {
    const { n } = state.data.page;
    const isNothing = state.shown.length === 0;
    element.classList.toggle("arn-wb-none", isNothing);
    element.classList.toggle("arn-wb-empty", n === 0);
    nothing.hidden = !isNothing;
    const clear = button("Clear", () => onFilter(null), { class: "arn-link" });
    nothing.replaceChildren(
      ...(n ? [`None of ${countOf(n)} passes the filter. `, clear] : [emptyWords(0, 0)]),
    );
    const rows = Math.min(state.shown.length || MOST_ROWS, MOST_ROWS);
    element.style.setProperty("--arn-wb-rows", String(rows));
  }

  function showChosen() {
    element.classList.toggle("arn-wb-chosen", state.chosen.length > 0);
    if (!state.chosen.length) closeRun();
  }

  /** Where there is a list only, the run that was tapped stands over it. @param {number} row */
  function openRun(row) {
    element.classList.add("arn-wb-open");
    onChoose([row]);
    head.back.focus();
  }

  function closeRun() {
    if (!element.classList.contains("arn-wb-open")) return;
    element.classList.remove("arn-wb-open");
    list.focus(state.chosen[0]);
  }

  /** Where the second row is short of room, the first says how many runs are shown. */
  function placeResult() {
    const isShort = element.clientWidth < WIDE;
    const there = isShort ? head.element : row.element;
    if (row.result.parentElement === there) return;
    if (isShort) head.actions.before(row.result);
    else there.append(row.result);
  }

  function showRemark() {
    remark.textContent = visible(state.remark);
  }

  async function openHelp() {
    help ??= makeHelp();
    try {
      (await help).open();
    } catch (error) {
      // A sheet that could not be fetched is tried anew at the next press.
      help = null;
      store.change({ remark: /** @type {Error} */ (error).message });
    }
  }

  async function makeHelp() {
    const made = (await kernel.later()).createHelp(store);
    element.append(made.element);
    return made;
  }

  /** @param {KeyboardEvent} event */
  function press(event) {
    const { key, target, altKey, ctrlKey, metaKey } = event;
    const types = /** @type {Element} */ (target).matches("input, select, textarea");
    if (key === "Escape" && !types && element.classList.contains("arn-wb-open")) {
      event.stopPropagation();
      return closeRun();
    }
    if (types || altKey || ctrlKey || metaKey || (key !== "?" && key !== "/")) return;
    event.preventDefault();
    event.stopPropagation();
    if (key === "?") void openHelp();
    else row.search.focus();
  }

  const resized = new ResizeObserver(() => {
    placeCorner();
    placeResult();
  });
  resized.observe(list.element);
  resized.observe(element);
  element.addEventListener("keydown", press);
  signal.addEventListener("abort", () => resized.disconnect());
  store.watch(["view"], () => void openView(), signal);
  store.watch(["data", "shown"], showWhetherEmpty, signal);
  store.watch(["chosen"], showChosen, signal);
  store.watch(["remark"], showRemark, signal);
  void openView();
  showWhetherEmpty();
  showChosen();
  showRemark();
  return {
    element,
    corner,
    actions: head.actions,
  };
}

const HEIGHT = /^\d+(?:\.\d+)?(?:px|em|rem|vh|lh)$/;

/** @param {unknown} height a number of pixels, or a length as style sheets have it @returns {string} "" where it is neither */
function heightOf(height) {
  if (typeof height === "number" && height > 0) return `${height}px`;
  return typeof height === "string" && HEIGHT.test(height) ? height : "";
}
