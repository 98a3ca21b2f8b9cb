/** What a saved notebook keeps of the page's code: this much, since the view's module and styles come from the kernel as its data does. */

/**
 * @param {import("./protocol.mjs").Model} model
 * @param {(styles: BlobPart) => void} dress
 * @returns {Promise<typeof import("./main.mjs")>}
 */
function load(model, dress) {
  return new Promise((resolve, reject) => {
    /** @param {any} answer @param {BlobPart[]} [buffers] */
    function receive(answer, [module, styles] = []) {
      if (answer?.id !== 0 || !module) return;
      model.off("msg:custom", receive);
      if (styles) dress(styles);
      const source = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
      import(source).then(resolve, reject).finally(() => URL.revokeObjectURL(source));
    }
    model.on("msg:custom", receive);
    model.send({ id: 0, op: "module" });
  });
}

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
  const { default: view } = await load(model, (styles) =>
    dress(el, new TextDecoder().decode(/** @type {DataView} */ (styles))),
  );
  el.textContent = "";
  if (!signal?.aborted) return view.render({ model, el });
}

export default { render };
