/** Makes a column of the table of runs out of a place in a document. */
import { copyButton } from "../base/clipboard.mjs";
import { button, h } from "../base/dom.mjs";
import { shortText } from "../base/text.mjs";
import { EVERY, formatPath } from "../json/path.mjs";
import { extractLine } from "../json/python.mjs";

const LONGEST_PATH = 200;
const TITLE = "Show this place of every run as a column of the table";
/** The attribute by which the button of the chosen row is found. */
const MARK = "data-column";

/**
 * @param {import("../json/path.mjs").Step[]} steps @param {string} root the document
 * @param {(path: string) => string} onColumn gives why there is no such column, "" where there is
 */
export function columnButton(steps, root, onColumn) {
  /** Where a path leads through a list, it may mean this item, or every one. */
  const paths = [formatPath(steps, root)];
  if (steps.some((step) => typeof step === "number"))
    paths.push(
      formatPath(
        steps.map((step) => (typeof step === "number" ? EVERY : step)),
        root,
      ),
    );
  const answer = h("div", { class: "arn-line-up", role: "status" });

  /** @param {string} path */
  function add(path) {
    const refusal = onColumn(path);
    const line = extractLine(path);
    answer.replaceChildren(
      refusal
        ? h("span", "arn-warning", refusal)
        : "In the table, and under Colour in the timeline.",
      " As Python: ",
      h("code", "arn-path", shortText(line, LONGEST_PATH)),
      copyButton("Copy the line that extracts it", line, "Copy"),
    );
    element.focus();
  }

  function ask() {
    const choices = paths.map((path) => {
      const choice = button("", () => add(path), { class: "arn-button arn-choice" });
      choice.append(h("code", {}, shortText(path, LONGEST_PATH)));
      return choice;
    });
    answer.replaceChildren("This item of each run, or a list of all? ", ...choices);
    choices[0].focus();
  }

  const element = button(
    "Column",
    () => {
      element.closest(".arn-section")?.append(answer);
      if (paths.length > 1) ask();
      else add(paths[0]);
    },
    { title: TITLE, [MARK]: "" },
  );
  return element;
}

/**
 * The same button on the row under the pointer, so that a row need not be chosen before. The keyboard finds it with the row that is chosen.
 * @param {HTMLElement} tree @param {HTMLElement} details where the button of the chosen row is
 */
export function columnShortcut(tree, details) {
  const element = button("Column", () => {}, {
    class: "arn-button arn-on-row",
    title: TITLE,
    tabindex: "-1",
    "aria-hidden": "true",
  });
  tree.addEventListener("pointerover", ({ target }) => {
    // Of the document itself, which is the first row, there is no column.
    const row = target instanceof Element && target.closest(".arn-row:not([aria-level='1'])");
    if (!row) element.remove();
    // A button that is moved under the pointer is not pressed.
    else if (element.parentElement !== row) row.append(element);
  });
  // The focus stays with the tree.
  element.addEventListener("mousedown", (event) => event.preventDefault());
  return {
    element,
    /** Makes a column of the row that is chosen by now. */
    press: () => /** @type {HTMLElement | null} */ (details.querySelector(`[${MARK}]`))?.click(),
  };
}
