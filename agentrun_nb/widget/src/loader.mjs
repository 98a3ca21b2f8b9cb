/** What a saved notebook keeps of the page's code: this much, since the view's modules and styles come from the kernel as its data does. */

/**
 * @typedef {DataView | Uint8Array} Bytes
 * @typedef {import("./protocol.mjs").Model} Model
 * @typedef {[answer: any, buffers?: Bytes[]]} Message
 */

/** Where the page keeps the code once it has come, for all views of this version. The kernel puts the version in. */
const SHELF = "agentrun_nb VERSION";

const textOf = (/** @type {Bytes} */ bytes) => new TextDecoder().decode(bytes);

const address = (/** @type {string} */ text) =>
  URL.createObjectURL(new Blob([text], { type: "text/javascript" }));

/** Makes the code of what came for it. @param {Bytes[]} parts the module of the view, its styles, and the module that it shares with what is fetched later */
async function load([view, styles, shared]) {
  const common = address(textOf(shared));
  /** @type {Map<Bytes, Promise<any>>} */
  const modules = new Map();
  /** Modules from memory have no folder, so what they import is named by its address. @param {Bytes} bytes */
  async function run(bytes) {
    const text = textOf(bytes).replaceAll("./shared.js", common);
    const module = modules.get(bytes) ?? import(address(text));
    modules.set(bytes, module);
    return module;
  }
  // Both at once: the browser would look for the second one only when it has read the first.
  const [{ default: main }] = await Promise.all([run(view), import(common)]);
  return { main, run, styles };
}

/** What a view of one model is made of: anywidget calls this once a model. */
export default () => {
  /** What the kernel said by itself before there was a view. @type {Message[]} */
  let early = [];

  /** @param {{model: Model}} context */
  function initialize({ model }) {
    model.on("msg:custom", (/** @type {any} */ answer, /** @type {Bytes[]} */ buffers) => {
      // Other data makes a page that came before it an old one; the code is the same.
      if (answer?.op === "update" || answer?.op === "rows")
        early = early.filter(([{ op }]) => op === "code");
      else if (answer?.op)
        early = [...early.filter(([{ op }]) => op !== answer.op), [answer, buffers]];
    });
  }

  /**
   * @param {{model: Model, el: HTMLElement, signal?: AbortSignal}} context
   * @returns {Promise<(() => void) | undefined>} the end of the view
   */
  async function render({ model, el, signal }) {
    // Views of one model hear each other's answers, so each begins to count elsewhere.
    const number = (Math.random() * 2e9) | 0;
    /** @type {Message[]} */
    const heard = [];
    /** @type {(parts: Bytes[]) => void} */
    let take;
    /** @type {Promise<Bytes[]>} */
    const parts = new Promise((resolve) => (take = resolve));
    /** @param {any} answer @param {Bytes[]} [buffers] */
    function receive(answer, buffers) {
      heard.push([answer, buffers]);
      if ((answer?.id === number || answer?.op === "code") && buffers?.length) take(buffers);
    }
    const page = /** @type {any} */ (globalThis);
    el.textContent = "The live view waits for its kernel.";
    model.on("msg:custom", receive);
    signal?.addEventListener("abort", () => model.off("msg:custom", receive));
    for (const message of early) receive(...message);
    const came = early.map(([{ op }]) => op);
    early = [];
    if (!page[SHELF] && !came.includes("code")) model.send({ id: number, op: "module" });
    // The page is asked for before the code is there that shows it.
    if (!came.includes("opened")) model.send({ id: number + 1, op: "open" });
    const { main, run, styles } = (page[SHELF] ??= await parts.then(load));
    model.off("msg:custom", receive);
    el.textContent = "";
    const opening = { number: number + 1, heard };
    if (!signal?.aborted) return main.render({ model, el, run, styles, opening });
  }

  return { initialize, render };
};
