/** Panels of which one is in sight, under a line of tabs. As the ARIA pattern has it, the line is one Tab stop, and its arrow keys open what they come to. */
import { button, h, uniqueId } from "./dom.mjs";
import { alongLine } from "./roving.mjs";

/**
 * A tab and what draws its panel, which happens when it is first opened. The signal ends what is drawn.
 * @typedef {{name: string, label: string, draw: (signal: AbortSignal) => import("./dom.mjs").Child[]}} Tab
 */

/**
 * @param {string} label what the panels are about
 * @param {Tab[]} tabs of which the first is open
 * @param {(name: string) => void} onOpen called when a person opens a tab
 * @param {AbortSignal} signal
 */
export function createTabs(label, tabs, onOpen, signal) {
  const id = uniqueId("tab");
  const parts = tabs.map(({ name, label: words, draw }) => ({
    name,
    draw,
    drawn: false,
    end: new AbortController(),
    tab: button(words, () => choose(name), {
      class: "arn-tab",
      role: "tab",
      id: `${id}-${name}`,
      "aria-controls": `${id}-${name}-panel`,
    }),
    panel: h("div", {
      class: "arn-section arn-panel",
      role: "tabpanel",
      id: `${id}-${name}-panel`,
      "aria-labelledby": `${id}-${name}`,
      tabindex: "0",
    }),
  }));
  const buttons = parts.map(({ tab }) => tab);
  const line = h("div", { class: "arn-tabs", role: "tablist", "aria-label": label }, ...buttons);
  line.addEventListener("keydown", (event) => {
    const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (event.target));
    const next = buttons.indexOf(
      /** @type {HTMLButtonElement} */ (alongLine(event.key, buttons, at)),
    );
    if (next < 0 || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    buttons[next].focus();
    choose(parts[next].name);
  });

  /** @param {string} name */
  function open(name) {
    for (const part of parts) {
      const isOpen = part.name === name;
      part.tab.ariaSelected = String(isOpen);
      part.tab.tabIndex = isOpen ? 0 : -1;
      part.panel.hidden = !isOpen;
      if (!isOpen || part.drawn) continue;
      part.drawn = true;
      part.panel.append(
        .../** @type {(Node | string)[]} */ (
          part.draw(part.end.signal).filter((child) => child || child === "")
        ),
      );
    }
  }

  /** @param {string} name */
  function choose(name) {
    open(name);
    onOpen(name);
  }

  signal.addEventListener("abort", () => parts.forEach(({ end }) => end.abort()));
  open(tabs[0].name);
  return {
    element: h("div", "arn-tabbed", line, ...parts.map(({ panel }) => panel)),
    open,
    /** Draws panels anew: the open one at once, the others when they are opened. @param {unknown[]} names */
    redraw(names) {
      for (const part of parts.filter(({ name }) => names.includes(name))) {
        part.drawn = false;
        part.end.abort();
        part.end = new AbortController();
        part.panel.replaceChildren();
        if (!part.panel.hidden) open(part.name);
      }
    },
    /** Opens a tab and hands it the focus, which what was pressed in another cannot keep. @param {string} name */
    lead(name) {
      choose(name);
      parts.find((part) => part.name === name)?.tab.focus();
    },
    /** @param {string} name @param {string} words what stands on its tab */
    setLabel(name, words) {
      const part = parts.find((one) => one.name === name);
      if (part) part.tab.textContent = words;
    },
  };
}
