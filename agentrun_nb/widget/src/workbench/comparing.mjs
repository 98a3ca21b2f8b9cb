/** Runs beside each other: what the kernel says of two of them, put together. */
import { button, h } from "../base/dom.mjs";
import { readJson } from "../kernel/bytes.mjs";
import { comparisonView } from "../run/compare/view.mjs";

const NO_SUCCESS = "No run of this deployment that is here succeeded before this one.";

/**
 * @typedef {object} Tools
 * @property {import("../kernel/requests.mjs").Kernel} kernel
 * @property {(row: number) => Promise<import("../run/compare/record.mjs").Known>} knownOf gives a run and until when it is known
 * @property {ReadonlyMap<string, string>} names
 * @property {() => void} onBack leads back to the run
 * @property {(words: string) => void} onWait told what may be the matter when the answer is long in coming
 */

/** @param {number[]} rows the first two of them @param {Tools} tools */
export async function besideEachOther([a, b], tools) {
  const { answer, buffers } = await tools.kernel.ask("compare", { rows: [a, b] }, tools.onWait);
  return together(a, b, await readJson(answer.comparison, buffers), "Two runs", tools);
}

/** @param {number} row of a run that failed @param {Tools} tools */
export async function besideLastSuccess(row, tools) {
  const { answer, buffers } = await tools.kernel.ask("last_success", { row }, tools.onWait);
  const back = button("‹ Back to the run", tools.onBack);
  if (answer.row === null)
    return h("div", "arn-run", h("div", {}, back), h("p", "arn-hint", NO_SUCCESS));
  const title = `Beside the last success of ${answer.of === "version" ? "the same version" : "the deployment, of another version"}`;
  const comparison = await readJson(answer.comparison, buffers);
  const element = await together(answer.row, row, comparison, title, tools);
  element.prepend(h("div", {}, back));
  return element;
}

/** @param {number} a @param {number} b rows @param {import("../protocol.mjs").Comparison} comparison @param {string} title @param {Tools} tools */
async function together(a, b, comparison, title, { knownOf, names }) {
  const [one, other] = await Promise.all([knownOf(a), knownOf(b)]);
  return comparisonView(comparison, [one, other], { title, names });
}
