/** The second row of a page of many runs: the view, the statuses, and what narrows the runs down. */
import { button, h } from "../base/dom.mjs";
import { formatCount, partOf } from "../base/numbers.mjs";
import { toolbar } from "../base/roving.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { tallies } from "../runs/tally.mjs";

/** @typedef {import("../runs/filter.mjs").Filter} Filter */

/** How long nothing is typed, in ms, before runs are searched. */
const QUIET = 200;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{views: import("./views.mjs").View[], signal: AbortSignal, onView: (name: string) => void, onFilter: (filter: Filter | null) => void}} options
 */
export function createRow(store, { views, signal, onView, onFilter }) {
  const { state } = store;
  const tabs = toolbar("View of the runs", "arn-tl-segments arn-wb-views");
  const chips = toolbar("Show runs by status", "arn-tl-segments arn-wb-statuses");
  chips.dataset.testid = "arn-wb-statuses";
  const search = createSearch(store, { signal, onFilter });
  const count = h("span", { role: "status" });
  const clear = button("Clear", () => onFilter(null), {
    class: "arn-link",
    title: "Show all runs again",
  });
  const result = h(
    "span",
    { class: "arn-wb-result", "data-testid": "arn-wb-result" },
    count,
    clear,
  );

  for (const { name, label, title } of views)
    tabs.append(button(label, () => onView(name), { "aria-pressed": "false", title }));
  // One way to look at runs leaves no choice.
  tabs.hidden = views.length < 2;

  function writeViews() {
    views.forEach(({ name }, i) =>
      tabs.children[i].setAttribute("aria-pressed", String(name === state.view)),
    );
  }

  /** The chips stay while there are the same statuses, since one of them may have the focus. */
  let drawn = "";
  function writeStatuses() {
    const found = tallies(state);
    const key = JSON.stringify(found.map(({ status, unread }) => [status, unread]));
    if (key !== drawn) chips.replaceChildren(...found.map((one) => chip(one, toggle)));
    drawn = key;
    const pressed = chosenStatuses(state.filter);
    found.forEach(({ status, all, shown }, i) => {
      const element = /** @type {HTMLElement} */ (chips.children[i]);
      element.setAttribute("aria-pressed", String(pressed.has(status)));
      const words = /** @type {HTMLElement} */ (element.querySelector(".arn-wb-count"));
      words.textContent = partOf(shown, all);
    });
  }

  /** @param {string | null} status */
  function toggle(status) {
    const chosen = chosenStatuses(state.filter);
    if (!chosen.delete(status)) chosen.add(status);
    onFilter(withStatuses(state.filter, [...chosen]));
  }

  function writeResult() {
    const { n } = state.data.page;
    result.hidden = state.filter === null;
    count.textContent = result.hidden
      ? ""
      : `${formatCount(state.shown.length)} of ${formatCount(n)} shown`;
  }

  store.watch(["view"], writeViews, signal);
  store.watch(["data", "shown", "filter"], writeStatuses, signal);
  store.watch(["data", "shown", "filter"], writeResult, signal);
  writeViews();
  writeStatuses();
  writeResult();
  return {
    element: h("div", { class: "arn-wb-row" }, tabs, chips, search.element, result),
  };
}

/** @param {Filter | null} filter @returns {Set<string | null>} */
function chosenStatuses(filter) {
  const statuses = filter?.status ?? [];
  return new Set(typeof statuses === "string" ? [statuses] : statuses);
}

/** @param {Filter | null} filter @param {(string | null)[]} statuses @returns {Filter | null} null where nothing narrows any more */
function withStatuses(filter, statuses) {
  const { status: _, ...others } = filter ?? {};
  const [first] = statuses;
  if (statuses.length === 1 && first !== null) return { ...others, status: first };
  if (statuses.length) return { ...others, status: statuses };
  return Object.keys(others).length ? others : null;
}

/** @param {import("../runs/tally.mjs").Tally} tally @param {(status: string | null) => void} toggle */
function chip({ status, unread }, toggle) {
  const element = button("", () => toggle(status), {
    class: "arn-button arn-wb-chip",
    title: "Show only runs of this status; press again to show the others too",
  });
  const label = unread ? "not read" : describe(status).label;
  element.append(
    statusMark(status),
    h("span", "arn-wb-count"),
    h("span", "arn-wb-word", ` ${label}`),
  );
  return element;
}

/** @param {import("../runs/store.mjs").Store} store @param {{signal: AbortSignal, onFilter: (filter: Filter | null) => void}} options */
function createSearch(store, { signal, onFilter }) {
  const { state } = store;
  const element = h("input", {
    type: "search",
    class: "arn-wb-search",
    placeholder: "id, name, reason",
    "aria-label": "Search runs by id, name, version or reason",
    title: "Search runs by id, name, version or reason (/)",
    maxlength: "2000",
    spellcheck: "false",
  });
  let quiet = 0;

  function search() {
    clearTimeout(quiet);
    const { text: _, ...others } = state.filter ?? {};
    const text = element.value;
    if (text === (state.filter?.text ?? "")) return;
    if (text) onFilter({ ...others, text });
    else onFilter(Object.keys(others).length ? others : null);
  }

  element.addEventListener("input", () => {
    clearTimeout(quiet);
    quiet = setTimeout(search, QUIET);
  });
  element.addEventListener("keydown", (event) => {
    if (event.key === "Enter") search();
    if (event.key !== "Escape" || !element.value) return;
    event.preventDefault();
    element.value = "";
    search();
  });
  const write = () => {
    if (element.ownerDocument.activeElement !== element) element.value = state.filter?.text ?? "";
  };
  store.watch(["filter"], write, signal);
  signal.addEventListener("abort", () => clearTimeout(quiet));
  write();
  return { element };
}
