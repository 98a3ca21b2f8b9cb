/** The versions with the most failures, each a filter in one press: what is asked for most. */
import { button, h } from "../base/dom.mjs";
import { formatCount } from "../base/numbers.mjs";
import { toolbar } from "../base/roving.mjs";
import { describe } from "../base/status.mjs";
import { shortText } from "../base/text.mjs";
import { nameOfRow } from "../runs/names.mjs";

/** @typedef {import("../runs/filter.mjs").Filter} Filter */
/** @typedef {{id: string, name: string, count: number, isChosen: boolean}} Version a version with failures; `isChosen`: of the first chosen run */

/** So many versions are offered; all stand in the list of versions. */
const MOST = 5;
const LONGEST = 30;

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {(changes: Partial<Filter>) => void} onChange
 */
export function createFailedVersions({ state }, onChange) {
  const bar = toolbar("Failures of a version", "arn-line-up");
  const element = h("div", "arn-wb-field arn-wb-whole", h("span", "arn-dim", "Failures of"), bar);

  /** The buttons stay while they are the same, since one of them may have the focus. */
  let drawn = "";

  function write() {
    const versions = failedVersions(state).slice(0, MOST);
    const key = JSON.stringify(versions);
    element.hidden = versions.length === 0;
    if (key !== drawn) bar.replaceChildren(...versions.map(choice));
    drawn = key;
    versions.forEach(({ id }, i) => bar.children[i].setAttribute("aria-pressed", String(isOn(id))));
  }

  /** The statuses of failures that occur, as a filter has them. */
  function failed() {
    const names = state.data.page.statuses.filter((name) => describe(name).failed);
    return names.length === 1 ? names[0] : names;
  }

  /** @param {string} id of a version @returns {boolean} whether only its failures are shown */
  const isOn = (id) =>
    state.filter?.version_id === id &&
    JSON.stringify(state.filter.status) === JSON.stringify(failed());

  /** @param {string} id of a version */
  function toggle(id) {
    if (isOn(id)) onChange({ status: undefined, version_id: undefined });
    else onChange({ status: failed(), version_id: id });
  }

  /** @param {Version} version */
  function choice({ id, name, count }) {
    const choice = button("", () => toggle(id), {
      title: "Show only the failures of this version; press again to show the other runs too",
    });
    choice.append(h("span", "arn-wb-words", shortText(name, LONGEST)), ` · ${formatCount(count)}`);
    return choice;
  }

  return {
    element,
    write,
    /** The first button; undefined where nothing failed. */
    get first() {
      return bar.querySelector("button");
    },
  };
}

/** @param {import("../runs/store.mjs").State} state @returns {Version[]} that of the chosen run first, then by failures */
function failedVersions(state) {
  const { page, columns } = state.data;
  if (!columns) return [];
  const isFailed = page.statuses.map((name) => describe(name).failed);
  const counts = new Uint32Array(page.versions.length);
  const example = new Uint32Array(page.versions.length);
  for (let row = 0; row < page.n; row++) {
    const version = columns.version[row];
    if (version >= counts.length || !isFailed[columns.status[row]]) continue;
    counts[version]++;
    example[version] = row;
  }
  const chosen = columns.version[state.chosen[0] ?? -1];
  return page.versions
    .map((id, code) => ({
      id,
      name: nameOfRow(state, example[code]) || id,
      count: counts[code],
      isChosen: code === chosen,
    }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => Number(b.isChosen) - Number(a.isChosen) || b.count - a.count);
}
