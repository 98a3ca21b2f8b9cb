/** A list of rows of any height, of which only those near what is in sight are elements. */
import { h } from "../../base/dom.mjs";

/** Rows come and go by so many at a time. */
const CHUNK = 40;
/** What a row is thought to be high before it has been drawn. */
const USUAL = 20;
/** How far out of sight rows are drawn. */
const MARGIN = "300px 0px";

/**
 * @param {HTMLElement} scroller
 * @param {(row: number) => HTMLElement} makeRow
 * @param {AbortSignal} signal
 */
export function createChunks(scroller, makeRow, signal) {
  /** @type {HTMLElement[]} */
  let chunks = [];
  let count = 0;
  let pinned = 0;
  /** The chunks near what is in sight. @type {Set<number>} */
  const near = new Set();
  const observer = new IntersectionObserver(
    (changes) => {
      for (const { target, isIntersecting } of changes) {
        const at = chunks.indexOf(/** @type {HTMLElement} */ (target));
        if (isIntersecting) near.add(at);
        else near.delete(at);
        tidy(at);
      }
    },
    { root: scroller, rootMargin: MARGIN },
  );
  signal.addEventListener("abort", () => observer.disconnect());

  /** @param {number} at */
  function fill(at) {
    const chunk = chunks[at];
    if (!chunk || chunk.firstChild) return;
    const rows = Array.from({ length: sizeOf(at) }, (_, i) => makeRow(at * CHUNK + i));
    chunk.style.height = "";
    chunk.append(...rows);
  }

  /** Draws a chunk that is near what is in sight or beside the row that is kept, and no other. @param {number} at */
  function tidy(at) {
    if (near.has(at) || Math.abs(at - Math.floor(pinned / CHUNK)) <= 1) fill(at);
    else clear(at);
  }

  /** Takes the rows out, and leaves their room. @param {number} at */
  function clear(at) {
    const chunk = chunks[at];
    if (!chunk?.firstChild) return;
    // While the list is hidden it has no height to keep.
    const height = chunk.offsetHeight;
    if (!height) return;
    chunk.style.height = `${height}px`;
    chunk.replaceChildren();
  }

  /** @param {number} at */
  const sizeOf = (at) => Math.min(CHUNK, count - at * CHUNK);

  return {
    /** Shows a list anew. @param {number} rows */
    show(rows) {
      observer.disconnect();
      near.clear();
      count = rows;
      pinned = 0;
      chunks = Array.from({ length: Math.ceil(rows / CHUNK) }, () =>
        h("div", { class: "arn-chunk", role: "presentation" }),
      );
      for (const [at, chunk] of chunks.entries()) chunk.style.height = `${sizeOf(at) * USUAL}px`;
      scroller.replaceChildren(...chunks);
      scroller.scrollTop = 0;
      tidy(0);
      for (const chunk of chunks) observer.observe(chunk);
    },

    /** Takes rows more at the end, of which the last one before may be another now. What is in sight stays there; the end does where that was. @param {number} rows */
    grow(rows) {
      const { scrollTop, clientHeight, scrollHeight } = scroller;
      const wasAtEnd = clientHeight > 0 && scrollTop + clientHeight >= scrollHeight - 1;
      const last = Math.max(0, chunks.length - 1);
      count = rows;
      chunks[last]?.replaceChildren();
      while (chunks.length * CHUNK < count) {
        const chunk = h("div", { class: "arn-chunk", role: "presentation" });
        chunks.push(chunk);
        scroller.append(chunk);
        observer.observe(chunk);
      }
      for (let at = last; at < chunks.length; at++) {
        chunks[at].style.height = `${sizeOf(at) * USUAL}px`;
        if (wasAtEnd || near.has(at) || at === 0) fill(at);
      }
      if (wasAtEnd) scroller.scrollTop = scroller.scrollHeight;
    },

    /** The element of a row, which is kept from then on. @param {number} row @returns {HTMLElement | null} */
    pin(row) {
      pinned = row;
      const at = Math.floor(row / CHUNK);
      // Its neighbours are drawn too, so that nothing above it changes its height once it is in sight.
      for (const each of chunks.keys()) tidy(each);
      return /** @type {HTMLElement | null} */ (chunks[at]?.children[row % CHUNK] ?? null);
    },

    /** Draws a row again where it is drawn. @param {number} row */
    redraw(row) {
      if (row < 0) return;
      chunks[Math.floor(row / CHUNK)]?.children[row % CHUNK]?.replaceWith(makeRow(row));
    },
  };
}
