/** Asking the kernel. A request is never given up: the page says that no answer comes, and takes it when it does. */

const PATIENCE_MS = 10_000;

/** @typedef {{answer: any, buffers: import("./bytes.mjs").Buffer[]}} Reply */

export class Kernel {
  #next = 1;
  /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: ReturnType<typeof setTimeout>}>} */
  #waiting = new Map();
  #model;
  #onSilence;

  /**
   * @param {import("./protocol.mjs").Model} model
   * @param {{signal: AbortSignal, onSilence: (silent: boolean) => void, onUpdate: (reply: Reply) => void}} options
   */
  constructor(model, { signal, onSilence, onUpdate }) {
    this.#model = model;
    this.#onSilence = onSilence;
    const receive = (/** @type {any} */ message, /** @type {import("./bytes.mjs").Buffer[] | undefined} */ buffers) => {
      if (message?.op === "update") onUpdate({ answer: message, buffers: buffers ?? [] });
      else this.#settle(message, buffers ?? []);
    };
    model.on("msg:custom", receive);
    signal.addEventListener("abort", () => {
      model.off("msg:custom", receive);
      for (const { timer } of this.#waiting.values()) clearTimeout(timer);
      this.#waiting.clear();
    }, { once: true });
  }

  /**
   * @param {"open" | "run" | "window"} op
   * @param {object} [body]
   * @returns {Promise<Reply>} rejected with the kernel's own sentence where it says no
   */
  ask(op, body = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#onSilence(true), PATIENCE_MS);
      this.#waiting.set(id, { resolve, reject, timer });
      try {
        this.#model.send({ id, op, ...body });
      } catch {
        this.#onSilence(true);
      }
    });
  }

  /** @param {any} message @param {import("./bytes.mjs").Buffer[]} buffers */
  #settle(message, buffers) {
    const request = this.#waiting.get(message?.id);
    if (!request) return;
    this.#waiting.delete(message.id);
    clearTimeout(request.timer);
    this.#onSilence(false);
    if (message.ok === true) request.resolve({ answer: message, buffers });
    else request.reject(new Error(typeof message.error === "string" ? message.error : "the kernel refused without a reason"));
  }
}
