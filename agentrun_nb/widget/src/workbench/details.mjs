/** What is told of the chosen runs: one run whole, or two side by side. */
import { readJson } from "../kernel/bytes.mjs";
import { button, h } from "../base/dom.mjs";
import { documentOf } from "../json/python.mjs";
import { keyOf } from "../kernel/page.mjs";
import { toolbar } from "../base/roving.mjs";
import { addColumn } from "../runs/columns.mjs";
import { comparisonView } from "../run/comparison.mjs";
import { createLogSource } from "../run/log/source.mjs";
import { createRunView } from "../run/view.mjs";
import { isTerminal } from "../base/status.mjs";
import { formatCount } from "../base/numbers.mjs";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onChoose: (rows: number[]) => void, onPath: (path: string) => void}} options
 *   `onChoose` is told when another of the chosen runs has to be the first
 */
export function createDetails(store, { kernel, signal, onChoose, onPath }) {
  const { state } = store;
  let at = 0;
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
  /** @type {Map<number, import("../protocol.mjs").RunDoc>} */
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
  const place = h("div");
  const hint = (/** @type {string} */ words) => place.replaceChildren(h("p", "arn-hint", words));

  function takeDocs() {
    const { data } = state;
    docs = new Map((data.docs ?? []).map((doc) => [doc.row, doc]));
    if (!data.docs && data.page.n > 0 && !kernel.alone) void askForDocs(data);
  }

  /** Asks for all documents, after what is on the screen; those of a chosen run may come before. @param {import("../protocol.mjs").Held} data whose */
  async function askForDocs(data) {
    await new Promise((resolve) => setTimeout(resolve));
    try {
      const { answer, buffers } = await kernel.ask("docs");
      const read = answer.docs ? await readJson(answer.docs, buffers) : [];
      if (data !== state.data) return;
      for (const doc of read) if (!docs.has(doc.row)) docs.set(doc.row, doc);
    } catch {
      // Without them each run is asked for when it is chosen.
    }
  }

  function takeChosen() {
    at = 0;
    first = state.chosen[0] ?? -1;
    show();
  }

  /** @param {number} by */
  function step(by) {
    at = (at + by + state.chosen.length) % state.chosen.length;
    show();
  }

  function show() {
    const rows = state.chosen;
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
        state.data.page.n
          ? "Choose a run on the timeline to see it here."
          : "There are no runs to show.",
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
    const { data, tz } = state;
    const now = data.columns?.until[doc.row] ?? data.page.now;
    // What has ended is drawn the same whenever it was read.
    const ended = isTerminal(/** @type {string | null} */ (doc.fields.status));
    const drawn = JSON.stringify(ended ? { ...doc, fetched: null } : [doc, now]);
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
      onColumn: (path) => addColumn(store, path),
      onTab: (name) => (tab = name),
      onCompare: null,
    });
    place.replaceChildren(view.element);
    // The tab stays, unless a path has come that nobody has been shown yet.
    view.reveal(state.path, state.path !== revealed);
    revealed = state.path;
  }

  /** A path that somebody else has chosen is shown. */
  function takePath() {
    if (state.path === revealed || !view) return;
    view.reveal(state.path);
    revealed = state.path;
  }

  /** A path leads into the first of the chosen runs, so the one on show becomes the first. @param {number} row @param {string} path */
  function choosePath(row, path) {
    if (first !== row) onChoose([row, ...state.chosen.filter((other) => other !== row)]);
    first = row;
    onPath((revealed = path));
  }

  function compare() {
    both.ariaPressed = "true";
    const rows = state.chosen;
    const { data } = state;
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
  store.watch(["data"], takeDocs, signal);
  store.watch(["data", "chosen"], takeChosen, signal);
  store.watch(["tz"], () => view?.setZone(state.tz), signal);
  store.watch(["names"], () => view?.setNames(state.names), signal);
  store.watch(["path"], takePath, signal);
  takeDocs();
  show();
  return { element: h("div", {}, chooser, place) };
}
