/** Groups of controls with one Tab stop: inside of them the arrow keys lead on, as the ARIA patterns of toolbar and grid have it. */
import { h, keepKeys } from "./dom.mjs";

/** What can be pressed now. */
const BUTTONS = "button:not([hidden], [role=toolbar] [hidden] *)";
/** @typedef {(key: string, items: HTMLElement[], at: number) => HTMLElement | undefined} Way where a key leads from the item that has the focus */

/** @param {string} label what the buttons are for @param {string} style a class @param {...import("./dom.mjs").Child} children */
export function toolbar(label, style, ...children) {
  const element = h("div", { role: "toolbar", "aria-label": label, class: style }, ...children);
  return rove(
    element,
    () => [.../** @type {NodeListOf<HTMLElement>} */ (element.querySelectorAll(BUTTONS))],
    alongLine,
  );
}

/** A list of buttons, through which the arrow keys lead up and down. @param {HTMLElement} list */
export const listKeys = (list) =>
  rove(
    list,
    () => [.../** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll(BUTTONS))],
    alongList,
  );

/** A table in which the arrow keys go from cell to cell; a cell that holds a button hands the focus to it. @param {HTMLTableElement} table */
export function grid(table) {
  table.setAttribute("role", "grid");
  return rove(
    table,
    () =>
      Array.from(
        table.querySelectorAll("th, td"),
        (cell) => cell.querySelector("button") ?? /** @type {HTMLElement} */ (cell),
      ),
    alongTable,
  );
}

/** @template {HTMLElement} E @param {E} group @param {() => HTMLElement[]} itemsOf @param {Way} way @returns {E} the group */
function rove(group, itemsOf, way) {
  /** @type {HTMLElement | undefined} */
  let stop;
  const settle = () => {
    const items = itemsOf();
    if (!stop || !items.includes(stop)) stop = items[0];
    for (const item of items) {
      item.tabIndex = item === stop ? 0 : -1;
      keepKeys(item);
    }
  };
  group.addEventListener("focusin", ({ target }) => {
    stop = /** @type {HTMLElement} */ (target);
    settle();
  });
  group.addEventListener("keydown", (event) => {
    const items = itemsOf();
    const next =
      !event.altKey &&
      !event.metaKey &&
      way(event.key, items, items.indexOf(/** @type {HTMLElement} */ (event.target)));
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  });
  new MutationObserver(settle).observe(group, {
    subtree: true,
    childList: true,
    attributeFilter: ["hidden"],
  });
  settle();
  return group;
}

/** From end to end and round again. @type {Way} */
export function alongLine(key, items, at) {
  const ends = { Home: 0, End: -1, ArrowRight: at + 1, ArrowLeft: at - 1 };
  const to = ends[/** @type {keyof typeof ends} */ (key)];
  return to === undefined ? undefined : items.at(to % items.length);
}

/** From end to end. @type {Way} */
function alongList(key, items, at) {
  const ways = { Home: 0, End: items.length - 1, ArrowDown: at + 1, ArrowUp: at - 1 };
  return items[ways[/** @type {keyof typeof ways} */ (key)]];
}

/** Along a row to its ends, along a column to the ends of the table. @type {Way} */
function alongTable(key, items, at) {
  const width = items[0].closest("tr")?.cells.length ?? 1;
  const first = at - (at % width);
  const ways = {
    Home: first,
    End: first + width - 1,
    ArrowRight: Math.min(at + 1, first + width - 1),
    ArrowLeft: Math.max(at - 1, first),
    ArrowDown: at + width,
    ArrowUp: at - width,
  };
  return items[ways[/** @type {keyof typeof ways} */ (key)]];
}
