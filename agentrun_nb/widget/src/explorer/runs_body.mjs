/** A page of many runs: the timeline, and under it the run that is chosen, or two runs side by side. */
import { readJson } from "../kernel/bytes.mjs";
import { button, h } from "../base/dom.mjs";
import { documentOf } from "../json/python.mjs";
import { keyOf, rowsOf } from "../kernel/page.mjs";
import { toolbar } from "../base/roving.mjs";
import { comparisonView } from "../run/comparison.mjs";
import { createRunView } from "../run/view.mjs";
import { isTerminal } from "../base/status.mjs";
import { createTimeline } from "../timeline/timeline.mjs";
import { formatCount } from "../base/numbers.mjs";

/** @typedef {import("./explorer.mjs").Held} Held */

/** @param {Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createRunsBody(data, { kernel, traits, tz, signal }) {
  /** @type {number[]} */
  let rows = [];
  let at = 0;
  /** The row that is the first of the selected ones for the kernel. */
  let first = -1;
  let path = "";
  /** @type {import("../run/view.mjs").RunView | null} */
  let view = null;
  let viewEnd = new AbortController();
  let shown = "";
  /** @type {Map<number, import("../protocol.mjs").RunDoc>} */
  let docs = new Map();
  const stage = h("div");
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
  const place = h("div");
  const timeline = createTimeline(stage, {
    onSelect: choose,
    onWindow: (window) => void kernel.ask("window", window).catch(() => {}),
    signal,
  });
  const hint = (/** @type {string} */ words) => place.replaceChildren(h("p", "arn-hint", words));

  /** Takes other data; the timeline keeps its window. @param {Held} newer */
  function update(newer) {
    const { page, columns } = (data = newer);
    docs = new Map((newer.docs ?? []).map((doc) => [doc.row, doc]));
    if (columns)
      timeline.setData({
        n: page.n,
        now: page.now,
        statuses: page.statuses,
        versions: page.versions,
        deployments: page.deployments,
        ...columns,
      });
    stage.hidden = page.n === 0;
  }

  /** @param {number[]} chosen on the timeline */
  function choose(chosen) {
    traits.put(
      "selected",
      chosen.map((row) => keyOf(data, row)),
    );
    take(chosen);
  }

  /** @param {number[]} chosen */
  function take(chosen) {
    rows = chosen;
    at = 0;
    first = chosen[0] ?? -1;
    show();
  }

  /** @param {number} by */
  function step(by) {
    at = (at + by + rows.length) % rows.length;
    show();
  }

  function show() {
    const doc = docs.get(rows[at]);
    chooser.hidden = rows.length < 2;
    both.hidden = rows.length !== 2 || kernel.alone;
    both.ariaPressed = "false";
    position.textContent = `Run ${formatCount(at + 1)} of ${formatCount(rows.length)} chosen`;
    if (doc) return showRun(doc);
    const { signal: current } = clear();
    if (rows.length)
      void request("run", { row: rows[at] }, "doc", current, (read) => {
        docs.set(rows[at], read);
        show();
      });
    else
      hint(
        data.page.n ? "Choose a run on the timeline to see it here." : "There are no runs to show.",
      );
  }

  /** Ends what is shown. @returns {AbortController} of what comes in its place */
  function clear() {
    viewEnd.abort();
    view = null;
    return (viewEnd = new AbortController());
  }

  /** A run that is as it was stays as it is, with all that was opened in it. @param {import("../protocol.mjs").RunDoc} doc */
  function showRun(doc) {
    const now = data.columns?.until[doc.row] ?? data.page.now;
    // What has ended is drawn the same whenever it was read.
    const ended = isTerminal(/** @type {string | null} */ (doc.fields.status));
    const state = JSON.stringify(ended ? { ...doc, fetched: null } : [doc, now]);
    if (view && state === shown) return;
    clear();
    shown = state;
    const key = keyOf(data, doc.row);
    const onPath = (/** @type {string} */ chosen) => {
      // A path leads into the first of the selected runs, so the one on show becomes the first.
      if (first !== doc.row)
        traits.put("selected", [
          key,
          ...rows.filter((row) => row !== doc.row).map((row) => keyOf(data, row)),
        ]);
      first = doc.row;
      traits.put("path", (path = chosen));
    };
    const pythonOf = (/** @type {string} */ name) => documentOf(...key, name);
    view = createRunView(doc, {
      tz,
      now,
      kernel,
      noPreviews: data.page.no_previews,
      pythonOf,
      signal: viewEnd.signal,
      onPath,
    });
    place.replaceChildren(view.element);
    view.reveal(path);
  }

  function compare() {
    both.ariaPressed = "true";
    const runs = rows.map((row) => ({
      id: keyOf(data, row)[1],
      status: data.page.statuses[data.columns?.status[row] ?? -1] ?? null,
    }));
    void request("compare", { rows }, "comparison", clear().signal, (read) =>
      place.replaceChildren(comparisonView(read, runs)),
    );
  }

  /** @param {"run" | "compare"} op @param {object} what @param {string} part of the answer @param {AbortSignal} current @param {(read: any) => void} take */
  async function request(op, what, part, current, take) {
    hint("Asking the kernel");
    try {
      const { answer, buffers } = await kernel.ask(
        op,
        what,
        (words) => current.aborted || hint(words),
      );
      const read = await readJson(answer[part], buffers);
      if (!current.aborted) take(read);
    } catch (error) {
      if (!current.aborted) hint(/** @type {Error} */ (error).message);
    }
  }

  signal.addEventListener("abort", () => viewEnd.abort());
  update(data);
  if (data.page.screen) timeline.setScreen(data.page.screen);
  timeline.setZone(tz);
  show();
  return {
    element: h("div", {}, stage, chooser, place),
    update,
    setZone(zone) {
      tz = zone;
      timeline.setZone(zone);
      view?.setZone(zone);
    },
    setPath(chosen) {
      path = chosen;
      view?.reveal(path);
    },
    setSelected(keys) {
      take(rowsOf(data, keys));
      timeline.setSelected(rows);
    },
  };
}
