/** The module that a notebook, or an exported file, loads. */
import { dress } from "./base/dress.mjs";
import { mountExplorer } from "./explorer/explorer.mjs";

/**
 * @typedef {import("./kernel/bytes.mjs").Buffer} Buffer
 * @param {{model: import("./protocol.mjs").Model, el: HTMLElement, run: (code: Buffer) => Promise<any>, styles?: Buffer, opening?: import("./kernel/requests.mjs").Opening}} context
 *   `run` makes a module of code
 * @returns {() => void} the end of the view
 */
function render({ model, el, run, styles, opening }) {
  dress(el, styles);
  const controller = new AbortController();
  // By this mark the style sheet knows the element that a box of widgets lays out.
  el.classList.add("arn-host");
  mountExplorer(model, el, {
    signal: controller.signal,
    opening,
    run(code, sheet) {
      dress(el, sheet);
      return run(code);
    },
  });
  return () => {
    controller.abort();
    el.classList.remove("arn-host");
    el.replaceChildren();
  };
}

/**
 * A view without a kernel, for which the model comes with the later part of the code: a file holds that too.
 * @param {HTMLElement} el
 * @param {import("./kernel/offline.mjs").Embedded} embedded
 * @param {() => Promise<any>} run
 * @returns {() => void} the end of the view
 */
export function mount(el, embedded, run) {
  const code = run();
  const ends = code.then(({ offlineModel }) =>
    render({ model: offlineModel(embedded), el, run: () => code }),
  );
  return () => void ends.then((end) => end());
}

export default { render };
