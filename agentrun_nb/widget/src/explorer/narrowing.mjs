/** The filter of a page of many runs: what the page itself can say of it is said at once, the rest the kernel answers. */
import { readCodes } from "../kernel/bytes.mjs";
import { filterRows } from "../runs/filter.mjs";

/** @typedef {import("../runs/filter.mjs").Filter} Filter */

/** What a file has to say of rules that it cannot follow. @type {Partial<Record<keyof Filter, string>>} */
const ALONE = {
  text: "Long reasons are cut in this file, and only their beginnings are searched.",
};
const NEEDS_KERNEL =
  "This file has no kernel, and rules on documents, outputs or groups of failures need one.";
const ASKED = "The kernel is looking.";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, traits: import("../kernel/traits.mjs").Traits, signal: AbortSignal}} options
 */
export function createNarrowing(store, { kernel, traits, signal }) {
  const { state } = store;
  /** The last filter is the one that counts, however late the answer about another one comes. */
  let turn = 0;

  /** @param {Filter | null} filter @param {import("../runs/store.mjs").Held} [data] */
  function answered(filter, data = state.data) {
    // Of other data the groups are not known yet.
    const groups = data === state.data ? state.groups : null;
    return filterRows(filter, { ...state, data, groups });
  }

  /**
   * Takes a filter that a person set.
   * @param {Filter | null} filter
   * @returns {Promise<string>} the kernel's sentence where it takes no such filter, and all stays as it was; else ""
   */
  async function narrow(filter) {
    const refusal = await take(filter);
    if (!refusal) traits.put("filter", filter);
    return refusal;
  }

  /** @param {Filter | null} filter @returns {Promise<string>} why it is not taken, "" where it is */
  async function take(filter) {
    const own = ++turn;
    const { rows, unanswered } = answered(filter);
    if (!unanswered.length || kernel.alone) {
      store.change({ filter, shown: rows, remark: remarkOf(unanswered) });
      return "";
    }
    store.change({ remark: ASKED });
    try {
      const shown = await ask(filter);
      if (shown && own === turn) store.change({ filter, shown, remark: "" });
      return "";
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      if (own === turn) store.change({ remark: message });
      return message;
    }
  }

  /** @param {Filter | null} filter @returns {Promise<Uint32Array | null>} the rows; null where they are of data that is gone */
  async function ask(filter) {
    const { data } = state;
    const { answer, buffers } = await kernel.ask("shown", { filter });
    const rows = await readCodes(answer.rows, buffers);
    return signal.aborted || data !== state.data ? null : rows;
  }

  /** What is learned of names and groups may let other runs through. */
  function renew() {
    const { filter } = state;
    if (filter && ("text" in filter || "failure" in filter)) void take(filter);
  }

  /** What the program sets; what the kernel repeats of this page is known. @param {Filter | null} filter */
  function takeTrait(filter) {
    if (JSON.stringify(filter ?? null) !== JSON.stringify(state.filter)) void take(filter ?? null);
  }

  store.watch(["names", "groups"], renew, signal);
  traits.watch("filter", takeTrait);
  void take(traits.get("filter") ?? null);
  return {
    narrow,
    /**
     * The rows of other data that are shown, as far as the page can say it at once.
     * @param {import("../runs/store.mjs").Held} data
     */
    rowsOf: (data) => answered(state.filter, data).rows,
    /** The rows that are shown after some of the data was renewed; those of before where the kernel has to be asked. */
    renew() {
      const { rows, unanswered } = answered(state.filter);
      if (!unanswered.length || kernel.alone) return rows;
      void take(state.filter);
      return state.shown;
    },
    /** Asks the kernel about other data, where the page cannot say all of it. */
    complete() {
      if (answered(state.filter).unanswered.length) void take(state.filter);
    },
  };
}

/** @param {(keyof Filter)[]} unanswered by a file */
function remarkOf(unanswered) {
  const [key] = unanswered;
  return key ? (ALONE[key] ?? NEEDS_KERNEL) : "";
}
