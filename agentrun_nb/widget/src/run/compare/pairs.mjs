/** Values of two runs side by side, each pair under what it is of; where it is narrow, one under the other. */
import { button, h } from "../../base/dom.mjs";
import { formatCount } from "../../base/numbers.mjs";
import { emptyCell } from "../../base/table.mjs";
import { shortText } from "../../base/text.mjs";

/**
 * What two runs have at one place; null where nothing is there. `change` is a word for how they differ, "" where the values say it.
 * @typedef {{label: string, change?: string, a: string | null, b: string | null}} Pair
 */

const PAGE = 50;
const LONGEST = 1_000;

/** @param {Pair[]} pairs @param {string[]} names of the two runs */
export function pairsTable(pairs, names) {
  const heads = names.map((name) => h("th", { scope: "col" }, name));
  const table = h("table", "arn-pairs", h("thead", {}, h("tr", {}, ...heads)));
  const more = button("", show);
  let shown = 0;

  function show() {
    table.append(...pairs.slice(shown, shown + PAGE).map((pair) => pairRows(pair, names)));
    shown += PAGE;
    more.hidden = pairs.length <= shown;
    more.textContent = more.hidden
      ? ""
      : `Show more: ${formatCount(pairs.length - shown)} are hidden`;
  }

  show();
  return h("div", "arn-section", table, h("div", {}, more));
}

/** @param {Pair} pair @param {string[]} names */
function pairRows({ label, change, a, b }, names) {
  const title = h(
    "th",
    { colspan: "2", scope: "rowgroup" },
    h("span", "arn-value", shortText(label, LONGEST)),
    change && h("span", "arn-dim", ` ${change}`),
  );
  const body = h(
    "tbody",
    {},
    h("tr", {}, title),
    h("tr", {}, ...[a, b].map((value, i) => cell(value, names[i]))),
  );
  body.classList.toggle("arn-differs", a !== b);
  return body;
}

/** @param {string | null} value @param {string} name of the run, which is seen where the cells stand one under the other */
function cell(value, name) {
  const words = value === null ? emptyCell("not there") : shortText(value, LONGEST);
  return h("td", {}, h("span", "arn-pairname", name), words);
}
