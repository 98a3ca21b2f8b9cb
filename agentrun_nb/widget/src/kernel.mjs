/** Asking the kernel. A request is never given up: the page says that no answer comes, and takes it when it does. */

const PATIENCE_MS = 10_000;

/** @typedef {{answer: any, buffers: import("./bytes.mjs").Buffer[]}} Reply */
/** @typedef {ReturnType<typeof createKernel>} Kernel */

/**
 * @param {import("./protocol.mjs").Model} model
 * @param {{signal: AbortSignal, onSilence: (silent: boolean) => void, onUpdate: (reply: Reply) => void}} options
 */
export function createKernel(model, { signal, onSilence, onUpdate }) {
  let next = 1;
  /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: number}>} */
  const waiting = new Map();

  /** @param {any} answer @param {import("./bytes.mjs").Buffer[]} [buffers] */
  function receive(answer, buffers = []) {
    if (answer?.op === "update") return onUpdate({ answer, buffers });
    const request = waiting.get(answer?.id);
    if (!request) return;
    waiting.delete(answer.id);
    clearTimeout(request.timer);
    onSilence(false);
    if (answer.ok === true) request.resolve({ answer, buffers });
    else request.reject(new Error(String(answer.error)));
  }

  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", receive);
    for (const { timer } of waiting.values()) clearTimeout(timer);
  });

  return {
    /** Whether there is no kernel, only a file. */
    alone: Boolean(model.alone),
    /**
     * @param {"open" | "run" | "window" | "preview" | "compare"} op
     * @param {object} [body]
     * @returns {Promise<Reply>} rejected with the kernel's own sentence where it says no
     */
    ask: (op, body) => new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject, timer: setTimeout(onSilence, PATIENCE_MS, true) });
      try {
        model.send({ id, op, ...body });
      } catch {
        onSilence(true);
      }
    }),
  };
}
