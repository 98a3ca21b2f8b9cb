/** Copying text, and the button that does it. */
import { button, h } from "./dom.mjs";

const SAID_FOR_MS = 1500;

/**
 * A button that copies and says so.
 * @param {string} name what it does, in words: "Copy path"
 * @param {string} text
 * @param {string} [label] what stands on it
 */
export function copyButton(name, text, label = name) {
  // Who speaks to the page says what stands on a button, so that is in its name; data stands in no attribute.
  const isInName = name.includes(label);
  /** @type {Record<string, string>} */
  const named = isInName ? { "aria-label": name } : {};
  const element = button(
    "",
    async () => {
      element.textContent = (await copy(text)) ? "Copied" : "Not allowed";
      setTimeout(write, SAID_FOR_MS);
    },
    { ...named, "aria-live": "polite", class: "arn-button arn-copy" },
  );
  const before = h("span", "arn-offsight", `${name} `);
  const write = () => element.replaceChildren(...(isInName ? [] : [before]), label);
  write();
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
