/** The choice of the zone in which times are shown. */
import { h } from "../base/dom.mjs";
import { browserZone, isZone } from "../base/times.mjs";

/** @param {unknown} given @param {(tz: string) => void} onChange */
export function createZoneSwitch(given, onChange) {
  const select = h("select", { "aria-label": "Time zone of the times shown" });
  const warning = h("span", { class: "arn-warning", role: "status" });

  /** @param {unknown} zone one that does not exist is said to be unknown, and UTC stands in @returns {string} the zone that is shown */
  function set(zone) {
    const known = typeof zone === "string" && isZone(zone);
    const shown = known ? zone : "UTC";
    warning.textContent = known ? "" : " unknown zone: shown in UTC";
    select.replaceChildren(
      ...Array.from(new Set(["UTC", browserZone(), shown]), (name) => h("option", {}, name)),
    );
    return (select.value = shown);
  }

  set(given);
  select.addEventListener("change", () => onChange(set(select.value)));
  return {
    set,
    get: () => select.value,
    element: h("label", "arn-zone", h("span", "arn-zone-words", "Times in "), select, warning),
  };
}
