/** What a saved notebook keeps of the page's code: this much, since the view's modules and styles come from the kernel as its data does. */

/** @typedef {DataView | Uint8Array} Bytes */

/** Where the page keeps the code once it has come, for all views of this version. The kernel puts the version in. */
const SHELF = Symbol.for("agentrun_nb VERSION");

const textOf = (/** @type {Bytes} */ bytes) => new TextDecoder().decode(bytes);

const address = (/** @type {string} */ text) =>
  URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

/** Makes the code of what came for it. @param {Bytes[]} parts the module of the view, its styles, and the module that it shares with what is fetched later */
async function load([view, styles, shared]) {
  const common = address(textOf(shared));
  /** @type {Map<Bytes, Promise<any>>} */
  const modules = new Map();
  /** Modules from memory have no folder, so what they import is named by its address. @param {Bytes} bytes */
  function run(bytes) {
    if (!modules.has(bytes))
      modules.set(bytes, import(address(textOf(bytes).replaceAll("./shared.js", common))));
    return /** @type {Promise<any>} */ (modules.get(bytes));
  }
  const { default: main } = await run(view);
  return { main, run, styles };
}

/**
 * @param {{model: import("./protocol.mjs").Model, el: HTMLElement, signal?: AbortSignal}} context
 * @returns {Promise<(() => void) | undefined>} the end of the view
 */
async function render({ model, el, signal }) {
  // Views of one model hear each other's answers, so each begins to count elsewhere.
  const number = Math.floor(Math.random() * 2 ** 50);
  /** @type {[any, Bytes[]?][]} */
  const heard = [];
  /** @type {(parts: Bytes[]) => void} */
  let take;
  /** @type {Promise<Bytes[]>} */
  const parts = new Promise((resolve) => (take = resolve));
  /** @param {any} answer @param {Bytes[]} [buffers] */
  function receive(answer, buffers) {
    heard.push([answer, buffers]);
    if (answer?.id === number && buffers?.length) take(buffers);
  }
  const page = /** @type {any} */ (globalThis);
  el.textContent = "The live view waits for its kernel.";
  model.on("msg:custom", receive);
  if (!page[SHELF]) model.send({ id: number, op: "module" });
  // The page is asked for before the code is there that shows it.
  model.send({ id: number + 1, op: "open" });
  const { main, run, styles } = (page[SHELF] ??= await parts.then(load));
  model.off("msg:custom", receive);
  el.textContent = "";
  const opening = { number: number + 1, heard };
  if (!signal?.aborted) return main.render({ model, el, run, styles, opening });
}

export default { render };
