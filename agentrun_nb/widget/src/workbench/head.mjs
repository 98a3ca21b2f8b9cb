/** The first row of a page of many runs: what is shown, in a sentence, and what can be done with all of it. */
import { copy } from "../base/clipboard.mjs";
import { button, h } from "../base/dom.mjs";
import { countOf } from "../base/numbers.mjs";
import { saveFile } from "../base/save.mjs";
import { stretchWords } from "../base/stretch.mjs";
import { shortText, visible } from "../base/text.mjs";
import { isZone } from "../base/times.mjs";
import { readBytes } from "../kernel/bytes.mjs";

const LAST_DATE = 8.64e15;
const COPY = "Copy view";
const SAID_FOR_MS = 2000;
const LONGEST = 80;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onBack: () => void, onHelp: () => void}} options `onBack` leads from a run to the list
 */
export function createHead(store, { kernel, signal, onBack, onHelp }) {
  const { state } = store;
  const count = h("b");
  const scope = h("span", "arn-wb-scope");
  const verdict = h("span");
  const sentence = h(
    "p",
    { class: "arn-wb-sentence", "data-testid": "arn-wb-sentence" },
    count,
    scope,
    verdict,
  );
  const actions = h("div", "arn-wb-actions", ...(kernel.alone ? [] : keepers(kernel)));
  const back = button("‹ Runs", onBack, {
    class: "arn-link arn-wb-back",
    title: "Back to the runs",
  });
  const help = button("?", onHelp, {
    "aria-label": "Help: keys and gestures",
    title: "Keys and gestures (?)",
    "data-testid": "arn-wb-help",
  });

  function write() {
    const { page } = state.data;
    count.textContent = countOf(page.n);
    scope.textContent = [of(page.deployments.length), span()].join("");
    verdict.textContent = page.verdict && ` · ${visible(page.verdict)}`;
    verdict.classList.toggle("arn-warning", page.complete === false);
  }

  /** From the first run to the newest look at one, in words. */
  function span() {
    const { page, columns } = state.data;
    const { first, last } = edges(columns);
    if (!(first <= last)) return "";
    const zone = isZone(state.tz) ? state.tz : "UTC";
    return ` · ${stretchWords(first, last, zone, Math.max(page.now, last))}`;
  }

  store.watch(["data", "renewed", "tz"], write, signal);
  write();
  return {
    element: h("div", { class: "arn-wb-head" }, back, sentence, actions, help),
    /** Where further actions go. */
    actions,
    back,
  };
}

/** The ways to keep the view, which need a kernel. @param {import("../kernel/requests.mjs").Kernel} kernel */
function keepers(kernel) {
  const python = button(COPY, copyPython, {
    title: "Copy this view as Python: a cell that shows it again",
    "data-testid": "arn-wb-copy",
  });
  const save = button("Save", saveView, {
    title: "Save this view as a file that opens in any browser",
    "data-testid": "arn-wb-save",
  });

  async function copyPython() {
    python.textContent = await told(async () => {
      const { answer } = await kernel.ask("python");
      return (await copy(String(answer.text))) ? "Copied" : "Not allowed";
    });
    setTimeout(() => (python.textContent = COPY), SAID_FOR_MS);
  }

  async function saveView() {
    save.textContent = "Saving";
    save.textContent = await told(async () => {
      const { answer, buffers } = await kernel.ask("file");
      saveFile(await readBytes(answer.file, buffers), String(answer.name));
      return "Saved";
    });
    setTimeout(() => (save.textContent = "Save"), SAID_FOR_MS);
  }

  return [python, save];
}

/** What became of it, or why nothing did. @param {() => Promise<string>} act */
async function told(act) {
  try {
    return await act();
  } catch (error) {
    return shortText(/** @type {Error} */ (error).message, LONGEST);
  }
}

/** @param {number} deployments @returns {string} */
const of = (deployments) => (deployments > 1 ? ` of ${countOf(deployments, "deployment")}` : "");

/** When the first run was created, and when the last thing happened that is recorded. @param {import("../protocol.mjs").Columns | null} columns */
function edges(columns) {
  let [first, last] = [Infinity, -Infinity];
  for (const at of columns?.created ?? []) if (at < first && at >= -LAST_DATE) first = at;
  for (const times of [columns?.created, columns?.started, columns?.completed])
    for (const at of times ?? []) if (at > last && at <= LAST_DATE) last = at;
  return { first, last };
}
