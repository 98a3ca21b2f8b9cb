/** A look into the file of an output, while its sandbox lives. The kernel reads it; the page names a run and an output by their numbers. */
import { readBytes } from "../../kernel/bytes.mjs";
import { button, h } from "../../base/dom.mjs";
import { saveFile } from "../../base/save.mjs";
import { countOf } from "../../base/numbers.mjs";
import { shortText, visible } from "../../base/text.mjs";

const LONGEST = 200;

/**
 * @param {import("../../protocol.mjs").RunDoc} doc
 * @param {{kernel: import("../../kernel/requests.mjs").Kernel, signal: AbortSignal}} options
 */
export function createPreview({ row, outputs }, { kernel, signal }) {
  const title = h("b");
  const said = h("span", { class: "arn-quiet", role: "status" });
  const content = h("div");
  /** The file that is shown. @type {{bytes: Uint8Array, path: string} | null} */
  let file = null;
  const save = button("Save file", () => file && saveFile(file.bytes, file.path), { hidden: true });
  const close = button("Close", () => {
    place.hidden = true;
    opener?.focus();
  });
  const place = h(
    "section",
    { class: "arn-section arn-preview", hidden: true },
    h("div", "arn-line-up", title, said, h("span", "arn-spring"), save, close),
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
      const filePath = String(path ?? configured ?? name ?? "");
      if (pending) return;
      const request = (pending = latest = {});
      opener = /** @type {HTMLElement | null} */ (
        /** @type {Document | ShadowRoot} */ (place.getRootNode()).activeElement
      );
      place.hidden = false;
      title.textContent = shortText(filePath, LONGEST) || "(no name)";
      said.textContent = "Asking the kernel for this file";
      content.replaceChildren();
      save.hidden = true;
      const isLatest = () => request === latest;
      const settle = () => {
        if (pending === request) pending = null;
      };
      try {
        const { answer, buffers } = await kernel.ask("preview", { row, output }, (words) => {
          settle();
          if (isLatest()) said.textContent = words;
        });
        const bytes = await readBytes(answer.file, buffers);
        /** @type {typeof import("./kinds.mjs")} */
        const { fileOf, kindOf } = await kernel.later();
        const read = fileOf(bytes, filePath);
        const kind = kindOf(read);
        const shown = await kind.draw(read, signal);
        if (!isLatest()) return;
        content.dataset.kind = kind.name;
        content.replaceChildren(shown);
        file = { bytes, path: filePath };
        save.hidden = false;
        said.textContent = countOf(bytes.length, "byte");
      } catch (error) {
        if (isLatest()) said.textContent = visible(/** @type {Error} */ (error).message);
      } finally {
        settle();
      }
    },
  };
}
