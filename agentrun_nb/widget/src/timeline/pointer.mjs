/** What lies under the pointer: a tooltip over it, and what a click on it does. */

import { countOf } from "../base/numbers.mjs";
import { showTip } from "../base/tip.mjs";
import { hitAt } from "./hits.mjs";
import { outcomes, tellBand, tellLines, windowWords } from "./words.mjs";

/** How much nearer a click on a column of runs goes. */
const CLICK_ZOOM = 1 / 6;

/**
 * @param {import("./state.mjs").State} state
 * @param {{canvas: HTMLCanvasElement, picture: HTMLElement, tip: HTMLElement}} parts
 * @param {{navigation: import("./navigation.mjs").Navigation, selection: import("./selection.mjs").Selection}} commands
 */
export function createPointer(state, { canvas, picture, tip }, { navigation, selection }) {
  /** @param {number} x @param {number} y */
  const under = (x, y) => (state.view.model.size ? hitAt(state.view.scene, x, y) : null);

  /** Zooms in on a column as long as there is something nearer, else selects. @param {number} x @param {number} y @param {boolean} add to the selection */
  function click(x, y, add) {
    const hit = under(x, y);
    if (!hit) return;
    const { places, window, band } = hit;
    if (band !== undefined) return;
    if (window && navigation.zoom(CLICK_ZOOM, (window.start + window.end) / 2)) return;
    navigation.goTo(places[0]);
    selection.select(places, add);
  }

  /** @param {number} x @param {number} y */
  function hover(x, y) {
    const hit = under(x, y);
    tip.hidden = !hit;
    canvas.classList.toggle("arn-pointing", hit !== null && hit.band === undefined);
    if (hit) showTip(tip, describe(hit), x + picture.offsetLeft, y + picture.offsetTop);
  }

  /** @param {import("./hits.mjs").Hit} hit @returns {string[]} lines */
  function describe({ places, window, band }) {
    const { model, scene } = state.view;
    if (band !== undefined) return tellBand(model, scene.frame.bands[band], scene.fills[band]);
    if (places.length === 1) return tellLines(model, model.row[places[0]], state.zone);
    const counted = outcomes(model, places);
    if (!window)
      return [`${countOf(places.length, "failure")} here`, ...counted, "Click to select them"];
    const stretch = model.axis.instants(window);
    return [
      windowWords(stretch, state.zone, countOf(places.length)),
      ...counted,
      "Click to zoom in",
    ];
  }

  function leave() {
    tip.hidden = true;
  }

  return { click, hover, leave };
}
