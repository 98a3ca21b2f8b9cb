/** What the page has to know of the hosts that it may stand in: by which marks they say something. Their looks are in styles/hosts. */

/**
 * @typedef {object} Host
 * @property {string} name
 * @property {string[]} theme the attributes of html or body that change with its theme
 * @property {string} [cut] the selector of what stands around a view whose kernel is gone
 */

/** @type {Host[]} */
const HOSTS = [
  { name: "any page", theme: ["class", "style", "data-theme"] },
  {
    name: "Jupyter",
    theme: ["data-jp-theme-light", "data-jp-theme-name"],
    cut: ".jupyter-widgets-disconnected",
  },
];

/** The attributes of html and body that change with the theme of any host. */
export const THEME_ATTRIBUTES = HOSTS.flatMap(({ theme }) => theme);

/** Whether the host says that the kernel of a view is gone. @param {Element} view */
export function isCut(view) {
  return HOSTS.some(({ cut }) => cut !== undefined && view.closest(cut) !== null);
}
