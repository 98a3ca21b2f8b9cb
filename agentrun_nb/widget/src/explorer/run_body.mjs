/** A page that is one run. */
import { h } from "../base/dom.mjs";
import { createLogSource } from "../run/log/source.mjs";
import { createRunView } from "../run/view.mjs";

/** @param {import("./explorer.mjs").Held} data @param {import("./explorer.mjs").Context} context @returns {import("./explorer.mjs").Body} */
export function createRunBody({ docs, page }, { kernel, traits, tz, signal }) {
  if (!docs?.[0]) return { element: h("p", "arn-hint", "There is no run to show.") };
  let [doc] = docs;
  const { element, corner, setZone, setNames, reveal, renew } = createRunView(doc, {
    tz,
    now: page.now,
    kernel,
    noPreviews: page.no_previews,
    names: new Map(Object.entries(page.names)),
    logs: createLogSource(kernel),
    tab: "overview",
    pythonOf: (name) => `run.${name}`,
    signal,
    onPath: (path) => traits.put("path", path),
    onTab: () => {},
    canCompare: () => false,
    onCompare: () => {},
  });
  return {
    element,
    corner,
    setZone,
    setNames,
    setPath: (path) => reveal(path),
    renew: (renewed) => renew((doc = renewed.doc ?? doc), page.now),
  };
}
