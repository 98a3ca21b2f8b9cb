/** The choice of the zone in which times are shown. */
import { h } from "./dom.mjs";
import { browserZone, isZone } from "./times.mjs";

export class ZoneSwitch {
  #select = h("select", { class: "arn-select", "aria-label": "Time zone of the times shown" });
  #warning = h("span", { class: "arn-warning", role: "status" });
  element = h("label", "arn-zone", "Times in ", this.#select, this.#warning);
  zone = "UTC";

  /** @param {unknown} given @param {(tz: string) => void} onChange */
  constructor(given, onChange) {
    this.set(given);
    this.#select.addEventListener("change", () => {
      this.set(this.#select.value);
      onChange(this.zone);
    });
  }

  /** @param {unknown} given a zone name; one that does not exist is said to be unknown, and UTC stands in */
  set(given) {
    const known = typeof given === "string" && isZone(given);
    this.zone = known ? given : "UTC";
    this.#warning.textContent = known ? "" : " unknown zone: shown in UTC";
    const options = [...new Set(["UTC", browserZone(), this.zone])].map((zone) => {
      const option = h("option", {}, zone);
      option.value = zone;
      return option;
    });
    this.#select.replaceChildren(...options);
    this.#select.value = this.zone;
  }
}
