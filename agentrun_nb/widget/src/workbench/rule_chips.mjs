/** The rules of a filter as chips, of which each takes itself away. */
import { button, h } from "../base/dom.mjs";
import { toolbar } from "../base/roving.mjs";
import { rulesOf } from "../runs/rules.mjs";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{signal: AbortSignal, onFilter: (filter: import("../runs/filter.mjs").Filter | null) => void, onEmpty: () => void}} options
 *   `onEmpty` takes the focus where the last chip had it
 */
export function createRuleChips(store, { signal, onFilter, onEmpty }) {
  const element = toolbar("Rules of the filter", "arn-wb-rules");

  function write() {
    const hadFocus = element.matches(":focus-within");
    const rules = rulesOf(store.state);
    const chips = rules.map(({ words, without }) => {
      const chip = button("", () => onFilter(without), {
        class: "arn-button arn-wb-rule",
        title: "Take this rule away",
      });
      chip.append(
        h("span", "arn-offsight", "Take away: "),
        h("span", "arn-wb-words", words),
        h("span", { "aria-hidden": "true" }, " ×"),
      );
      return chip;
    });
    element.replaceChildren(...chips);
    element.hidden = rules.length === 0;
    if (!hadFocus) return;
    if (chips.length) chips[0].focus();
    else onEmpty();
  }

  store.watch(["filter", "names", "tz"], write, signal);
  write();
  return { element };
}
