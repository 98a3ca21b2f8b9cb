/** The log of a run. It is asked for when it is first needed, and shown in a tab of its own, in the overview and on the track. */
import { button, h } from "../../base/dom.mjs";
import { copyButton } from "../../base/clipboard.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { isTerminal } from "../../base/status.mjs";
import { visible } from "../../base/text.mjs";
import { milliseconds, withoutZeroTime } from "../../base/times.mjs";
import { logCode } from "../../json/python.mjs";
import { entryDetails } from "./details.mjs";
import { entriesOf, isError, stepsOf } from "./entries.mjs";
import { excerptOf } from "./excerpt.mjs";
import { createList } from "./list.mjs";
import { sinceStart } from "./row.mjs";
import { createTools } from "./tools.mjs";

/** @typedef {import("./source.mjs").Log} Log */
/** @typedef {{entry: number, at: number, since: string, type: string, isError: boolean}} Step an entry that has a mark on the track, and when it was written: in ms, and from the start in words */

const FILE =
  "A saved file holds no logs. Where a kernel runs, a view with a client reads them, and so does:";
const NO_CLIENT =
  "This view has no client to read logs with: make it with arn.explore(runs, client). Or read the log alone:";

/**
 * @param {import("../../protocol.mjs").RunDoc} doc
 * @param {object} options
 * @param {import("./source.mjs").LogSource} options.source
 * @param {boolean} options.isFile whether there is no kernel
 * @param {boolean} options.hasClient whether the kernel has a client to read with
 * @param {string} options.tz
 * @param {AbortSignal} options.signal
 * @param {(count: string, steps: Step[]) => void} options.onRead told how many events there are, in words, and which of them are steps
 * @param {(entry: number) => void} options.onChoose told the entry that a person chose
 * @param {() => void} options.onOpen asked to show the tab of the log
 */
export function createLog(doc, options) {
  const { source, isFile, hasClient, tz, signal, onRead, onChoose, onOpen } = options;
  const { fields, row } = doc;
  const panel = h("div", "arn-section");
  const excerpt = h("div", "arn-section");
  const start = startOf(fields);
  const hasEnded = isTerminal(/** @type {string | null} */ (fields.status));
  let isAsked = false;
  let zone = tz;
  /** @type {ReturnType<typeof logView> | null} */
  let view = null;

  function read() {
    isAsked = true;
    void load();
  }

  async function load() {
    say("Asking the kernel for the log");
    const key = hasEnded ? JSON.stringify([row, fields]) : null;
    try {
      const log = await source.read({ row, key, signal, onWait: (words) => say(words) });
      if (!signal.aborted) show(log);
    } catch (error) {
      if (signal.aborted) return;
      const sentence = visible(/** @type {Error} */ (error).message);
      say(sentence, again("Try again"), wayOn(fields));
    }
  }

  const again = (/** @type {string} */ label) => h("div", {}, button(label, read));

  /** @param {string} sentence @param {...HTMLElement} ways on */
  function say(sentence, ...ways) {
    panel.replaceChildren(h("p", { class: "arn-quiet", role: "status" }, sentence), ...ways);
    excerpt.replaceChildren(h("p", "arn-quiet", sentence));
  }

  /** @param {Log} log */
  function show(log) {
    const { events, more } = log;
    onRead(`${formatCount(events.length)}${more ? "+" : ""}`, []);
    if (!events.length) return say("No events are in the log of this run.", again("Read again"));
    const onAgain = hasEnded ? null : read;
    view = logView(log, { start, tz: zone, signal, onChoose, onAgain });
    panel.replaceChildren(
      view.element,
      ...(more ? [h("p", "arn-quiet", cutWords(events.length)), wayOn(fields)] : []),
    );
    const reason = String(fields.failure_reason ?? "");
    excerpt.replaceChildren(excerptOf(events, reason, onOpen));
    onRead(`${formatCount(events.length)}${more ? "+" : ""}`, view.steps);
  }

  if (isFile || !hasClient) panel.append(h("p", {}, isFile ? FILE : NO_CLIENT), wayOn(fields));

  return {
    panel,
    excerpt,
    /** Asks for the log, unless that has been done or cannot be. */
    need() {
      if (!isAsked && hasClient && !isFile) read();
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

/**
 * A log that has been read.
 * @param {Log} log
 * @param {{start: {at: number, words: string}, tz: string, signal: AbortSignal, onChoose: (entry: number) => void, onAgain: (() => void) | null}} options
 */
function logView({ events }, { start, tz, signal, onChoose, onAgain }) {
  const entries = entriesOf(events);
  const all = [...entries.keys()];
  const steps = new Set(stepsOf(events, entries));
  const firstError = entries.findIndex(({ level }) => isError(level));
  const marked = all.filter((entry) => steps.has(entry) || entry === firstError);
  /** @type {Set<string>} */
  let levels = new Set();
  let query = "";
  /** @type {number[]} */
  let hits = [];
  const details = h("div", { class: "arn-section", role: "group", "aria-label": "Chosen entry" });
  const list = createList(
    { events, entries, steps, start: start.at },
    { tz, signal, onChoose: choose },
  );
  const tools = createTools(entries, {
    signal,
    onAgain,
    onLevels(pressed) {
      levels = pressed;
      filter();
    },
    onSearch(words) {
      query = words.toLowerCase();
      find();
      step(0);
    },
    onStep: step,
    onFirstError() {
      list.unfold(firstError);
      reveal(firstError);
    },
    onWrap: (wraps) => list.wrap(wraps),
  });
  let zone = tz;

  /** @param {number} entry */
  function choose(entry) {
    tell(entry);
    onChoose(entry);
  }

  /** @param {number} entry */
  function tell(entry) {
    const { first, end } = entries[entry];
    details.replaceChildren(
      ...entryDetails(events.slice(first, end), entries[entry], { start: start.at, tz: zone }),
    );
  }

  function filter() {
    list.show(all.filter((entry) => !levels.size || levels.has(entries[entry].level)));
    find();
  }

  function find() {
    hits = query ? all.filter((entry) => isHit(entry)) : [];
    list.mark(new Set(hits));
    tools.say(query && !hits.length ? "no match" : "");
  }

  /** @param {number} entry */
  const isHit = (entry) =>
    (!levels.size || levels.has(entries[entry].level)) &&
    `${events[entries[entry].first].event_type ?? ""} ${entries[entry].text}`
      .toLowerCase()
      .includes(query);

  /** Goes to the match before or after the active entry; 0 means this one or the next. @param {number} by */
  function step(by) {
    if (!hits.length) return;
    const active = list.active();
    const later = hits.findIndex((entry) => (by > 0 ? entry > active : entry >= active));
    const at = ((later < 0 ? 0 : later) - Number(by < 0) + hits.length) % hits.length;
    const entry = hits[at];
    if (entries[entry].lines > 1) list.unfold(entry);
    list.reveal(entry);
    tools.say(`${formatCount(at + 1)} of ${formatCount(hits.length)}`);
  }

  /** @param {number} entry shown whatever levels are @returns {void} */
  function reveal(entry) {
    if (!list.reveal(entry)) list.show(all);
    list.reveal(entry);
  }

  list.wrap(true);
  list.show(all);
  return {
    element: h(
      "div",
      "arn-section",
      tools.element,
      h("p", "arn-note", `Times ${start.words}; point at one to see it whole.`),
      list.element,
      details,
    ),
    /** @type {Step[]} */
    steps: marked.map((entry) => {
      const event = events[entries[entry].first];
      return {
        entry,
        at: milliseconds(event.created_at),
        since: sinceStart(event, start.at),
        type: event.event_type ?? "",
        isError: isError(event.level),
      };
    }),
    reveal,
    /** @param {string} other */
    setZone(other) {
      zone = other;
      list.setZone(other);
      details.replaceChildren();
    },
  };
}
