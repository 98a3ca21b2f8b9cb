/** The log of a run. It is asked for when it is first needed, and shown in a tab of its own, in the overview and on the track. */
import { button, h } from "../../base/dom.mjs";
import { copyButton } from "../../base/clipboard.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { isTerminal } from "../../base/status.mjs";
import { visible } from "../../base/text.mjs";
import { milliseconds, withoutZeroTime } from "../../base/times.mjs";
import { logCode } from "../../json/python.mjs";

/** @typedef {import("./source.mjs").Log} Log */
/** @typedef {typeof import("./view.mjs") & typeof import("./excerpt.mjs")} Parts */
/** @typedef {{entry: number, at: number, since: string, type: string, isError: boolean}} Step an entry that has a mark on the track, and when it was written: in ms, and from the start in words */

const FILE =
  "A saved file holds no logs. Where a kernel runs, a view with a client reads them, and so does:";
const NO_CLIENT =
  "This view has no client to read logs with: make it with arn.explore(runs, client). Or read the log alone:";

/**
 * @param {import("../../protocol.mjs").RunDoc} first
 * @param {object} options
 * @param {import("./source.mjs").LogSource} options.source
 * @param {() => Promise<Parts>} options.later the code that draws a log
 * @param {boolean} options.isFile whether there is no kernel
 * @param {boolean} options.hasClient whether the kernel has a client to read with
 * @param {string} options.tz
 * @param {AbortSignal} options.signal
 * @param {(count: string, steps: Step[], phases: import("../../protocol.mjs").Phase[]) => void} options.onRead told how many events there are, in words, which of them are steps, and the phases of the run
 * @param {(entry: number) => void} options.onChoose told the entry that a person chose
 * @param {() => void} options.onOpen asked to show the tab of the log
 */
export function createLog(first, options) {
  const { source, later, isFile, hasClient, tz, signal, onRead, onChoose, onOpen } = options;
  let { fields } = first;
  const panel = h("div", "arn-section");
  const excerpt = h("div", "arn-section");
  const hasEnded = () => isTerminal(/** @type {string | null} */ (fields.status));
  let isAsked = false;
  let isReading = false;
  /** Whether there may be more than what is being read just now. */
  let isBehind = false;
  let zone = tz;
  /** @type {ReturnType<typeof import("./view.mjs").logView> | null} */
  let view = null;
  /** Ends the view of the log that is on show. */
  let viewEnd = new AbortController();
  signal.addEventListener("abort", () => viewEnd.abort());

  function read() {
    isAsked = true;
    void load();
  }

  function begin() {
    view = null;
    say("Asking the kernel for the log");
  }

  /** @param {boolean} [isQuiet] whether what is on show stays until there is more */
  async function load(isQuiet) {
    if (!isQuiet) begin();
    const key = hasEnded() ? JSON.stringify([first.row, fields]) : null;
    const onWait = (/** @type {string} */ words) => void (isQuiet || say(words));
    isReading = true;
    isBehind = false;
    try {
      const log = await source.read({ row: first.row, key, signal, onWait });
      const parts = await later();
      if (!signal.aborted) show(log, parts);
    } catch (error) {
      if (signal.aborted || isQuiet) return;
      const sentence = visible(/** @type {Error} */ (error).message);
      say(sentence, again("Try again"), wayOn(fields));
    } finally {
      isReading = false;
      if (isBehind && !signal.aborted) void load(true);
    }
  }

  const again = (/** @type {string} */ label) => h("div", {}, button(label, read));

  /** @param {string} sentence @param {...HTMLElement} ways on */
  function say(sentence, ...ways) {
    panel.replaceChildren(h("p", { class: "arn-quiet", role: "status" }, sentence), ...ways);
    excerpt.replaceChildren(h("p", "arn-quiet", sentence));
  }

  /** @param {Log} log @param {Parts} parts */
  function show(log, { logView, excerptOf }) {
    const { events, more, phases } = log;
    if (view?.extend(log)) return tell(log, excerptOf);
    onRead(`${formatCount(events.length)}${more ? "+" : ""}`, [], phases);
    if (!events.length) return say("No events are in the log of this run.", again("Read again"));
    const onAgain = hasEnded() ? null : read;
    viewEnd.abort();
    viewEnd = new AbortController();
    const start = startOf(fields);
    view = logView(log, { start, tz: zone, signal: viewEnd.signal, onChoose, onAgain });
    panel.replaceChildren(
      view.element,
      ...(more ? [h("p", "arn-quiet", cutWords(events.length)), wayOn(fields)] : []),
    );
    tell(log, excerptOf);
  }

  /** @param {Log} log @param {Parts["excerptOf"]} excerptOf */
  function tell({ events, more, phases }, excerptOf) {
    const reason = String(fields.failure_reason ?? "");
    excerpt.replaceChildren(excerptOf(events, reason, onOpen));
    onRead(`${formatCount(events.length)}${more ? "+" : ""}`, view?.steps() ?? [], phases);
  }

  if (isFile || !hasClient) panel.append(h("p", {}, isFile ? FILE : NO_CLIENT), wayOn(fields));

  return {
    panel,
    excerpt,
    /** Asks for the log, unless that has been done or cannot be. */
    need() {
      if (!isAsked && hasClient && !isFile) read();
    },
    /** A newer record of the run, whose log may have grown. @param {import("../../protocol.mjs").RunDoc} newer */
    setDoc(newer) {
      const isOther = newer.fields !== fields;
      fields = newer.fields;
      const isSeen = panel.checkVisibility() || excerpt.checkVisibility();
      if (!isAsked || !(isSeen || isOther)) return;
      // A run that has just ended is looked at no more, so its last events are not left to the next look.
      if (isReading) isBehind ||= isOther;
      else void load(true);
    },
    /** Shows an entry in the tab, which is open. @param {number} entry */
    reveal: (entry) => view?.reveal(entry),
    /** @param {string} other */
    setZone(other) {
      zone = other;
      view?.setZone(other);
    },
  };
}

/** From where the times of a log are counted: the start of the run, or its creation where no start is recorded. @param {import("../../protocol.mjs").RunDoc["fields"]} fields */
function startOf(fields) {
  const [started, created] = [fields.started_at, fields.created_at].map((text) =>
    withoutZeroTime(milliseconds(text)),
  );
  return Number.isNaN(started)
    ? { at: created, words: "since created" }
    : { at: started, words: "since start" };
}

/** @param {number} count */
const cutWords = (count) =>
  `Only the last ${formatCount(count)} events are shown; get_logs gives all:`;

/** The line of Python that gives the whole log. @param {import("../../protocol.mjs").RunDoc["fields"]} fields */
function wayOn(fields) {
  const code = logCode(fields);
  return h(
    "div",
    "arn-line-up",
    h("code", "arn-path", visible(code)),
    copyButton("Copy this line", code, "Copy"),
  );
}
