/** A page of many runs: what its views share with the kernel. */
import { describe } from "../base/status.mjs";
import { isoText } from "../base/times.mjs";
import { readCodes } from "../kernel/bytes.mjs";
import { keyOf, rowsOf } from "../kernel/page.mjs";
import { loadColumns } from "../runs/columns.mjs";
import { createStore, firstState } from "../runs/store.mjs";
import { groupingOf } from "../timeline/grouping.mjs";
import { createWorkbench } from "../workbench/workbench.mjs";
import { createNarrowing } from "./narrowing.mjs";

/** @typedef {import("./explorer.mjs").Held} Held */

/** So many keys of chosen runs are shared with the kernel; of more it is told the rows. */
const MOST_KEYS = 100;

/** @param {Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createRunsBody(data, { kernel, traits, tz, signal }) {
  const store = createStore(
    firstState(data, {
      view: traits.get("view") ?? "timeline",
      by: groupingOf(traits.get("by")),
      window: windowOf(traits.get("window")),
      names: new Map(Object.entries(data.page.names)),
      sort: traits.get("sort") ?? null,
      columns: traits.get("columns") ?? [],
      colour: data.page.screen?.colour ?? null,
      tz,
    }),
  );
  const { state } = store;

  /** @param {number[]} chosen by a person */
  function choose(chosen) {
    share(chosen);
    store.change({ chosen });
  }

  /** How many choices are on their way to the kernel, which says of each that it was made. */
  let pending = 0;
  /** The mark of the last choice that the kernel has and this page too. */
  let mark = -1;

  /** @param {number[]} rows */
  function share(rows) {
    if (kernel.alone || rows.length <= MOST_KEYS)
      traits.put(
        "selected",
        rows.map((row) => keyOf(state.data, row)),
      );
    else void shareMany(rows);
  }

  /** The keys of many runs would make a large message, and a large notebook. @param {number[]} rows */
  async function shareMany(rows) {
    pending++;
    try {
      ({ mark } = (await kernel.ask("select", { rows })).answer);
    } catch {
      // Without an answer the choice stays on this page.
    }
    pending--;
    takeSelected();
  }

  /** Takes what the kernel has chosen: keys of few runs, or how many they are, and then it is asked for their rows. */
  function takeSelected() {
    const selected = traits.get("selected");
    if (Array.isArray(selected)) store.change({ chosen: rowsOf(state.data, selected) });
    else if (!pending && selected && selected.mark !== mark) void askForChosen(selected.mark);
  }

  /** @param {number} asked the mark of the choice that is asked for */
  async function askForChosen(asked) {
    const { data } = state;
    try {
      const { answer, buffers } = await kernel.ask("selected");
      const rows = await readCodes(answer.rows, buffers);
      if (signal.aborted || data !== state.data || traits.get("selected").mark !== asked) return;
      mark = asked;
      store.change({ chosen: [...rows] });
    } catch {
      // Without an answer what was chosen before stays on show.
    }
  }

  /** @param {string} path chosen by a person */
  function choosePath(path) {
    traits.put("path", path);
    store.change({ path });
  }

  /** @param {import("../protocol.mjs").Grouping | null} by chosen by a person */
  function group(by) {
    traits.put("by", by);
    store.change({ by });
  }

  /** @param {string} view chosen by a person */
  function look(view) {
    traits.put("view", view);
    store.change({ view });
  }

  /** @param {number} row */
  function hasFailed(row) {
    const { page, columns } = state.data;
    return describe(page.statuses[columns?.status[row] ?? -1] ?? null).failed;
  }

  const narrowing = createNarrowing(store, { kernel, traits, signal });
  traits.watch("view", (view) => store.change({ view: String(view) }));
  // What the table is sorted by and its columns are set by its heads, and by the program.
  for (const name of /** @type {const} */ (["sort", "columns"])) {
    store.watch([name], () => traits.put(name, state[name]), signal);
    traits.watch(name, (value) => store.change({ [name]: value }));
  }
  loadColumns(store, { kernel, signal });
  /** @param {[number, number] | null} window that a person looks at; null: all */
  function lookAt(window) {
    if (isNear(window, state.window)) return;
    traits.put("window", window && window.map((at) => isoText(clampToDates(at))));
    store.change({ window });
  }

  /** What the kernel repeats of a window that came from here need not be shown again. @param {unknown} value */
  function takeWindow(value) {
    const window = windowOf(value);
    if (!isNear(window, state.window)) store.change({ window });
  }

  traits.watch("window", takeWindow);
  traits.watch("by", (by) => store.change({ by: groupingOf(by) }));
  const { element, corner, actions } = createWorkbench(store, {
    kernel,
    signal,
    onChoose: choose,
    onOrder: share,
    onPath: choosePath,
    onView: look,
    onGroup: group,
    onLook: lookAt,
    onFilter: narrowing.narrow,
    height: traits.get("height"),
  });
  return {
    element,
    corner,
    actions,
    saysNote: true,
    renew(renewed) {
      const rows = renewed.changed.length ? narrowing.renew() : state.shown;
      const isSame =
        rows.length === state.shown.length && rows.every((row, i) => row === state.shown[i]);
      store.change({ renewed, ...(isSame ? {} : { shown: rows }) });
      // A failure more may be one of a group, or the first of another.
      if (state.groups && Array.from(renewed.changed).some(hasFailed))
        store.change({ groups: null });
    },
    update(newer) {
      mark = -1;
      const chosen = rowsOf(newer, traits.get("selected"));
      const names = new Map(Object.entries(newer.page.names));
      store.change({ data: newer, names, shown: narrowing.rowsOf(newer), chosen, groups: null });
      narrowing.complete();
      takeSelected();
    },
    setZone: (zone) => store.change({ tz: zone }),
    setPath: (path) => store.change({ path }),
    setSelected: takeSelected,
    setNames: (names) => store.change({ names: new Map(names) }),
  };
}

/** @param {unknown} value two ISO texts, or null for all @returns {[number, number] | null | undefined} in ms since the epoch; undefined where there is no such value */
function windowOf(value) {
  if (!Array.isArray(value)) return value === null ? null : undefined;
  const [start, end] = value.map((text) => Date.parse(String(text)));
  return Number.isNaN(start + end) ? undefined : [start, end];
}

/** @typedef {[number, number] | null | undefined} Stretch */

const LAST_DATE = 8.64e15;

/** What a date can hold: the room beside the last run of all time reaches farther. @param {number} ms */
const clampToDates = (ms) => Math.max(-LAST_DATE, Math.min(LAST_DATE, ms));

/** Whether both are the same to the millisecond. @param {Stretch} a @param {Stretch} b */
function isNear(a, b) {
  if (!a || !b) return a === b;
  return Math.abs(a[0] - b[0]) <= 1 && Math.abs(a[1] - b[1]) <= 1;
}
