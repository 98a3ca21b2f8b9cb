/** The elements around the canvas: toolbar, legend, tooltip, texts for those who do not see it. */

import { button, h } from "../base/dom.mjs";
import { toolbar } from "../base/roving.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { FIELDS, tell } from "./words.mjs";
import { formatCount, partOf, runsOf } from "../base/numbers.mjs";

/**
 * @typedef {import("./layout.mjs").Grouping} Grouping
 * @typedef {import("./model.mjs").Model} Model
 * @typedef {object} Commands
 * @property {(by: Grouping) => void} group
 * @property {(factor: number) => void} zoom
 * @property {() => void} fit
 * @property {(step: 1 | -1) => void} failure
 * @property {() => void} range
 * @property {() => void} fold
 * @property {() => void} unplaced
 * @property {() => void} unread
 */

const MOST_KEYS = 14;
const MOST_ROWS = 200;
/** @type {Grouping[]} */
export const GROUPINGS = ["time", "version", "status"];

/** @param {Commands} commands */
export function elements({ group, zoom, fit, failure, range, fold, unplaced, unread }) {
  const act = (
    /** @type {string} */ test,
    /** @type {string} */ label,
    /** @type {string} */ name,
    /** @type {() => void} */ action,
  ) => button(label, action, { "aria-label": name, "data-testid": `arn-${test}` });
  const groups = GROUPINGS.map((by) => act(`group-${by}`, by, `Group by ${by}`, () => group(by)));
  const part = (/** @type {string} */ name, /** @type {"div" | "p"} */ tag = "p") =>
    h(tag, { class: `arn-tl-${name}`, "data-testid": `arn-${name}` });
  const grouping = h("span", "arn-tl-segments", "By\u00a0", ...groups);
  const failures = h(
    "span",
    "arn-tl-segments",
    act("failure-previous", "\u2039 Failure", "Previous failure", () => failure(-1)),
    act("failure-next", "Failure \u203a", "Next failure", () => failure(1)),
  );
  const ranger = act("range", "Select range", "Select range by dragging", range);
  const folder = act("fold", "Fold gaps", "Fold gaps in which no run goes on", fold);
  ranger.setAttribute("aria-pressed", "false");
  const zooms = h(
    "span",
    "arn-tl-segments",
    act("zoom-out", "\u2212", "Zoom out", () => zoom(2)),
    act("zoom-in", "+", "Zoom in", () => zoom(0.5)),
    act("fit", "Fit", "Fit all runs", fit),
  );
  const live = part("timeline-live", "div");
  live.setAttribute("aria-live", "polite");
  const legend = toolbar("Highlight runs by status", "arn-tl-legend");
  legend.dataset.testid = "arn-legend";
  return {
    groups,
    grouping,
    failures,
    ranger,
    folder,
    live,
    legend,
    bar: toolbar("Timeline", "arn-tl-bar", grouping, zooms, failures, ranger, folder),
    canvas: h("canvas", {
      tabindex: "0",
      role: "application",
      "aria-roledescription": "timeline",
      "data-testid": "arn-timeline-canvas",
    }),
    window: part("window"),
    empty: part("timeline-empty"),
    notes: part("timeline-notes"),
    unplaced: button("", unplaced),
    unread: button("", unread),
    highlighted: part("timeline-highlighted"),
    tip: part("tooltip", "div"),
    table: part("timeline-table", "div"),
  };
}

/**
 * @param {HTMLElement} legend
 * @param {import("./model.mjs").StatusCount[]} counts
 * @param {Set<number>} highlighted the looks that are brought out
 * @param {(look: number) => void} toggle
 * @param {HTMLElement} unread the way to runs that were not read
 */
export function fillLegend(legend, counts, highlighted, toggle, unread) {
  const keys = counts.slice(0, MOST_KEYS).map(({ name, look }) => {
    const key = button("", () => toggle(look), {
      class: "arn-tl-key",
      "aria-pressed": String(highlighted.has(look)),
    });
    key.append(
      statusMark(name),
      h("span", "arn-tl-key-name", describe(name).label),
      " ",
      h("span", "arn-tl-key-count"),
    );
    return key;
  });
  legend.replaceChildren(...keys, h("span", "arn-tl-more"), unread);
}

/** Tells how many runs of each status are in the window; the keys stay, one of which may have the focus. @param {HTMLElement} legend @param {import("./model.mjs").StatusCount[]} counts */
export function countLegend(legend, counts) {
  legend
    .querySelectorAll(".arn-tl-key-count")
    .forEach((place, i) => (place.textContent = partOf(counts[i].inside, counts[i].count)));
  const rest = counts.slice(MOST_KEYS);
  const [inside, all] = [
    rest.reduce((sum, one) => sum + one.inside, 0),
    rest.reduce((sum, one) => sum + one.count, 0),
  ];
  /** @type {HTMLElement} */ (legend.querySelector(".arn-tl-more")).textContent = rest.length
    ? `and ${formatCount(rest.length)} more statuses (${runsOf(inside, all)})`
    : "";
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

/** @param {HTMLElement} tip @param {string[]} lines @param {number} x @param {number} y */
export function showTip(tip, lines, x, y) {
  const around = /** @type {HTMLElement} */ (tip.parentElement);
  tip.replaceChildren(...lines.map((line) => h("div", {}, line)));
  tip.hidden = false;
  const below = y + 16 + tip.offsetHeight <= around.clientHeight;
  tip.style.left = `${Math.max(0, Math.min(around.clientWidth - tip.offsetWidth, x + 12))}px`;
  tip.style.top = `${below ? y + 16 : Math.max(0, y - tip.offsetHeight - 10)}px`;
}
