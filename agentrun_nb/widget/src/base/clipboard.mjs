/** Copying text, and the button that does it. */
import { button } from "./dom.mjs";

const SAID_FOR_MS = 1500;

/**
 * A button that copies and says so.
 * @param {string} name what it does, in words: "Copy path"
 * @param {string} text
 * @param {string} [label] what stands on it
 */
export function copyButton(name, text, label = name) {
  const element = button(
    label,
    async () => {
      element.textContent = (await copy(text)) ? "Copied" : "Not allowed";
      setTimeout(() => (element.textContent = label), SAID_FOR_MS);
    },
    { "aria-label": name, "aria-live": "polite", class: "arn-button arn-copy" },
  );
  return element;
}

/** @param {string} text @returns {Promise<boolean>} whether it was copied */
export async function copy(text) {
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
