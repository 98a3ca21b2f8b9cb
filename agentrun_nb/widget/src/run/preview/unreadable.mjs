/** A file that no other kind reads: what it is not, and how to get at it. */
import { h } from "../../base/dom.mjs";

const WORDS =
  "This is neither text in UTF-8 nor a PNG or JPEG picture. client.read_output gives the bytes.";

/** @type {import("./kind.mjs").Kind} */
export const unreadable = {
  name: "unreadable",
  reads: () => true,
  draw: () => h("p", "arn-quiet", WORDS),
};
