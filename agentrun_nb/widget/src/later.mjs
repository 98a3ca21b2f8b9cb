/** The part of the code that a view opens without: it comes once the page is there. */
export { createFollowing } from "./explorer/following.mjs";
export { takePatch } from "./kernel/patch.mjs";
export { createDurations } from "./durations/durations.mjs";
export { offlineModel } from "./kernel/offline.mjs";
export { excerptOf } from "./run/log/excerpt.mjs";
export { phaseLine } from "./run/phases.mjs";
export { logView } from "./run/log/view.mjs";
export { fileOf, kindOf } from "./run/preview/kinds.mjs";
export { valuesAt } from "./runs/documents.mjs";
export { createTable } from "./table/table.mjs";
export { jsonView } from "./tree/json_view.mjs";
export { besideEachOther, besideLastSuccess } from "./workbench/comparing.mjs";
export { createFilterPanel } from "./workbench/filter_panel.mjs";
export { createColouring } from "./workbench/colouring.mjs";
export { createHelp } from "./workbench/help.mjs";
