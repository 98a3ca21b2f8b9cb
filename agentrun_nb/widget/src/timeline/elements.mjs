/** The elements around the canvas: toolbar, tooltip, texts for those who do not see it. */

import { button, h } from "../base/dom.mjs";
import { toolbar } from "../base/roving.mjs";
import { GROUPINGS, WORDS } from "./grouping.mjs";
import { FIELDS, tell } from "./words.mjs";
import { formatCount } from "../base/numbers.mjs";

/**
 * @typedef {import("./layout.mjs").Grouping} Grouping
 * @typedef {import("./model.mjs").Model} Model
 * @typedef {object} Commands
 * @property {(by: Grouping | null) => void} group  null: as it fits
 * @property {(factor: number) => void} zoom
 * @property {() => void} fit
 * @property {(step: 1 | -1) => void} failure
 * @property {() => void} range
 * @property {() => void} fold
 * @property {() => void} keep  makes a filter of the window
 * @property {() => void} unplaced
 * @property {() => void} unread
 */

const MOST_ROWS = 200;

/** @param {Commands} commands */
export function elements(commands) {
  const { group, zoom, fit, failure, range, fold, keep, unplaced, unread } = commands;
  const act = (
    /** @type {string} */ test,
    /** @type {string} */ label,
    /** @type {string} */ name,
    /** @type {string} */ key,
    /** @type {() => void} */ action,
  ) =>
    button(label, action, {
      "aria-label": name,
      "aria-keyshortcuts": key || false,
      title: key ? `${name} (${key})` : name,
      "data-testid": `arn-${test}`,
    });
  const part = (/** @type {string} */ name, /** @type {"div" | "p"} */ tag = "p") =>
    h(tag, { class: `arn-tl-${name}`, "data-testid": `arn-${name}` });
  const by = groupingSelect(group);
  const position = h("span", { class: "arn-tl-position", "data-testid": "arn-failure-position" });
  const failures = h(
    "span",
    "arn-tl-failures",
    position,
    h(
      "span",
      "arn-tl-segments",
      act("failure-previous", "\u2039", "Previous failure", "p", () => failure(-1)),
      act("failure-next", "\u203a", "Next failure", "n", () => failure(1)),
    ),
  );
  const ranger = act("range", "Select range", "Select range by dragging", "", range);
  const folder = act("fold", "Fold gaps", "Fold gaps in which no run goes on", "", fold);
  ranger.setAttribute("aria-pressed", "false");
  const whole = act("fit", "Fit", "Fit all runs", "0", fit);
  const zooms = h(
    "span",
    "arn-tl-segments",
    act("zoom-out", "\u2212", "Zoom out", "-", () => zoom(2)),
    act("zoom-in", "+", "Zoom in", "+", () => zoom(0.5)),
  );
  const live = part("timeline-live", "div");
  live.setAttribute("aria-live", "polite");
  return {
    by,
    position,
    failures,
    keep: act("keep-window", "Keep this window", "Show only the runs of this window", "", keep),
    /** Where the choice of the zone is put. */
    corner: h("div", "arn-tl-corner"),
    ranger,
    folder,
    live,
    // The choice is no part of the toolbar, in which the arrow keys go from button to button.
    bar: h(
      "div",
      "arn-tl-bar",
      by.element,
      toolbar("Timeline", "arn-tl-tools", whole, zooms, folder, ranger, failures),
    ),
    canvas: h("canvas", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "timeline",
      "data-testid": "arn-timeline-canvas",
    }),
    window: part("window"),
    gestures: h("p", "arn-tl-gestures"),
    empty: part("timeline-empty"),
    notes: part("timeline-notes"),
    unplaced: button("", unplaced),
    unread: button("", unread),
    tip: part("tooltip", "div"),
    table: part("timeline-table", "div"),
  };
}

/**
 * The choice of the grouping.
 * @param {(by: Grouping | null) => void} group
 */
function groupingSelect(group) {
  const choices = [null, ...GROUPINGS];
  const options = choices.map((by) => h("option", { value: by ?? "" }, by ? WORDS[by][0] : ""));
  const list = h("select", { "data-testid": "arn-by", title: "Group the runs" }, ...options);
  list.addEventListener("change", () => group(choices[list.selectedIndex]));
  return {
    element: h("label", "arn-tl-by", "By ", list),
    /** @param {Grouping | null} by @param {Grouping} fitting what fits now */
    show(by, fitting) {
      options[0].textContent = `as fits (${WORDS[fitting][0]})`;
      list.selectedIndex = choices.indexOf(by);
    },
  };
}

/** @param {HTMLElement} box @param {Model} model @param {Uint32Array} places of the window @param {string} zone */
export function fillTable(box, model, places, zone) {
  const shown = places.subarray(0, MOST_ROWS);
  const rows = Array.from(shown, (p) =>
    h("tr", {}, ...tell(model, model.row[p], zone).map((text) => h("td", {}, text))),
  );
  box.replaceChildren(
    h(
      "table",
      {},
      h(
        "caption",
        {},
        `Runs in the window: ${formatCount(shown.length)} of ${formatCount(places.length)}`,
      ),
      h("tr", {}, ...FIELDS.map((name) => h("th", { scope: "col" }, name))),
      ...rows,
    ),
  );
}
