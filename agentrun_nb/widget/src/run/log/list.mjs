/** The entries of a log one under the other. It is one Tab stop; the keys are those of a tree, since entries fold. */
import { h, uniqueId } from "../../base/dom.mjs";
import { createChunks } from "./chunks.mjs";
import { makeRow } from "./row.mjs";

/** @typedef {import("./entries.mjs").LogEvent} LogEvent */
/** @typedef {import("./entries.mjs").Entry} Entry */

/** How many rows a page is. */
const PAGE = 15;

/**
 * @param {{events: LogEvent[], entries: Entry[], steps: Set<number>, start: number}} log
 * @param {{tz: string, signal: AbortSignal, onChoose: (entry: number) => void}} options `onChoose` is told the entry that a person chose
 */
export function createList({ start, ...first }, { tz, signal, onChoose }) {
  const id = uniqueId("log");
  let { events, entries, steps } = first;
  /** The places of the entries that are shown, rising. @type {number[]} */
  let shown = [];
  /** The place in `shown` of the entry that the keys act on. */
  let active = 0;
  /** @type {Set<number>} */
  let hits = new Set();
  /** Entries whose lines are all shown. @type {Set<number>} */
  const open = new Set();
  let zone = tz;
  const scroller = h("div", {
    class: "arn-log",
    role: "tree",
    tabindex: "0",
    "aria-label": "Log, oldest first",
  });
  const chunks = createChunks(scroller, row, signal);

  /** @param {number} at in `shown` */
  function row(at) {
    const entry = shown[at];
    return makeRow(events[entries[entry].first], entries[entry], {
      id: `${id}-${entry}`,
      place: at,
      count: shown.length,
      start,
      tz: zone,
      isStep: steps.has(entry),
      isOpen: open.has(entry),
      isActive: at === active,
      isHit: hits.has(entry),
    });
  }

  /** @param {number} at in `shown` */
  function activate(at) {
    const before = active;
    active = at;
    chunks.redraw(before);
    chunks.pin(at);
    chunks.redraw(at);
    scroller.setAttribute("aria-activedescendant", `${id}-${shown[at]}`);
  }

  /** @param {number} at in `shown` */
  function choose(at) {
    activate(at);
    bringInSight(chunks.pin(at));
    onChoose(shown[at]);
  }

  /** Scrolls the list and nothing around it, so that the view stays where it is. @param {HTMLElement | null} element */
  function bringInSight(element) {
    if (!element) return;
    const { offsetTop: top, offsetHeight: height } = element;
    const isAbove = top < scroller.scrollTop;
    const isBelow = top + height > scroller.scrollTop + scroller.clientHeight;
    // What is higher than the list is shown from its beginning.
    const end = Math.min(top, top + height - scroller.clientHeight);
    if (isAbove) scroller.scrollTop = top;
    else if (isBelow) scroller.scrollTop = end;
  }

  /** @param {number} at in `shown` @param {boolean} isOpen */
  function fold(at, isOpen) {
    const entry = shown[at];
    if (entries[entry].lines < 2) return;
    if (isOpen) open.add(entry);
    else open.delete(entry);
    chunks.redraw(at);
  }

  /** @param {KeyboardEvent} event */
  function obey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !shown.length) return;
    const last = shown.length - 1;
    const ways = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      PageDown: active + PAGE,
      PageUp: active - PAGE,
      Home: 0,
      End: last,
    };
    const folds = { ArrowRight: true, ArrowLeft: false, Enter: !open.has(shown[active]) };
    const to = ways[/** @type {keyof typeof ways} */ (event.key)];
    const isOpen = folds[/** @type {keyof typeof folds} */ (event.key)];
    if (to === undefined && isOpen === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (to !== undefined) choose(Math.max(0, Math.min(to, last)));
    else fold(active, isOpen);
  }

  scroller.addEventListener("keydown", obey);
  scroller.addEventListener("click", ({ target }) => {
    const element = target instanceof Element && target.closest(".arn-logrow");
    if (!element) return;
    const at = shown.indexOf(Number(element.id.slice(id.length + 1)));
    if (target.closest(".arn-twisty")) fold(at, !open.has(shown[at]));
    choose(at);
  });

  return {
    element: scroller,

    /** @param {number[]} places of entries, rising */
    show(places) {
      const entry = shown[active];
      shown = places;
      active = Math.max(0, shown.indexOf(entry));
      scroller.removeAttribute("aria-activedescendant");
      chunks.show(shown.length);
    },

    /**
     * A log that has grown.
     * @param {{events: LogEvent[], entries: Entry[], steps: Set<number>}} longer @param {number[]} places those shown, rising @param {Set<number>} found by a search
     */
    grow(longer, places, found) {
      ({ events, entries, steps } = longer);
      shown = places;
      hits = found;
      chunks.grow(shown.length);
    },

    /** Marks the entries that a search found. @param {Set<number>} found */
    mark(found) {
      hits = found;
      chunks.show(shown.length);
    },

    /** Brings an entry in sight and chooses it. @param {number} entry @returns {boolean} whether it is among those that are shown */
    reveal(entry) {
      const at = shown.indexOf(entry);
      if (at >= 0) choose(at);
      return at >= 0;
    },

    /** Shows all lines of an entry. @param {number} entry */
    unfold(entry) {
      open.add(entry);
      chunks.redraw(shown.indexOf(entry));
    },

    /** The entry that the keys act on, -1 where none is shown. */
    active: () => shown[active] ?? -1,

    /** @param {string} other */
    setZone(other) {
      zone = other;
      chunks.show(shown.length);
    },

    /** @param {boolean} wraps whether long lines go on below */
    wrap: (wraps) => scroller.classList.toggle("arn-wraps", wraps),
  };
}
