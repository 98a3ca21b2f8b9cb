/** One line on how things stand: what is shown, whether it is all, whether the kernel answers. */
import { h } from "./dom.mjs";
import { visible } from "./status.mjs";

export class StatusLine {
  #text = h("span", "arn-says");
  #kernel = h("span", "arn-warning");
  element = h("p", { class: "arn-statusline", role: "status" }, this.#text, this.#kernel);

  /** @param {string} words */
  say(words) {
    this.#text.textContent = visible(words);
  }

  /** @param {boolean} silent */
  setSilent(silent) {
    this.#kernel.textContent = silent ? "The kernel does not answer. What is already here keeps working." : "";
  }

  /** @param {unknown} error */
  fail(error) {
    this.#text.textContent = `This could not be shown: ${visible(error instanceof Error ? error.message : String(error))}`;
  }
}
