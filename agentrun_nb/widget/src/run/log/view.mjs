/** A log that has been read: its entries, what narrows them, and the one that is chosen. */
import { h } from "../../base/dom.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { milliseconds } from "../../base/times.mjs";
import { entryDetails } from "./details.mjs";
import { entriesOf, isError, stepsOf } from "./entries.mjs";
import { createList } from "./list.mjs";
import { sinceStart } from "./row.mjs";
import { createTools } from "./tools.mjs";

/** @typedef {import("./source.mjs").Log} Log */
/** @typedef {import("./log.mjs").Step} Step */

/** @param {Log} log */
function read({ events }) {
  const entries = entriesOf(events);
  const all = [...entries.keys()];
  const steps = new Set(stepsOf(events, entries));
  const firstError = entries.findIndex(({ level }) => isError(level));
  return { events, entries, all, steps, firstError };
}

/**
 * @param {Log} log
 * @param {{start: {at: number, words: string}, tz: string, signal: AbortSignal, onChoose: (entry: number) => void, onAgain: (() => void) | null}} options
 */
export function logView(log, { start, tz, signal, onChoose, onAgain }) {
  let { events, entries, all, steps, firstError } = read(log);
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

  const isShown = (/** @type {number} */ entry) => !levels.size || levels.has(entries[entry].level);
  const found = () => (query ? all.filter(isHit) : []);

  function filter() {
    list.show(all.filter(isShown));
    find();
  }

  function find() {
    hits = found();
    list.mark(new Set(hits));
    tools.say(query && !hits.length ? "no match" : "");
  }

  /** @param {number} entry */
  const isHit = (entry) =>
    isShown(entry) &&
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
    /**
     * Takes a log that has grown; what a person is at stays where it is, and the end stays in sight where it was.
     * @param {Log} longer @returns {boolean} whether it is the same log, with more events or none
     */
    extend(longer) {
      const [last] = events.slice(-1);
      const other = longer.events[events.length - 1];
      if (longer.more || JSON.stringify(other) !== JSON.stringify(last)) return false;
      if (longer.events.length === events.length) return true;
      ({ events, entries, all, steps, firstError } = read(longer));
      hits = found();
      list.grow({ events, entries, steps }, all.filter(isShown), new Set(hits));
      tools.take(entries);
      return true;
    },
    /** @returns {Step[]} */
    steps() {
      const marked = all.filter((entry) => steps.has(entry) || entry === firstError);
      return marked.map((entry) => {
        const event = events[entries[entry].first];
        return {
          entry,
          at: milliseconds(event.created_at),
          since: sinceStart(event, start.at),
          type: event.event_type ?? "",
          isError: isError(event.level),
        };
      });
    },
    reveal,
    /** @param {string} other */
    setZone(other) {
      zone = other;
      list.setZone(other);
      details.replaceChildren();
    },
  };
}
