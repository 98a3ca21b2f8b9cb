/** A button with a menu under it, as the ARIA pattern has it: arrow keys lead along, Escape closes. */
import { button, h, uniqueId } from "./dom.mjs";

/** @typedef {{label: string, act: () => void}} Item */

/** @param {string} label what stands on the button @param {Item[]} items */
export function createMenu(label, items) {
  const id = uniqueId("menu");
  const opener = button(label, () => (list.hidden ? open() : close()), {
    "aria-haspopup": "menu",
    "aria-expanded": "false",
    "aria-controls": id,
  });
  const entries = items.map((item) =>
    button(
      item.label,
      () => {
        close();
        item.act();
      },
      { class: "arn-item", role: "menuitem", tabindex: "-1" },
    ),
  );
  const list = h("div", { class: "arn-menulist", role: "menu", id, hidden: true }, ...entries);
  const element = h("span", "arn-menu", opener, list);

  function open() {
    list.hidden = false;
    opener.ariaExpanded = "true";
    entries[0]?.focus();
  }

  function close() {
    // The focus is given back only where the menu has it: a click elsewhere has taken it already.
    if (list.contains(focused())) opener.focus();
    list.hidden = true;
    opener.ariaExpanded = "false";
  }

  const focused = () =>
    /** @type {HTMLElement | null} */ (
      /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement
    );

  /** @param {string} key @returns {HTMLElement | undefined} the entry that a key leads to */
  function entryAt(key) {
    const at = entries.indexOf(/** @type {HTMLButtonElement} */ (focused()));
    const places = { Home: 0, End: -1, ArrowDown: at + 1, ArrowUp: Math.max(at, 0) - 1 };
    const place = places[/** @type {keyof typeof places} */ (key)];
    return place === undefined ? undefined : entries.at(place % entries.length);
  }

  element.addEventListener("keydown", (event) => {
    if (list.hidden && event.key !== "ArrowDown") return;
    if (event.key !== "Escape" && !entryAt(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") return close();
    if (list.hidden) return open();
    entryAt(event.key)?.focus();
  });
  element.addEventListener("focusout", ({ relatedTarget }) => {
    if (!element.contains(/** @type {Node | null} */ (relatedTarget))) close();
  });
  return {
    element,
    /** @param {string} words what stands on the button for a while */
    say(words) {
      opener.textContent = words;
    },
  };
}
