/** The elements around the canvas: toolbar, legend, tooltip, texts for those who do not see it. */

import { button, h } from "./dom.mjs";
import { formatCount } from "./scale.mjs";
import { describe, statusMark } from "./status.mjs";
import { FIELDS, tell } from "./timeline-words.mjs";

/**
 * @typedef {import("./timeline-layout.mjs").Grouping} Grouping
 * @typedef {import("./timeline-model.mjs").Model} Model
 * @typedef {object} Commands
 * @property {(by: Grouping) => void} group
 * @property {(factor: number) => void} zoom
 * @property {() => void} fit
 * @property {(step: 1 | -1) => void} failure
 * @property {(code: number) => void} toggleStatus
 * @property {() => void} toggleRange
 */

const MOST_KEYS = 14;
const MOST_ROWS = 200;
const FOCUSABLE = { "data-lm-suppress-shortcuts": "true" };

/** @param {Commands} commands */
export function elements(commands) {
  const act = (/** @type {string} */ test, /** @type {string} */ label, /** @type {string} */ name, /** @type {() => void} */ action) =>
    button(label, action, { ...FOCUSABLE, "aria-label": name, "data-testid": test });
  const groups = /** @type {Grouping[]} */ (["time", "version", "status"]).map((by) => act(`arn-group-${by}`, by, `Group by ${by}`, () => commands.group(by)));
  const grouping = h("span", { class: "arn-segments", role: "group", "aria-label": "Group by" }, ...groups);
  const range = act("arn-range", "Select range", "Select a range by dragging", commands.toggleRange);
  const failures = h("span", "arn-segments",
    act("arn-failure-previous", "\u2039 Failure", "Previous failure", () => commands.failure(-1)),
    act("arn-failure-next", "Failure \u203a", "Next failure", () => commands.failure(1)));
  const zooms = h("span", "arn-segments",
    act("arn-zoom-out", "\u2212", "Zoom out", () => commands.zoom(2)),
    act("arn-zoom-in", "+", "Zoom in", () => commands.zoom(0.5)),
    act("arn-fit", "Fit", "Show all runs", commands.fit));
  const canvas = h("canvas", { ...FOCUSABLE, tabindex: "0", role: "application", "aria-roledescription": "timeline", "data-testid": "arn-timeline-canvas" });
  return {
    groups, grouping, range, failures, canvas,
    bar: h("div", { class: "arn-bar", role: "toolbar", "aria-label": "Timeline" }, grouping, zooms, failures, range),
    window: h("p", { class: "arn-window", "data-testid": "arn-window" }),
    empty: h("p", { class: "arn-empty", "data-testid": "arn-timeline-empty" }),
    tip: h("div", { class: "arn-tip", hidden: true, "data-testid": "arn-tooltip", "aria-hidden": "true" }),
    legend: h("div", { class: "arn-legend", role: "group", "aria-label": "Statuses, press to hide or show", "data-testid": "arn-legend" }),
    notes: h("p", { class: "arn-notes", "data-testid": "arn-timeline-notes" }),
    live: h("div", { class: "arn-unseen", "aria-live": "polite", "data-testid": "arn-timeline-live" }),
    table: h("div", { class: "arn-unseen", "data-testid": "arn-timeline-table" }),
  };
}

/**
 * @param {HTMLElement} legend
 * @param {{name: string | null, code: number, count: number}[]} counts
 * @param {(code: number) => boolean} hidden
 * @param {(code: number) => void} toggle
 */
export function fillLegend(legend, counts, hidden, toggle) {
  const keys = counts.slice(0, MOST_KEYS).map(({ name, code, count }) => {
    const key = button("", () => toggle(code), { ...FOCUSABLE, class: "arn-key", "aria-pressed": String(!hidden(code)) });
    key.append(statusMark(name), h("span", "arn-key-name", describe(name).label), h("span", "arn-key-count", formatCount(count)));
    return key;
  });
  const rest = counts.slice(MOST_KEYS);
  const more = rest.length > 0 && h("span", {}, `and ${formatCount(rest.length)} more statuses (${formatCount(rest.reduce((sum, { count }) => sum + count, 0))} runs)`);
  legend.replaceChildren(...keys, ...(more ? [more] : []));
}

/** @param {HTMLElement} box @param {Model} model @param {Uint32Array} places of the window @param {string} zone */
export function fillTable(box, model, places, zone) {
  const shown = Math.min(places.length, MOST_ROWS);
  const rows = Array.from(places.subarray(0, shown), (p) => h("tr", {}, ...tell(model, model.row[p], zone).map((text) => h("td", {}, text))));
  box.replaceChildren(h("table", {},
    h("caption", {}, `Runs in the window: the first ${formatCount(shown)} of ${formatCount(places.length)}`),
    h("thead", {}, h("tr", {}, ...FIELDS.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, ...rows),
  ));
}

/** @param {HTMLElement} tip @param {string[]} lines a heading and "name: value" lines, or plain ones @param {number} x @param {number} y @param {HTMLElement} box */
export function showTip(tip, lines, x, y, box) {
  tip.replaceChildren(...lines.map((line) => h("div", {}, line)));
  tip.hidden = false;
  const right = box.clientWidth - tip.offsetWidth;
  const below = y + 16 + tip.offsetHeight <= box.clientHeight ? y + 16 : Math.max(0, y - tip.offsetHeight - 10);
  tip.style.left = `${Math.max(0, Math.min(right, x + 12))}px`;
  tip.style.top = `${below}px`;
}
