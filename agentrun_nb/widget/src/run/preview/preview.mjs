/** A look into the file of an output, while its sandbox lives. The kernel reads it; the page names a run and an output by their numbers. */
import { readBytes } from "../../kernel/bytes.mjs";
import { button, h } from "../../base/dom.mjs";
import { jsonView } from "../../tree/json_view.mjs";
import { cellText, createTable } from "../../base/table.mjs";
import { longText, shortText, visible } from "../../base/text.mjs";
import { parseCsv } from "./csv.mjs";
import { picture } from "./pictures.mjs";
import { countOf } from "../../base/numbers.mjs";

const MOST_ROWS = 10_000;
const MOST_COLUMNS = 24;
const LONGEST = 200;

/**
 * @param {import("../../protocol.mjs").RunDoc} doc
 * @param {{ask: import("../../kernel/requests.mjs").Kernel["ask"], signal: AbortSignal}} options
 */
export function createPreview({ row, outputs }, { ask, signal }) {
  const title = h("b");
  const said = h("span", { class: "arn-quiet", role: "status" });
  const content = h("div");
  const close = button("Close", () => {
    place.hidden = true;
    opener?.focus();
  });
  const place = h(
    "section",
    { class: "arn-section arn-preview", hidden: true },
    h("div", "arn-line-up", title, said, h("span", "arn-spring"), close),
    content,
  );
  /** The request that is waited for, until it is long in coming. @type {object | null} */
  let pending = null;
  /** The request whose answer has its place here. */
  let latest = {};
  /** What had the focus before. @type {HTMLElement | null} */
  let opener = null;

  return {
    element: place,
    /** One at a time, unless an answer is long in coming. @param {number} output */
    async show(output) {
      const { name, path, configured_path: configured } = outputs[output];
      const file = String(path ?? configured ?? name ?? "");
      if (pending) return;
      const request = (pending = latest = {});
      opener = /** @type {HTMLElement | null} */ (
        /** @type {Document | ShadowRoot} */ (place.getRootNode()).activeElement
      );
      place.hidden = false;
      title.textContent = shortText(file, LONGEST) || "(no name)";
      said.textContent = "Asking the kernel for this file";
      content.replaceChildren();
      const isLatest = () => request === latest;
      const settle = () => {
        if (pending === request) pending = null;
      };
      try {
        const { answer, buffers } = await ask("preview", { row, output }, (words) => {
          settle();
          if (isLatest()) said.textContent = words;
        });
        const bytes = await readBytes(answer.file, buffers);
        const shown = await contentOf(bytes, file, signal);
        if (!isLatest()) return;
        content.replaceChildren(shown);
        said.textContent = countOf(bytes.length, "byte");
      } catch (error) {
        if (isLatest()) said.textContent = visible(/** @type {Error} */ (error).message);
      } finally {
        settle();
      }
    },
  };
}

/** @param {Uint8Array} bytes @param {string} file its name, of which only the ending counts @param {AbortSignal} signal @returns {Promise<HTMLElement>} */
async function contentOf(bytes, file, signal) {
  const drawn = await picture(bytes);
  if (drawn) return drawn;
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return h(
      "p",
      "arn-quiet",
      "This is neither text in UTF-8 nor a PNG or JPEG picture. client.read_output gives the bytes.",
    );
  }
  const ending = /\.(csv|tsv|json)$/i.exec(file)?.[1].toLowerCase();
  if (ending === "json")
    return jsonView(text, {
      root: "",
      python: "document",
      label: "File",
      signal,
      onSelect: () => {},
    }).element;
  return (ending && csvTable(text, ending === "tsv" ? "\t" : ",")) || longText(text);
}

/** @param {string} text @param {string} separator @returns {HTMLElement | null} null where there are no rows under the first */
function csvTable(text, separator) {
  const [head = [], ...rows] = parseCsv(text, separator, MOST_ROWS + 1);
  if (!rows.length) return null;
  const columns = head.slice(0, MOST_COLUMNS).map((name, i) => ({
    label: shortText(name, LONGEST) || `column ${i + 1}`,
    value: (/** @type {string[]} */ row) =>
      row[i] ? (Number.isNaN(Number(row[i])) ? row[i] : Number(row[i])) : null,
    cell: (/** @type {string[]} */ row) => cellText(row[i] ?? ""),
  }));
  const { element, more } = createTable(columns, rows);
  const cut = [
    head.length > MOST_COLUMNS && `The first ${MOST_COLUMNS} of ${countOf(head.length, "column")}.`,
    rows.length === MOST_ROWS && `The first ${countOf(MOST_ROWS, "row")}.`,
  ];
  return h(
    "div",
    "arn-section",
    element,
    h("div", "arn-line-up", more, h("span", "arn-quiet", cut.filter(Boolean).join(" "))),
  );
}
