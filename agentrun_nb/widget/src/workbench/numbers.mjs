/** Many runs in numbers: how many failed and why, how long they took, and the runs that stand out, each one click away. */
import { button, h, meanings } from "../base/dom.mjs";
import { countOf, formatCount, percent, runsOf } from "../base/numbers.mjs";
import { ageWords, duration } from "../base/times.mjs";
import { visible } from "../base/text.mjs";
import { nameOfRow } from "../runs/names.mjs";
import { numbersOf } from "../runs/numbers.mjs";
import { createReasons } from "./reasons.mjs";

/**
 * @typedef {import("../runs/numbers.mjs").Numbers} Numbers
 * @typedef {import("../runs/numbers.mjs").Times} Times
 * @typedef {import("../runs/store.mjs").State} State
 */

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {object} options
 * @param {import("../kernel/requests.mjs").Kernel} options.kernel
 * @param {AbortSignal} options.signal
 * @param {(rows: number[]) => void} options.onChoose  a person chose rows
 * @param {(filter: import("../runs/filter.mjs").Filter | null) => void} options.onFilter
 */
export function createNumbers(store, { kernel, signal, onChoose, onFilter }) {
  const { state } = store;
  const title = h("b");
  const facts = h("dl", "arn-nums-facts");
  const reasons = createReasons(store, { kernel, signal, onFilter });
  const element = h(
    "div",
    { class: "arn-nums", tabindex: "-1", "data-testid": "arn-wb-numbers" },
    h("section", {}, h("div", "arn-nums-title", title), facts),
    reasons.element,
  );
  let frame = 0;
  let timer = 0;
  signal.addEventListener("abort", forget);

  function forget() {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  }

  /** Counts when the picture is on the screen, which is what a person looks at. @param {boolean} ofChosen whether the chosen runs are counted, and not those shown */
  function show(ofChosen) {
    forget();
    // What is done in a frame is still before its painting.
    frame = requestAnimationFrame(() => (timer = setTimeout(write, 0, ofChosen)));
  }

  /** @param {boolean} ofChosen */
  function write(ofChosen) {
    // A run may have been chosen meanwhile.
    if (!element.isConnected) return;
    const rows = ofChosen ? state.chosen : state.shown;
    const numbers = numbersOf(state.data, rows);
    title.textContent = headline(state, ofChosen);
    const lines = rows.length ? linesOf(state, numbers, onChoose) : [];
    facts.replaceChildren(
      ...lines.flatMap(([name, ...words]) => [h("dt", {}, name), h("dd", {}, ...words)]),
    );
    reasons.show(rows, numbers.failed);
  }

  return { element, show };
}

/** @param {State} state @param {boolean} ofChosen @returns {string} what the numbers are of */
function headline({ data, shown, chosen }, ofChosen) {
  if (ofChosen) return `The ${countOf(chosen.length)} chosen`;
  if (shown.length === data.page.n) return `${countOf(shown.length)} in all`;
  return `The ${runsOf(shown.length, data.page.n)} shown`;
}

/**
 * @param {State} state @param {Numbers} numbers @param {(rows: number[]) => void} onChoose
 * @returns {[name: string, ...words: import("../base/dom.mjs").Child[]][]}
 */
function linesOf(state, numbers, onChoose) {
  const { failed, judged, failure, before, after } = numbers;
  const { lastFailure, longest, longestWait } = numbers;
  /** @type {[string, ...import("../base/dom.mjs").Child[]][]} */
  const lines = [
    ["failures", ...failedWords(failed, judged, failure)],
    ["after start", ...timesWords(after)],
    ["before start", ...timesWords(before)],
  ];
  /** @param {string} name @param {number} row @param {string} words */
  function addRun(name, row, words) {
    const link = runLink(state, row, onChoose);
    meanings.set(link, name);
    lines.push([name, link, ` ${words}`]);
  }
  if (lastFailure >= 0) addRun("last failure", lastFailure, failureAge(state, lastFailure));
  if (longest >= 0) addRun("longest", longest, lengthOf(state, longest, "started", "completed"));
  if (longestWait >= 0) {
    const words = lengthOf(state, longestWait, "created", "started", "completed");
    addRun("longest wait", longestWait, words);
  }
  return lines;
}

/** @param {number} failed @param {number} judged @param {Numbers["failure"]} failure */
function failedWords(failed, judged, { share, low, high }) {
  if (!judged) return ["none succeeded or failed"];
  const interval = ` (${percent(low)} to ${percent(high)}), ${formatCount(failed)} of ${formatCount(judged)}`;
  return [h("b", {}, percent(share)), interval];
}

/** @param {Times} times */
function timesWords({ n, ended, p50, p90 }) {
  if (Number.isNaN(p50) && ended === n) return [`too few to say (${formatCount(n)})`];
  if (Number.isNaN(p50))
    return [`too few to say (${formatCount(ended)} of ${formatCount(n)} ended)`];
  const late = Number.isNaN(p90) ? "90\u00a0% not reached" : `90\u00a0% within ${duration(p90)}`;
  return [h("b", {}, duration(p50)), `, ${late}`];
}

/** @param {State} state @param {number} row @param {(rows: number[]) => void} onChoose */
function runLink(state, row, onChoose) {
  const id = state.data.columns?.ids[row] ?? "";
  const label = visible(nameOfRow(state, row) || id);
  return button(label, () => onChoose([row]), { class: "arn-link arn-nums-run" });
}

/** @param {State} state @param {number} row */
function failureAge({ data: { columns } }, row) {
  const end = columns?.completed[row] || columns?.created[row] || NaN;
  return ageWords(Date.now() - end);
}

/**
 * How long a stretch of a run took; one whose end is not recorded goes on.
 * @param {State} state @param {number} row
 * @param {"created" | "started"} start @param {...("started" | "completed")} ends the first of them that is recorded is the end
 */
function lengthOf({ data: { columns } }, row, start, ...ends) {
  if (!columns) return "";
  const end = ends.map((name) => columns[name][row]).find((at) => !Number.isNaN(at));
  const length = (end ?? columns.until[row]) - columns[start][row];
  return duration(Math.max(0, length)) + (end === undefined ? " so far" : "");
}
