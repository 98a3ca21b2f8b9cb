/** Copying text, and the button that does it. */
import { button } from "./dom.mjs";

const SAID_FOR_MS = 1500;

/**
 * A button that copies and says so.
 * @param {string} what what is copied, in words: "run id"
 * @param {() => string} text
 * @param {string} [label]
 */
export function copyButton(what, text, label = "Copy") {
  const element = button(label, async () => {
    const copied = await copy(text());
    element.textContent = copied ? "Copied" : "Not allowed";
    setTimeout(() => (element.textContent = label), SAID_FOR_MS);
  }, { "aria-label": `${label === "Copy" ? `Copy ${what}` : label}`, "aria-live": "polite", class: "arn-button arn-copy" });
  return element;
}

/** @param {string} text @returns {Promise<boolean>} whether it was copied */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

/** The way for pages that are not served securely, where there is no clipboard object. @param {string} text */
function copyBySelection(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "arn-offscreen";
  document.body.append(area);
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  focused?.focus();
  return copied;
}
