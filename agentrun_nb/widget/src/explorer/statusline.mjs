/** One line on how things stand: what is shown, whether it is all, whether the kernel answers. */
import { h } from "../base/dom.mjs";
import { visible } from "../base/text.mjs";

export function createStatusLine() {
  const text = h("span", "arn-says");
  const kernel = h("span", "arn-warning");
  return {
    element: h("p", { class: "arn-statusline", role: "status" }, text, kernel),
    /** @param {string} words */
    say: (words) => (text.textContent = visible(words)),
    /** @param {boolean} silent */
    setSilent: (silent) =>
      (kernel.textContent = silent
        ? " The kernel does not answer. What is already here keeps working."
        : ""),
  };
}
