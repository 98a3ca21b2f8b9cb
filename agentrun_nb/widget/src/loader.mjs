/** What a saved notebook keeps of the page's code: this much, since the view's modules and styles come from the kernel as its data does. */

/** @typedef {DataView | Uint8Array} Bytes */

/**
 * @param {import("./protocol.mjs").Model} model
 * @returns {Promise<Bytes[]>} the module of the view, its styles, and the module that it shares with what is fetched later
 */
function fetchView(model) {
  return new Promise((resolve) => {
    /** @param {any} answer @param {Bytes[]} [buffers] */
    function receive(answer, buffers) {
      if (answer?.id !== 0 || !buffers?.length) return;
      model.off("msg:custom", receive);
      resolve(buffers);
    }
    model.on("msg:custom", receive);
    model.send({ id: 0, op: "module" });
  });
}

const textOf = (/** @type {Bytes} */ bytes) => new TextDecoder().decode(bytes);

const address = (/** @type {string} */ text) =>
  URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

/** Gives styles to the document, or the shadow tree, that an element stands in: once, however many views it has. @param {HTMLElement} el @param {string} text */
function dress(el, text) {
  const root = el.getRootNode();
  const place = root instanceof ShadowRoot ? root : document;
  /** @type {(CSSStyleSheet & {arn?: string})[]} */
  const sheets = place.adoptedStyleSheets;
  if (sheets.some(({ arn }) => arn === text)) return;
  const sheet = Object.assign(new CSSStyleSheet(), { arn: text });
  sheet.replaceSync(text);
  place.adoptedStyleSheets = [...sheets, sheet];
}

/**
 * @param {{model: import("./protocol.mjs").Model, el: HTMLElement, signal?: AbortSignal}} context
 * @returns {Promise<(() => void) | undefined>} the end of the view
 */
async function render({ model, el, signal }) {
  el.textContent = "The live view waits for its kernel.";
  const [view, styles, shared] = await fetchView(model);
  dress(el, textOf(styles));
  const common = address(textOf(shared));
  // Modules from memory have no folder, so what they import is named by its address.
  /** @param {Bytes} bytes @param {Bytes} [sheet] its styles */
  const run = (bytes, sheet) => {
    if (sheet) dress(el, textOf(sheet));
    return import(address(textOf(bytes).replaceAll("./shared.js", common)));
  };
  const { default: main } = await run(view);
  el.textContent = "";
  if (!signal?.aborted) return main.render({ model, el, run });
}

export default { render };
