/** The sheet of keys and gestures. */
import { button, h, uniqueId } from "../base/dom.mjs";
import { visible } from "../base/text.mjs";

/** What each part of a page answers to: keys or gestures, and what they do. @type {[part: string, lines: [keys: string, effect: string][]][]} */
const SHEET = [
  [
    "Everywhere",
    [
      ["?", "this sheet"],
      ["/", "search"],
      ["Tab", "from part to part"],
      ["← →", "inside of a group of buttons"],
      ["Esc", "close, or clear what is typed or chosen"],
    ],
  ],
  [
    "Timeline",
    [
      ["drag, two fingers", "move, zoom"],
      ["wheel", "zoom, once the picture has the focus; ctrl + wheel always"],
      ["shift + drag", "choose all runs of a range"],
      ["click, ctrl + click", "choose a run, add it to what is chosen"],
      ["click on a column", "come nearer"],
      ["← →", "from run to run; with shift, choose on the way"],
      ["Enter", "choose the run"],
      ["+ − 0", "zoom in, out, show all"],
      ["Page Up, Page Down", "a page back, on"],
      ["n p", "next failure, previous failure"],
    ],
  ],
  [
    "Table",
    [
      [
        "click on a head, Enter",
        "sort: first as it is read, then the other way round, then no more",
      ],
      ["shift + click, ctrl + click", "choose a range, add a run to what is chosen"],
      ["arrows, Page Up, Page Down", "from cell to cell; with shift, choose on the way"],
      ["Enter, Space", "choose the run, add it"],
      ["Delete", "on the head of a column from a document: take it away"],
    ],
  ],
  [
    "Durations",
    [
      ["← →", "to the run that was created before, after"],
      ["↑ ↓", "to the run that took longer, less long"],
      ["click, ctrl + click", "choose a run, add it to what is chosen"],
      ["drag", "show only the runs of a stretch of time"],
    ],
  ],
  [
    "Documents",
    [
      ["↑ ↓", "from row to row"],
      ["→ ←", "open, close"],
      ["*", "open all beside it"],
      ["letters", "go to the key that begins with them"],
    ],
  ],
];

/** @param {import("../runs/store.mjs").Store} store */
export function createHelp(store) {
  const title = uniqueId("help");
  const note = h("p", "arn-dim");
  const close = button("Close", () => dialog.close(), { title: "Close (Esc)" });
  const dialog = h(
    "dialog",
    { class: "arn-help", "aria-labelledby": title, "data-testid": "arn-help" },
    h(
      "div",
      "arn-line-up",
      h("h3", { id: title }, "Keys and gestures"),
      h("span", "arn-spring"),
      close,
    ),
    note,
    h("div", "arn-help-parts", ...SHEET.map(([name, lines]) => part(name, lines))),
  );
  // The keys of a sheet that is open are not the notebook's.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());

  return {
    element: dialog,
    open() {
      note.textContent = visible(store.state.data.page.note);
      dialog.showModal();
    },
  };
}

/** @param {string} name @param {[string, string][]} lines */
function part(name, lines) {
  const list = h("dl", "arn-nums-facts");
  for (const [keys, effect] of lines)
    list.append(
      h("dt", {}, ...keys.split(", ").map((key) => h("kbd", {}, key))),
      h("dd", {}, effect),
    );
  return h("section", {}, h("h4", "arn-nums-title", name), list);
}
