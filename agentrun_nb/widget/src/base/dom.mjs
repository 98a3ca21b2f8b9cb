/**
 * Making elements. Text enters a page here and only here, as text nodes; attributes hold words of our own, never data.
 *
 * @typedef {Node | string | null | undefined | false} Child
 */

const TAKES_KEYS = /^(?:button|summary|select|input)$/;

/**
 * An element with attributes and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string | Record<string, string | boolean>} [attributes] a class, or attributes by name
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  const named = typeof attributes === "string" ? { class: attributes } : attributes;
  for (const [name, value] of Object.entries(named))
    if (value !== false) element.setAttribute(name, String(value));
  if ("tabindex" in named || TAKES_KEYS.test(tag)) keepKeys(element);
  for (const child of children)
    if ((child ?? false) !== false) element.append(/** @type {Node | string} */ (child));
  return element;
}

/** Notebooks listen to keys before an element does; this alone, on the very element that has the focus, leaves it its own. @param {Element} element */
export const keepKeys = (element) => element.setAttribute("data-lm-suppress-shortcuts", "true");

/**
 * A button that does one thing.
 * @param {Child} label
 * @param {(event: MouseEvent) => void} action
 * @param {Record<string, string | boolean>} [attributes]
 */
export function button(label, action, attributes = {}) {
  const element = h("button", { type: "button", class: "arn-button", ...attributes }, label);
  element.addEventListener("click", action);
  return element;
}

/** What an element stands for, where its words do not tell it from others of its kind. @type {WeakMap<Element, string>} */
export const meanings = new WeakMap();

let serial = 0;

/** An id that no other element of the page has, made without data. @param {string} stem */
export const uniqueId = (stem) =>
  `arn-${stem}-${++serial}-${Math.random().toString(36).slice(2, 8)}`;
