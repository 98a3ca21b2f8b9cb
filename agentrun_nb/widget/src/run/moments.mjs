/** A moment on the page: short in the chosen zone, whole in UTC when pointed at or focused. */
import { h, uniqueId } from "../base/dom.mjs";
import { moment } from "../base/times.mjs";

/** @param {string} utc canonical UTC text @param {string} tz */
export function momentText(utc, tz) {
  const { date, time, offset, utc: whole } = moment(utc, tz);
  const id = uniqueId("tip");
  return h(
    "span",
    { class: "arn-moment", tabindex: "0", "aria-describedby": id },
    h("span", "arn-time", time),
    " ",
    h("span", "arn-date", `${date} ${offset}`),
    h("span", { class: "arn-utc", role: "tooltip", id }, whole),
  );
}
