/** A page of many runs: the timeline, and under it the run that is chosen. */
import { readJson } from "../bytes.mjs";
import { button, h } from "../dom.mjs";
import { keyOf, rowsOf } from "../page.mjs";
import { createRunView } from "../run/view.mjs";
import { formatCount } from "../scale.mjs";
import { createTimeline } from "../timeline.mjs";

/** @param {import("../explorer.mjs").Held} held @param {import("../explorer.mjs").Context} context @returns {import("../explorer.mjs").Body} */
export function createRunsBody(held, { kernel, traits, tz, signal }) {
  const { page, columns } = held;
  /** @type {number[]} */
  let rows = [];
  let at = 0;
  let path = "";
  /** @type {import("../run/view.mjs").RunView | null} */
  let view = null;
  let viewEnd = new AbortController();
  const docs = new Map((held.docs ?? []).map((doc) => [doc.row, doc]));
  const stage = h("div");
  const chooser = h("div", "arn-line-up");
  const place = h("div");
  const timeline = createTimeline(stage, { onSelect: choose, onWindow: (window) => void kernel.ask("window", window).catch(() => {}), signal });
  const hint = (/** @type {string} */ words) => place.replaceChildren(h("p", "arn-hint", words));

  /** @param {number[]} chosen on the timeline */
  function choose(chosen) {
    traits.put("selected", chosen.map((row) => keyOf(held, row)));
    take(chosen);
  }

  /** @param {number[]} chosen */
  function take(chosen) {
    rows = chosen;
    at = 0;
    show();
  }

  /** @param {number} by */
  function step(by) {
    at = (at + by + rows.length) % rows.length;
    show();
  }

  function show() {
    viewEnd.abort();
    viewEnd = new AbortController();
    view = null;
    chooser.hidden = rows.length < 2;
    chooser.replaceChildren(
      button("‹", () => step(-1), { "aria-label": "Previous chosen run" }),
      `Run ${formatCount(at + 1)} of ${formatCount(rows.length)} chosen`,
      button("›", () => step(1), { "aria-label": "Next chosen run" }));
    const doc = docs.get(rows[at]);
    if (doc) showRun(doc);
    else if (rows.length) void request(rows[at], viewEnd.signal);
    else hint(page.n ? "Choose a run on the timeline to see it here." : "There are no runs to show.");
  }

  /** @param {import("../protocol.mjs").RunDoc} doc */
  function showRun(doc) {
    const onPath = (/** @type {string} */ chosen) => traits.put("path", (path = chosen));
    view = createRunView(doc, { tz, now: page.now, signal: viewEnd.signal, onPath });
    place.replaceChildren(view.element);
    view.reveal(path);
  }

  /** @param {number} row @param {AbortSignal} current */
  async function request(row, current) {
    hint("Asking the kernel for this run");
    try {
      const { answer, buffers } = await kernel.ask("run", { row });
      docs.set(row, await readJson(answer.doc, buffers));
      if (!current.aborted) show();
    } catch (error) {
      if (!current.aborted) hint(/** @type {Error} */ (error).message);
    }
  }

  signal.addEventListener("abort", () => viewEnd.abort());
  if (columns) timeline.setData({ n: page.n, now: page.now, statuses: page.statuses, versions: page.versions, deployments: page.deployments, ...columns });
  timeline.setZone(tz);
  stage.hidden = page.n === 0;
  show();
  return {
    element: h("div", {}, stage, chooser, place),
    setZone(zone) {
      tz = zone;
      timeline.setZone(zone);
      view?.setZone(zone);
    },
    setPath(wanted) {
      path = wanted;
      view?.reveal(path);
    },
    setSelected(keys) {
      take(rowsOf(held, keys));
      timeline.setSelected(rows);
    },
  };
}
