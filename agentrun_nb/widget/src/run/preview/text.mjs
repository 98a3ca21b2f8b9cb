/** Any text, as its lines. */
import { longText } from "../../base/text.mjs";

/** @type {import("./kind.mjs").Kind} */
export const text = {
  name: "text",
  reads: (file) => file.text !== null,
  draw: (file) => longText(file.text ?? ""),
};
