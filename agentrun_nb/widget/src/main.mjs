/** The module that a notebook, or an exported file, loads. */
import { createExplorer } from "./explorer/explorer.mjs";
import { offlineModel } from "./kernel/offline.mjs";

/**
 * @param {{model: import("./protocol.mjs").Model, el: HTMLElement, run: import("./kernel/requests.mjs").Run}} context
 * @returns {() => void} the end of the view
 */
function render({ model, el, run }) {
  const controller = new AbortController();
  // By this mark the style sheet knows the element that a box of widgets lays out.
  el.classList.add("arn-host");
  createExplorer(model, el, { signal: controller.signal, run });
  return () => {
    controller.abort();
    el.classList.remove("arn-host");
    el.replaceChildren();
  };
}

/**
 * A view without a kernel.
 * @param {HTMLElement} el
 * @param {import("./kernel/offline.mjs").Embedded} embedded
 * @param {import("./kernel/requests.mjs").Run} run
 */
export function mount(el, embedded, run) {
  return render({ model: offlineModel(embedded), el, run });
}

export default { render };
