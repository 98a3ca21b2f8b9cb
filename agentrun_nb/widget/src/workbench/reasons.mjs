/** Why runs failed: groups of what is the same about their failures, each a filter. */
import { button, h } from "../base/dom.mjs";
import { countOf, formatCount } from "../base/numbers.mjs";
import { LOOKS } from "../base/status.mjs";
import { visible } from "../base/text.mjs";
import { readCodes } from "../kernel/bytes.mjs";

/** @typedef {import("../runs/store.mjs").Groups} Groups */

/** So many groups are seen at first. */
const FEW = 8;
const ASKED = "The kernel sorts the failures by their reasons.";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onFilter: (filter: import("../runs/filter.mjs").Filter | null) => void}} options
 */
export function createReasons(store, { kernel, signal, onFilter }) {
  const { state } = store;
  const title = h("b");
  const hint = h("p", { class: "arn-dim", role: "status" });
  const list = h("ol", "arn-nums-groups");
  const more = button("", () => write(true), { class: "arn-link" });
  const element = h(
    "section",
    { "data-testid": "arn-wb-reasons" },
    h("div", "arn-nums-title", title),
    list,
    more,
    hint,
  );
  /** @type {ArrayLike<number> & Iterable<number>} */
  let rows = [];
  let failed = 0;
  /** The data whose groups were asked for. */
  let requested = /** @type {object | null} */ (null);

  /** @param {boolean} all whether all groups are seen */
  function write(all) {
    const counted = state.groups ? countGroups(state.groups, rows) : [];
    const seen = all ? counted : counted.slice(0, FEW);
    const largest = counted[0]?.count ?? 1;
    list.replaceChildren(...seen.map((one) => h("li", {}, groupButton(one, largest))));
    const unseen = counted.length - seen.length;
    more.hidden = unseen === 0;
    more.textContent = unseen ? `and ${countOf(unseen, "more reason")}` : "";
    const others = failed - counted.reduce((sum, { count }) => sum + count, 0);
    if (state.groups) hint.textContent = others > 0 ? `${countOf(others)} of rarer reasons` : "";
  }

  /** @param {{fingerprint: string, count: number}} group @param {number} largest */
  function groupButton({ fingerprint, count }, largest) {
    const isOn = state.filter?.failure === fingerprint;
    const bar = h("span", "arn-nums-bar");
    bar.style.borderColor = `var(${LOOKS.find((look) => look.failed)?.color})`;
    bar.style.width = `${(100 * count) / largest}%`;
    const choice = button("", () => toggle(fingerprint), {
      class: "arn-nums-group",
      "aria-pressed": String(isOn),
      title: isOn ? "Show all runs again" : "Show only these runs",
    });
    choice.append(
      h("b", {}, formatCount(count)),
      h("span", "arn-nums-reason", visible(fingerprint) || "(no reason)"),
      bar,
    );
    return choice;
  }

  /** @param {string} fingerprint */
  function toggle(fingerprint) {
    const { failure, ...others } = state.filter ?? {};
    if (failure !== fingerprint) return onFilter({ ...others, failure: fingerprint });
    onFilter(Object.keys(others).length ? others : null);
  }

  /** Asks once for the same data. */
  async function ask() {
    const { data } = state;
    if (requested === data) return;
    requested = data;
    hint.textContent = ASKED;
    try {
      const { answer, buffers } = await kernel.ask("groups", {}, say);
      const codes = await readCodes(answer.codes, buffers);
      if (!signal.aborted && data === state.data)
        store.change({ groups: { codes, list: answer.list } });
      requested = null;
    } catch (error) {
      say(/** @type {Error} */ (error).message);
    }
  }

  /** @param {string} words */
  function say(words) {
    if (!signal.aborted) hint.textContent = words;
  }

  /** A filter by a reason needs the groups, whether or not the reasons are on the screen. */
  function askForFilter() {
    if (state.filter?.failure !== undefined && !state.groups) void ask();
  }

  store.watch(["data", "filter"], askForFilter, signal);
  return {
    element,
    /** @param {ArrayLike<number> & Iterable<number>} ofRows @param {number} failures how many of them failed */
    show(ofRows, failures) {
      [rows, failed] = [ofRows, failures];
      element.hidden = failed === 0;
      title.textContent = `Why ${formatCount(failed)} failed`;
      if (failed && !state.groups) void ask();
      write(false);
    },
  };
}

/** @param {Groups} groups @param {ArrayLike<number> & Iterable<number>} rows @returns {{fingerprint: string, count: number}[]} the largest first */
function countGroups({ codes, list }, rows) {
  const counts = new Uint32Array(list.length);
  for (const row of rows) if (codes[row] < list.length) counts[codes[row]]++;
  return list
    .map(({ fingerprint }, code) => ({ fingerprint, count: counts[code] }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count);
}
