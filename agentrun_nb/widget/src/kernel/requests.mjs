/** Asking the kernel. While an answer may still come it is waited for, and the page says what may be the matter; once none can come, the request fails. */

const PATIENCE_MS = 10_000;
const LOOK_MS = 1_000;
const SILENT =
  "The kernel has not answered for a while. If it is busy, the answer comes when it is free. If it was restarted, run the cell of this view again.";
const CUT =
  "The kernel was restarted or has ended, so nothing answers this view any more. Run its cell again to go on.";

/** @typedef {"open" | "later" | "docs" | "run" | "select" | "selected" | "shown" | "groups" | "column" | "last_success" | "python" | "file" | "window" | "follow" | "preview" | "compare" | "logs"} Op */
/** @typedef {{answer: any, buffers: import("./bytes.mjs").Buffer[]}} Reply */
/** @typedef {ReturnType<typeof createKernel>} Kernel */
/** The request `open` that the loader has sent, and all that it has heard since. @typedef {{number: number, heard: [any, import("./bytes.mjs").Buffer[]?][]}} Opening */
/** Makes a module of the code that came for it, and gives the page its styles. @typedef {(code: import("./bytes.mjs").Buffer, styles?: import("./bytes.mjs").Buffer) => Promise<any>} Run */

/** The code that views open without, once it has come to one of them. @type {import("./bytes.mjs").Buffer[] | null} */
let laterCode = null;

/**
 * @param {import("../protocol.mjs").Model} model
 * @param {{signal: AbortSignal, run: Run, opening?: Opening, isCut?: () => boolean, onSilence: (silent: boolean) => void, onUpdate: (reply: Reply) => void, onRows?: (reply: Reply) => void, onNames?: (names: Record<string, string>) => void}} options
 *   `isCut` says whether the notebook knows that the kernel of this view is gone
 */
export function createKernel(
  model,
  { signal, run, opening, isCut = () => false, onSilence, onUpdate, onRows, onNames },
) {
  let next = opening?.number ?? 1;
  /** @type {Map<number, {resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: number}>} */
  const waiting = new Map();
  /** @type {Promise<any> | null} */
  let fetched = null;

  /** @param {number} id @returns the request, which is no longer waited for */
  function take(id) {
    const request = waiting.get(id);
    clearTimeout(request?.timer);
    waiting.delete(id);
    return request;
  }

  /** @param {any} answer @param {import("./bytes.mjs").Buffer[]} [buffers] */
  function receive(answer, buffers = []) {
    if (answer?.op === "update") return onUpdate({ answer, buffers });
    if (answer?.op === "rows") return onRows?.({ answer, buffers });
    if (answer?.op === "names") return onNames?.(answer.names);
    // A kernel that shows a view gives its page unasked, since it may be busy for long afterwards.
    const request = take(answer?.op === "opened" ? opening?.number : answer?.id);
    if (!request) return;
    onSilence(false);
    if (answer.ok === true) request.resolve({ answer, buffers });
    else request.reject(new Error(String(answer.error)));
  }

  model.on("msg:custom", receive);
  signal.addEventListener("abort", () => {
    model.off("msg:custom", receive);
    for (const { timer } of waiting.values()) clearTimeout(timer);
  });

  /**
   * @param {Op} op
   * @param {object} [body]
   * @param {(words: string) => void} [onWait] told what may be the matter when the answer is long in coming
   * @returns {Promise<Reply>} rejected with the kernel's own sentence where it says no, and with one of ours where no answer can come
   */
  function ask(op, body, onWait) {
    return new Promise((resolve, reject) => {
      const id = next++;
      /** @type {{resolve: (reply: Reply) => void, reject: (error: Error) => void, timer: number}} */
      const request = { resolve, reject, timer: 0 };
      /** @param {boolean} [first] */
      function look(first = false) {
        if (isCut()) {
          onSilence(true);
          return take(id)?.reject(new Error(CUT));
        }
        if (first) {
          onSilence(true);
          onWait?.(SILENT);
        }
        request.timer = setTimeout(look, LOOK_MS);
      }
      waiting.set(id, request);
      if (isCut()) return look();
      request.timer = setTimeout(look, PATIENCE_MS, true);
      if (id === opening?.number) return opening.heard.forEach((message) => receive(...message));
      try {
        model.send({ id, op, ...body });
      } catch {
        take(id);
        onSilence(true);
        reject(new Error(CUT));
      }
    });
  }

  /** Views of other kernels are on the page too, so none waits for what another one has asked for. */
  async function fetchLater() {
    laterCode ??= (await ask("later")).buffers;
    return laterCode;
  }

  return {
    /** Whether there is no kernel, only a file. */
    alone: Boolean(model.alone),
    /** Whether the notebook knows that the kernel is gone. */
    isCut,
    ask,
    /** Says something that has no answer. @param {Op} op @param {object} body */
    tell(op, body) {
      try {
        model.send({ id: next++, op, ...body });
      } catch {
        // A kernel that is gone need not know.
      }
    },
    /** The code that a view opens without: the exports of `later.mjs`. @returns {Promise<any>} */
    later() {
      fetched ??= fetchLater().then(([code, styles]) => run(code, styles));
      // What could not be fetched may be the next time.
      fetched.catch(() => (fetched = null));
      return fetched;
    },
  };
}
