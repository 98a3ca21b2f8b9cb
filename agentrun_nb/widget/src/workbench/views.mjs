/** The ways to look at many runs; a new one is a line here. */
import { createPicture } from "./picture.mjs";

/**
 * @typedef {object} View
 * @property {string} name  as the trait `view` has it
 * @property {string} label
 * @property {string} title  what it shows, in a few words
 * @property {(store: import("../runs/store.mjs").Store, options: ViewOptions) => {element: HTMLElement, corner?: HTMLElement}} create
 *   its `corner` is where the choice of the zone goes; without one that stands under it
 *
 * @typedef {object} ViewOptions
 * @property {import("../kernel/requests.mjs").Kernel} kernel
 * @property {AbortSignal} signal
 * @property {(rows: number[]) => void} onChoose  a person chose rows
 * @property {(by: import("../protocol.mjs").Grouping | null) => void} onGroup  a person chose a grouping; null: as it fits
 */

/** @type {View[]} */
export const VIEWS = [
  {
    name: "timeline",
    label: "Timeline",
    title: "When runs began and ended",
    create: createPicture,
  },
];
