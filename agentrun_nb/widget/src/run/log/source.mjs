/** Asking the kernel for logs, one run at a time. The log of a run that has ended is asked for once. */
import { readJson } from "../../kernel/bytes.mjs";

/**
 * `more` says that there are older events, which were not sent; `phases` are those of the run that the log tells, or else those that were seen.
 * @typedef {{events: import("./entries.mjs").LogEvent[], more: boolean, phases: import("../../protocol.mjs").Phase[]}} Log
 * @typedef {ReturnType<typeof createLogSource>} LogSource
 */

/** So many logs are remembered. */
const MOST = 50;

/** @param {import("../../kernel/requests.mjs").Kernel} kernel */
export function createLogSource(kernel) {
  /** @type {Map<string, Log>} */
  const known = new Map();
  /** The end of the request before. @type {Promise<void>} */
  let last = Promise.resolve();

  /** @param {string} key @param {Log} log */
  function remember(key, log) {
    known.set(key, log);
    if (known.size > MOST) known.delete(/** @type {string} */ (known.keys().next().value));
  }

  return {
    /**
     * @param {{row: number, key: string | null, signal: AbortSignal, onWait: (words: string) => void}} request
     *   `key` names the run where its log will not change; `onWait` is told what may be the matter when the answer is long in coming
     * @returns {Promise<Log>} rejected with the sentence of a refusal
     */
    async read({ row, key, signal, onWait }) {
      const found = known.get(key ?? "");
      if (found) return found;
      const before = last;
      let release = () => {};
      last = new Promise((resolve) => (release = resolve));
      await before;
      try {
        signal.throwIfAborted();
        const { answer, buffers } = await kernel.ask("logs", { row }, (words) => {
          // Who comes after need not wait for an answer that is long in coming.
          release();
          onWait(words);
        });
        const events = await readJson(answer.logs, buffers);
        const log = { events, more: Boolean(answer.more), phases: answer.phases ?? [] };
        if (key !== null) remember(key, log);
        return log;
      } finally {
        release();
      }
    },
  };
}
