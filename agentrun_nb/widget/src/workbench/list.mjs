/** The runs as a list, newest first, where there is no room for a picture. */
import { button, h, meanings } from "../base/dom.mjs";
import { countOf } from "../base/numbers.mjs";
import { listKeys } from "../base/roving.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { clip, visible } from "../base/text.mjs";
import { ageWords, duration, withoutZeroTime } from "../base/times.mjs";
import { nameOfRow } from "../runs/names.mjs";
import { commonPhrase, distinctPart } from "../runs/reasons.mjs";

/** So many runs are added at once. */
const PAGE = 60;
const LONGEST_REASON = 200;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{signal: AbortSignal, onOpen: (row: number) => void}} options a run was tapped
 */
export function createList(store, { signal, onOpen }) {
  const { state } = store;
  const items = h("ul", { class: "arn-wb-items", "aria-label": "Runs, newest first" });
  const more = button("", () => extend());
  const element = h("div", { class: "arn-wb-list", "data-testid": "arn-wb-list" }, items, more);
  listKeys(items);
  /** The shown rows, newest first; null until the list is on the screen. @type {Uint32Array | null} */
  let rows = null;
  let longest = 0;
  /** What many reasons begin with, which tells nobody anything. */
  let phrase = "";

  /** Draws the list anew where it can be seen; elsewhere when it comes to be. */
  function renew() {
    rows = null;
    items.replaceChildren();
    more.hidden = true;
    if (element.clientWidth > 0) begin();
  }

  function begin() {
    const created = state.data.columns?.created ?? new Float64Array(0);
    const age = (/** @type {number} */ row) =>
      Number.isNaN(created[row]) ? -Infinity : created[row];
    phrase = commonPhrase(state.data.page.reasons);
    rows = state.shown.slice().sort((a, b) => age(b) - age(a) || b - a);
    longest = state.shown.reduce((most, row) => Math.max(most, lengthsOf(row).all || 0), 0);
    extend();
  }

  function extend() {
    const [from, all] = [items.children.length, rows ?? []];
    items.append(...Array.from(all.slice(from, from + PAGE), item));
    const left = all.length - items.children.length;
    more.hidden = left <= 0;
    more.textContent = `Show more: ${countOf(left)} older`;
  }

  /** @param {number} row */
  function lengthsOf(row) {
    const { columns } = state.data;
    const created = columns?.created[row] ?? NaN;
    const started = withoutZeroTime(columns?.started[row] ?? NaN);
    const end = withoutZeroTime(columns?.completed[row] ?? NaN);
    return { before: started - created, after: end - started, all: end - created };
  }

  /** @param {number} row */
  function item(row) {
    const { page, columns } = state.data;
    const ids = columns?.ids ?? [];
    const name = nameOfRow(state, row);
    const status = page.statuses[columns?.status[row] ?? -1] ?? null;
    const created = columns?.created[row] ?? NaN;
    const { before, after, all } = lengthsOf(row);
    const length = [after, all].find((ms) => ms >= 0);
    const facts = [length === undefined ? "" : duration(length), ageWords(Date.now() - created)];
    const reason = page.reasons[columns?.reason[row] ?? -1];
    const line = button("", () => onOpen(row), { class: "arn-wb-item" });
    meanings.set(line, ids[row]);
    line.append(
      statusMark(status),
      h("span", "arn-offsight", `${describe(status).label}: `),
      h("b", name ? "arn-wb-name" : "arn-wb-name arn-wb-id", visible(name || ids[row])),
      h("span", "arn-dim", facts.filter(Boolean).join(" · ")),
      reason
        ? h(
            "span",
            "arn-wb-reason",
            visible(clip(distinctPart(reason, phrase).text, LONGEST_REASON)),
          )
        : bar(status, before / longest, after / longest),
    );
    return h("li", {}, line);
  }

  // Nobody is told when a container query hides or shows an element; its size says it.
  const resized = new ResizeObserver(() => {
    if (!rows && element.clientWidth > 0) begin();
  });
  resized.observe(element);
  signal.addEventListener("abort", () => resized.disconnect());
  let { renewed } = state;
  /** Newer records are put where the older ones are, so that nothing moves under a finger. */
  function takeData() {
    const newer = state.renewed === renewed ? null : state.renewed;
    renewed = state.renewed;
    if (!newer || newer.added || rows?.length !== state.shown.length) return renew();
    for (const row of newer.changed) {
      const old = items.children[rows.indexOf(row)];
      old?.replaceWith(item(row));
    }
  }

  store.watch(["data", "renewed", "shown", "names", "tz"], takeData, signal);
  return {
    element,
    /** Hands the focus to a run that is on the list. @param {number} row */
    focus(row) {
      const place = rows?.indexOf(row) ?? -1;
      /** @type {HTMLElement | null | undefined} */ (items.children[place]?.firstChild)?.focus();
    },
  };
}

/** Thin before the start, thick after it, as parts of the longest run. @param {string | null} status @param {number} before @param {number} after */
function bar(status, before, after) {
  const element = h("span", "arn-wb-bar");
  if (!(before >= 0 && after >= 0)) return element;
  const colour = `var(${describe(status).color})`;
  for (const [style, share] of /** @type {const} */ ([
    ["arn-wb-thin", before],
    ["arn-wb-thick", after],
  ])) {
    const part = h("span", style);
    part.style.width = `${100 * share}%`;
    part.style.borderColor = colour;
    element.append(part);
  }
  return element;
}
