/** The ways to look at many runs; a new one is a line here. */
import { createPicture } from "./picture.mjs";

/**
 * @typedef {object} View
 * @property {string} name  as the trait `view` has it
 * @property {string} label
 * @property {string} title  what it shows, in a few words
 * @property {(store: import("../runs/store.mjs").Store, options: ViewOptions) => Made | Promise<Made>} create
 *
 * @typedef {{element: HTMLElement, corner: HTMLElement}} Made
 *   its `corner` is where the choice of the zone goes
 *
 * @typedef {object} ViewOptions
 * @property {import("../kernel/requests.mjs").Kernel} kernel
 * @property {AbortSignal} signal
 * @property {(rows: number[]) => void} onChoose  a person chose rows
 * @property {(by: import("../protocol.mjs").Grouping | null) => void} onGroup  a person chose a grouping; null: as it fits
 * @property {(window: [number, number] | null) => void} onLook  another stretch of time is on the screen; null: all
 * @property {(filter: import("../runs/filter.mjs").Filter | null) => void} onFilter  a person narrowed the runs
 */

/** @type {View[]} */
export const VIEWS = [
  {
    name: "timeline",
    label: "Timeline",
    title: "When runs began and ended",
    create: createPicture,
  },
  {
    name: "table",
    label: "Table",
    title: "A row a run, sorted by any column",
    create: async (store, options) => (await options.kernel.later()).createTable(store, options),
  },
  {
    name: "durations",
    label: "Durations",
    title: "How long runs took after their start, over when they were created",
    create: async (store, options) =>
      (await options.kernel.later()).createDurations(store, options),
  },
];
