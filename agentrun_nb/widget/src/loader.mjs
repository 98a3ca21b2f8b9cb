/** What a saved notebook keeps of the page's code: this much, since the view's module comes from the kernel as its data does. */

/**
 * @param {import("./protocol.mjs").Model} model
 * @returns {Promise<typeof import("./main.mjs")>}
 */
function load(model) {
  return new Promise((resolve, reject) => {
    /** @param {any} answer @param {BlobPart[]} [buffers] */
    function receive(answer, [module] = []) {
      if (answer?.id !== 0 || !module) return;
      model.off("msg:custom", receive);
      const source = URL.createObjectURL(new Blob([module], { type: "text/javascript" }));
      import(source).then(resolve, reject).finally(() => URL.revokeObjectURL(source));
    }
    model.on("msg:custom", receive);
    model.send({ id: 0, op: "module" });
  });
}

/**
 * @param {{model: import("./protocol.mjs").Model, el: HTMLElement, signal?: AbortSignal}} context
 * @returns {Promise<(() => void) | undefined>} the end of the view
 */
async function render({ model, el, signal }) {
  el.textContent = "The live view waits for its kernel.";
  const { default: view } = await load(model);
  el.textContent = "";
  if (!signal?.aborted) return view.render({ model, el });
}

export default { render };
