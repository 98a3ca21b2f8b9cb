/** The second row of a page of many runs: the view, the statuses, and what narrows the runs down. */
import { button, h } from "../base/dom.mjs";
import { formatCount, partOf } from "../base/numbers.mjs";
import { toolbar } from "../base/roving.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { changed, rulesOf } from "../runs/rules.mjs";
import { tallies } from "../runs/tally.mjs";
import { createRuleChips } from "./rule_chips.mjs";

/** @typedef {import("../runs/filter.mjs").Filter} Filter */

/** How long nothing is typed, in ms, before runs are searched. */
const QUIET = 200;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{views: import("./views.mjs").View[], kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onView: (name: string) => void, onFilter: import("./filter_panel.mjs").Narrow}} options
 */
export function createRow(store, { views, kernel, signal, onView, onFilter }) {
  const { state } = store;
  const tabs = toolbar("View of the runs", "arn-tl-segments arn-wb-views");
  const chips = toolbar("Show runs by status", "arn-tl-segments arn-wb-statuses");
  chips.dataset.testid = "arn-wb-statuses";
  const search = createSearch(store, { signal, onFilter });
  const rules = createRuleChips(store, { signal, onFilter, onEmpty: () => opener.focus() });
  /** @type {ReturnType<typeof import("./filter_panel.mjs").createFilterPanel> | null} */
  let panel = null;
  const place = h("div");
  const opener = button(
    "+ Filter",
    () => (opener.ariaExpanded === "true" ? closePanel() : openPanel()),
    {
      "aria-expanded": "false",
      "aria-haspopup": "dialog",
      title: "Narrow the runs by deployment, version, mode, time, outputs or documents",
      "data-testid": "arn-wb-filter",
    },
  );
  const count = h("span", { role: "status" });
  const clear = button("Clear", clearAll, { class: "arn-link", title: "Show all runs again" });
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

  async function openPanel() {
    opener.ariaExpanded = "true";
    try {
      const opened = (panel ??= await makePanel());
      opened.open();
    } catch (error) {
      opener.ariaExpanded = "false";
      store.change({ remark: /** @type {Error} */ (error).message });
    }
  }

  async function makePanel() {
    const { createFilterPanel } = await kernel.later();
    const made = createFilterPanel(store, { kernel, signal, onFilter, onClose: closePanel });
    place.append(made.element);
    return made;
  }

  function closePanel() {
    panel?.close();
    opener.ariaExpanded = "false";
    opener.focus();
  }

  function clearAll() {
    void onFilter(null);
    // What was pressed goes away with the filter.
    search.element.focus();
  }

  /** Where chips of the rules have no room, their number stands on the button. */
  function writeOpener() {
    const { length } = rulesOf(state);
    opener.replaceChildren(
      length ? "Filter" : "+ Filter",
      ...(length ? [h("span", "arn-wb-rulecount", ` ${formatCount(length)}`)] : []),
    );
  }

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
  store.watch(["data", "renewed", "shown", "filter"], writeStatuses, signal);
  store.watch(["data", "renewed", "shown", "filter"], writeResult, signal);
  store.watch(["filter"], writeOpener, signal);
  writeViews();
  writeOpener();
  writeStatuses();
  writeResult();
  return {
    element: h(
      "div",
      { class: "arn-wb-row" },
      tabs,
      chips,
      opener,
      rules.element,
      search.element,
      result,
    ),
    panel: place,
    result,
    search: search.element,
  };
}

/** @param {Filter | null} filter @returns {Set<string | null>} */
function chosenStatuses(filter) {
  const statuses = filter?.status ?? [];
  return new Set(typeof statuses === "string" ? [statuses] : statuses);
}

/** @param {Filter | null} filter @param {(string | null)[]} statuses @returns {Filter | null} null where nothing narrows any more */
function withStatuses(filter, statuses) {
  const [first] = statuses;
  const status = statuses.length === 1 && first !== null ? first : statuses;
  return changed(filter ?? {}, { status: statuses.length ? status : undefined });
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
    const text = element.value;
    if (text === (state.filter?.text ?? "")) return;
    onFilter(changed(state.filter ?? {}, { text: text || undefined }));
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
    // What a person is typing is not taken from them.
    if (!element.matches(":focus")) element.value = state.filter?.text ?? "";
  };
  store.watch(["filter"], write, signal);
  signal.addEventListener("abort", () => clearTimeout(quiet));
  write();
  return { element };
}
