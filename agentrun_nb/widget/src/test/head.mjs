/** What Python tells a page, as `tests/both_sides` has it; the page of each test knows it. */
import { readFileSync } from "node:fs";
import { setHead } from "../base/head.mjs";
import { learnStatuses } from "../base/status.mjs";

/** @param {string} name @returns {any} cases that both languages read */
export const bothSides = (name) =>
  JSON.parse(
    readFileSync(new URL(`../../../../tests/both_sides/${name}.json`, import.meta.url), "utf8"),
  );

/** @type {import("../protocol.mjs").Head} */
export const HEAD = bothSides("head");

setHead(HEAD);
learnStatuses(HEAD);
