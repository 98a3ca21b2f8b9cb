/** A list of any length of which only the rows in sight are elements. */
import { h } from "../dom.mjs";

export const ROW_HEIGHT = 24;
const MOST_ROWS_IN_SIGHT = 18;
const OVERSCAN = 6;
/** Browsers cap the height of an element; beyond this the scroll bar is a scaled one. */
const MOST_PIXELS = 8_000_000;

export class Viewport {
  #count = 0;
  #top = 0;
  #pinned = -1;
  #layer = h("div", "arn-layer");
  #sizer = h("div", "arn-sizer", this.#layer);
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map();
  #makeRow;

  /**
   * @param {HTMLElement} element what scrolls
   * @param {(row: number) => HTMLElement} makeRow
   * @param {AbortSignal} signal
   */
  constructor(element, makeRow, signal) {
    this.element = element;
    this.#makeRow = makeRow;
    element.append(this.#sizer);
    element.addEventListener("scroll", () => this.#follow(), { signal, passive: true });
    const observer = new ResizeObserver(() => this.#paint());
    observer.observe(element);
    signal.addEventListener("abort", () => observer.disconnect(), { once: true });
  }

  /** Shows a list anew. @param {number} count @param {number} pinned a row that stays mounted, in sight or not */
  show(count, pinned) {
    this.#count = count;
    this.#pinned = pinned;
    this.#sizer.style.height = `${Math.min(count * ROW_HEIGHT, MOST_PIXELS)}px`;
    this.element.style.height = `${Math.min(count, MOST_ROWS_IN_SIGHT) * ROW_HEIGHT + 2}px`;
    for (const row of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#top = Math.min(this.#top, this.#highest);
    this.#paint();
  }

  /** @param {number} row @param {boolean} [centred] */
  scrollTo(row, centred = false) {
    const at = row * ROW_HEIGHT;
    const room = this.#height - ROW_HEIGHT;
    if (at >= this.#top && at <= this.#top + room) return;
    const wanted = centred ? at - room / 2 : at < this.#top ? at : at - room;
    this.#top = Math.max(0, Math.min(wanted, this.#highest));
    this.element.scrollTop = this.#top / this.#scale;
    this.#paint();
  }

  get rowsInSight() {
    return Math.max(1, Math.floor(this.#height / ROW_HEIGHT));
  }

  get #height() {
    return this.element.clientHeight || MOST_ROWS_IN_SIGHT * ROW_HEIGHT;
  }

  get #highest() {
    return Math.max(0, this.#count * ROW_HEIGHT - this.#height);
  }

  /** Pixels of the list for one pixel of the scroll bar. */
  get #scale() {
    const scrollable = Math.min(this.#count * ROW_HEIGHT, MOST_PIXELS) - this.#height;
    return scrollable > 0 ? this.#highest / scrollable : 1;
  }

  #follow() {
    const { scrollTop } = this.element;
    if (Math.abs(scrollTop - this.#top / this.#scale) < 1) return;
    this.#top = Math.min(scrollTop * this.#scale, this.#highest);
    this.#paint();
  }

  #paint() {
    const first = Math.max(0, Math.floor(this.#top / ROW_HEIGHT) - OVERSCAN);
    const end = Math.min(this.#count, Math.ceil((this.#top + this.#height) / ROW_HEIGHT) + OVERSCAN);
    this.#layer.style.transform = `translateY(${this.#top / this.#scale - this.#top + first * ROW_HEIGHT}px)`;
    for (const [row, element] of this.#rows) {
      if ((row >= first && row < end) || row === this.#pinned) continue;
      element.remove();
      this.#rows.delete(row);
    }
    for (let row = first; row < end; row++) this.#place(row, (row - first) * ROW_HEIGHT, true);
    if (this.#pinned >= 0 && (this.#pinned < first || this.#pinned >= end)) this.#place(this.#pinned, 0, false);
  }

  /** @param {number} row @param {number} top @param {boolean} inSight */
  #place(row, top, inSight) {
    let element = this.#rows.get(row);
    if (!element) {
      element = this.#makeRow(row);
      this.#rows.set(row, element);
      this.#layer.append(element);
    }
    element.style.top = `${top}px`;
    element.classList.toggle("arn-outofsight", !inSight);
  }
}
