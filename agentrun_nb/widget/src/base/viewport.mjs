/** A list of any length of which only the rows in sight are elements. */
import { h } from "./dom.mjs";

const ROW = 24;
const MOST_IN_SIGHT = 18;
const OVERSCAN = 6;
/** Browsers cap the height of an element; beyond this the scroll bar is a scaled one. */
const MOST_PIXELS = 8_000_000;
const OUT_OF_SIGHT = "arn-outofsight";

/** @typedef {ReturnType<typeof createViewport>} Viewport */

/**
 * @param {HTMLElement} scroller
 * @param {(row: number) => HTMLElement} makeRow
 * @param {AbortSignal} signal
 * @param {{head?: HTMLElement, refill?: (element: HTMLElement, row: number) => void}} [options] `head` stays in sight above the rows; with it the place of the list says how high it is, else its rows do.
 *   `refill` makes another row of an element whose row has left the sight, which costs less than a new one
 */
export function createViewport(scroller, makeRow, signal, { head, refill } = {}) {
  const layer = h("div", "arn-layer");
  const sizer = h("div", "arn-sizer", layer);
  /** @type {Map<number, HTMLElement>} */
  const mounted = new Map();
  let count = 0;
  let pinned = -1;
  let top = 0;
  /** The height in which rows are seen. It is measured when it may have changed, and not at every stroke: that would lay all rows out anew. */
  let height = 0;

  function measure() {
    height = Math.max(0, scroller.clientHeight - (head?.offsetHeight ?? 0)) || MOST_IN_SIGHT * ROW;
  }

  const highest = () => Math.max(0, count * ROW - height);
  /** Pixels of the list for one pixel of the scroll bar. */
  const scale = () => highest() / (Math.min(count * ROW, MOST_PIXELS) - height) || 1;

  function paint() {
    const first = Math.max(0, Math.floor(top / ROW) - OVERSCAN);
    const end = Math.min(count, Math.ceil((top + height) / ROW) + OVERSCAN);
    const inSight = (/** @type {number} */ row) => row >= first && row < end;
    layer.style.transform = `translateY(${top / scale() - top + first * ROW}px)`;
    /** Elements whose rows have left the sight. @type {HTMLElement[]} */
    const spare = [];
    for (const [row, element] of mounted) {
      if (inSight(row) || row === pinned) continue;
      mounted.delete(row);
      spare.push(element);
    }
    for (let row = first; row < end; row++) place(row, (row - first) * ROW, spare);
    if (pinned >= 0)
      place(pinned, inSight(pinned) ? (pinned - first) * ROW : 0, spare).classList.toggle(
        OUT_OF_SIGHT,
        !inSight(pinned),
      );
    for (const element of spare) element.remove();
  }

  /** @param {number} row @param {number} offset @param {HTMLElement[]} spare */
  function place(row, offset, spare) {
    const element = mounted.get(row) ?? mount(row, spare);
    element.style.top = `${offset}px`;
    return element;
  }

  /** @param {number} row @param {HTMLElement[]} spare */
  function mount(row, spare) {
    const used = refill && spare.pop();
    const element = used ?? makeRow(row);
    if (used) {
      used.classList.remove(OUT_OF_SIGHT);
      refill(used, row);
    } else layer.append(element);
    mounted.set(row, element);
    return element;
  }

  if (head) scroller.append(head);
  scroller.append(sizer);
  scroller.addEventListener(
    "scroll",
    () => {
      if (Math.abs(scroller.scrollTop - top / scale()) < 1) return;
      top = Math.min(scroller.scrollTop * scale(), highest());
      paint();
    },
    { passive: true },
  );
  const observer = new ResizeObserver(() => {
    measure();
    top = Math.min(top, highest());
    // What was hidden has forgotten how far it was scrolled.
    scroller.scrollTop = top / scale();
    paint();
  });
  observer.observe(scroller);
  signal.addEventListener("abort", () => observer.disconnect());

  return {
    /** Shows a list anew. @param {number} rows */
    show(rows) {
      count = rows;
      pinned = -1;
      sizer.style.height = `${Math.min(count * ROW, MOST_PIXELS)}px`;
      if (!head) scroller.style.height = `${Math.min(count, MOST_IN_SIGHT) * ROW + 2}px`;
      layer.replaceChildren();
      mounted.clear();
      measure();
      top = Math.min(top, highest());
      paint();
    },

    /** Keeps a row mounted, in sight or not. @param {number} row */
    pin(row) {
      pinned = row;
      paint();
    },

    /** @param {number} row @param {boolean} [centred] */
    scrollTo(row, centred) {
      const at = row * ROW;
      const room = height - ROW;
      if (at >= top && at <= top + room) return;
      top = Math.max(0, Math.min(centred ? at - room / 2 : at < top ? at : at - room, highest()));
      scroller.scrollTop = top / scale();
      paint();
    },

    rowsInSight: () => Math.floor(height / ROW),

    /** The rows that are elements now. @returns {Iterable<[row: number, element: HTMLElement]>} */
    mounted: () => mounted,
  };
}
