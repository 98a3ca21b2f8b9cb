/** The first row of a page of many runs: what is shown, in a sentence, and what can be done with all of it. */
import { button, h } from "../base/dom.mjs";
import { countOf } from "../base/numbers.mjs";
import { stretchWords } from "../base/stretch.mjs";
import { visible } from "../base/text.mjs";
import { isZone } from "../base/times.mjs";

const LAST_DATE = 8.64e15;
/** What the report of a fetch begins with, and the sentence says already: how many runs came, from where, how fast. */
const AMOUNT = /^[\d,]+ [^;,]*, /;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{signal: AbortSignal, onBack: () => void, onHelp: () => void}} options `onBack` leads from a run to the list
 */
export function createHead(store, { signal, onBack, onHelp }) {
  const { state } = store;
  const count = h("b");
  const scope = h("span", "arn-wb-scope");
  const verdict = h("span");
  const sentence = h(
    "p",
    { class: "arn-wb-sentence", "data-testid": "arn-wb-sentence" },
    count,
    scope,
    verdict,
  );
  const actions = h("div", "arn-wb-actions");
  const back = button("‹ Runs", onBack, {
    class: "arn-link arn-wb-back",
    title: "Back to the runs",
  });
  const help = button("?", onHelp, {
    "aria-label": "Help: keys and gestures",
    title: "Keys and gestures (?)",
    "data-testid": "arn-wb-help",
  });

  function write() {
    const { page } = state.data;
    count.textContent = countOf(page.n);
    scope.textContent = [of(page.deployments.length), span()].join("");
    const note = visible(page.note).replace(AMOUNT, "").replace(/\.$/, "");
    verdict.textContent = note && ` · ${note}`;
    verdict.classList.toggle("arn-warning", note.startsWith("NOT"));
  }

  /** From the first run to the newest look at one, in words. */
  function span() {
    const { page, columns } = state.data;
    const { first, last } = edges(columns);
    if (!(first <= last)) return "";
    const zone = isZone(state.tz) ? state.tz : "UTC";
    return ` · ${stretchWords(first, last, zone, Math.max(page.now, last))}`;
  }

  store.watch(["data", "tz"], write, signal);
  write();
  return {
    element: h("div", { class: "arn-wb-head" }, back, sentence, actions, help),
    /** Where further actions go. */
    actions,
    back,
  };
}

/** @param {number} deployments @returns {string} */
const of = (deployments) => (deployments > 1 ? ` of ${countOf(deployments, "deployment")}` : "");

/** When the first run was created, and when the last thing happened that is recorded. @param {import("../protocol.mjs").Columns | null} columns */
function edges(columns) {
  let [first, last] = [Infinity, -Infinity];
  for (const at of columns?.created ?? []) if (at < first && at >= -LAST_DATE) first = at;
  for (const times of [columns?.created, columns?.started, columns?.completed])
    for (const at of times ?? []) if (at > last && at <= LAST_DATE) last = at;
  return { first, last };
}
