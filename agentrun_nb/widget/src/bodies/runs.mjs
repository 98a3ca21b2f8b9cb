/** A page of many runs: the timeline, and under it the run that is chosen. */
import { button, h } from "../dom.mjs";
import { readJson } from "../bytes.mjs";
import { keyOf, rowsOf } from "../page.mjs";
import { RunView } from "../run/view.mjs";
import { createTimeline } from "../timeline.mjs";

const WINDOW_PAUSE_MS = 250;

export class RunsBody {
  #held;
  #context;
  #timeline;
  /** @type {number[]} */
  #rows = [];
  #at = 0;
  /** @type {Map<number, import("../protocol.mjs").RunDoc>} */
  #docs = new Map();
  /** @type {RunView | null} */
  #view = null;
  #viewEnd = new AbortController();
  #tz;
  #path = "";
  #windowTimer = 0;
  #chooser = h("div", "arn-chooser");
  #place = h("div", "arn-chosen");
  element;

  /** @param {import("../explorer.mjs").Held} held @param {import("../explorer.mjs").Context} context */
  constructor(held, context) {
    this.#held = held;
    this.#context = context;
    this.#tz = context.tz;
    for (const doc of held.docs ?? []) this.#docs.set(doc.row, doc);
    const stage = h("div", "arn-stage");
    this.element = h("div", "arn-runs", stage, this.#chooser, this.#place);
    this.#timeline = held.page.n === 0 ? null : createTimeline(stage, {
      onSelect: (rows) => this.#choose(rows), onWindow: (window) => this.#tellWindow(window), signal: context.signal,
    });
    context.signal.addEventListener("abort", () => this.#end(), { once: true });
    const { page, columns } = held;
    if (this.#timeline && columns) {
      this.#timeline.setData({ n: page.n, now: page.now, statuses: page.statuses, versions: page.versions, deployments: page.deployments, ...columns });
      this.#timeline.setZone(this.#tz);
    }
    this.#show();
  }

  /** @param {string} tz */
  setZone(tz) {
    this.#tz = tz;
    this.#timeline?.setZone(tz);
    this.#view?.setZone(tz);
  }

  /** @param {string} path */
  setPath(path) {
    this.#path = path;
    if (path) this.#view?.reveal(path);
  }

  /** @param {unknown} keys */
  setSelected(keys) {
    this.#rows = rowsOf(this.#held, keys);
    this.#at = 0;
    this.#timeline?.setSelected(this.#rows);
    this.#show();
  }

  /** @param {number[]} rows chosen on the timeline */
  #choose(rows) {
    this.#rows = rows;
    this.#at = 0;
    this.#context.traits.put("selected", rows.map((row) => keyOf(this.#held, row)));
    this.#show();
  }

  /** @param {number} by */
  #step(by) {
    this.#at = (this.#at + by + this.#rows.length) % this.#rows.length;
    this.#show();
  }

  #show() {
    this.#viewEnd.abort();
    this.#viewEnd = new AbortController();
    this.#view = null;
    this.#paintChooser();
    const row = this.#rows[this.#at];
    const doc = this.#docs.get(row);
    if (doc) this.#showRun(doc);
    else if (row === undefined) this.#place.replaceChildren(h("p", "arn-empty", this.#held.page.n === 0 ? "There are no runs to show." : "Choose a run on the timeline to see it here."));
    else void this.#fetch(row, this.#viewEnd.signal);
  }

  #paintChooser() {
    const { length } = this.#rows;
    this.#chooser.hidden = length < 2;
    this.#chooser.replaceChildren(
      button("‹", () => this.#step(-1), { "aria-label": "Previous chosen run" }),
      h("span", {}, `Run ${(this.#at + 1).toLocaleString("en")} of ${length.toLocaleString("en")} chosen`),
      button("›", () => this.#step(1), { "aria-label": "Next chosen run" }));
  }

  /** @param {import("../protocol.mjs").RunDoc} doc */
  #showRun(doc) {
    const onPath = (/** @type {string} */ path) => {
      this.#path = path;
      this.#context.traits.put("path", path);
    };
    this.#view = new RunView(doc, { tz: this.#tz, now: this.#held.page.now, signal: this.#viewEnd.signal, onPath });
    this.#place.replaceChildren(this.#view.element);
    if (this.#path) this.#view.reveal(this.#path);
  }

  /** @param {number} row @param {AbortSignal} signal */
  async #fetch(row, signal) {
    this.#place.replaceChildren(h("p", "arn-empty", "Asking the kernel for this run"));
    try {
      const { answer, buffers } = await this.#context.kernel.ask("run", { row });
      const doc = await readJson(answer.doc, buffers);
      this.#docs.set(row, doc);
      if (!signal.aborted) this.#showRun(doc);
    } catch (error) {
      if (!signal.aborted) this.#place.replaceChildren(h("p", "arn-empty", error instanceof Error ? error.message : String(error)));
    }
  }

  /** @param {object} window what is on the screen */
  #tellWindow(window) {
    clearTimeout(this.#windowTimer);
    this.#windowTimer = setTimeout(() => void this.#context.kernel.ask("window", window).catch(() => {}), WINDOW_PAUSE_MS);
  }

  #end() {
    clearTimeout(this.#windowTimer);
    this.#viewEnd.abort();
    this.#timeline?.destroy();
  }
}
