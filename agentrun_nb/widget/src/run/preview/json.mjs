/** A JSON document, as a tree. */
import { jsonView } from "../../tree/json_view.mjs";

/** @type {import("./kind.mjs").Kind} */
export const json = {
  name: "json",
  reads: (file) => file.ending === "json" && file.text !== null,
  draw(file, signal) {
    const options = { root: "", python: "document", label: "File", signal, onSelect: () => {} };
    return jsonView(file.text ?? "", options).element;
  },
};
