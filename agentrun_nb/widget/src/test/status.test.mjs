import assert from "node:assert/strict";
import test from "node:test";
import {
  LOOKS,
  STACK,
  describe,
  isFailure,
  isTerminal,
  learnStatuses,
  lookOf,
  setColours,
} from "../base/status.mjs";
import { visible } from "../base/text.mjs";
import { HEAD } from "./head.mjs";

learnStatuses(HEAD);

test("looks are those that were told, in their order, each with a colour of its own", () => {
  assert.deepEqual(
    LOOKS.map(({ name }) => name),
    [...HEAD.statuses.map(({ name }) => name), "", null],
  );
  for (const { name, terminal, failed, label } of HEAD.statuses) {
    assert.equal(isTerminal(name), terminal);
    assert.equal(isFailure(lookOf(name)), failed);
    assert.equal(describe(name).label, label);
  }
  // Unknown ones and none share the neutral one.
  assert.equal(new Set(LOOKS.map(({ color }) => color)).size, LOOKS.length - 1);
});

test("a status that is not known, or not there, is neutral and not terminal, whatever its name", () => {
  for (const name of ["waiting_for_input", "__proto__", "constructor", "Succeeded", ""]) {
    assert.equal(describe(name).light, HEAD.unknown.light);
    assert.equal(describe(name).name, name);
    assert.equal(isTerminal(name), false);
    assert.match(describe(name).label, /^unknown status: ./);
  }
  assert.equal(describe(null).label, "no status recorded");
});

test("a status that is told is known at once, and the stack is the one that was told", () => {
  const suspended = { ...HEAD.statuses[3], name: "suspended", label: "suspended" };
  const statuses = [suspended, ...HEAD.statuses];
  const [unknown, none] = [statuses.length, statuses.length + 1];
  learnStatuses({ ...HEAD, statuses, stack: [0, none, unknown] });
  assert.equal(describe("suspended").label, "suspended");
  assert.equal(describe("suspended").color, "--arn-suspended");
  assert.deepEqual(STACK, [0, none, unknown]);
  learnStatuses(HEAD);
  assert.match(describe("suspended").label, /^unknown/);
});

test("a root gets the colours of all looks, and nothing that is no colour", () => {
  /** @type {Record<string, string>} */
  const set = {};
  const style = {
    setProperty: (/** @type {string} */ name, /** @type {string} */ value) => (set[name] = value),
  };
  const root = /** @type {any} */ ({ style });
  const [first, ...others] = HEAD.statuses;
  learnStatuses({ ...HEAD, statuses: [{ ...first, light: "url(//example.org)" }, ...others] });
  setColours(root);
  learnStatuses(HEAD);
  assert.equal(Object.keys(set).length, LOOKS.length - 2);
  for (const { color, light, dark } of LOOKS.slice(1))
    assert.equal(set[color], `light-dark(${light}, ${dark})`);
});

test("direction, control and zero-width characters are seen, other text is untouched", () => {
  assert.equal(
    visible("a\u202Eb\u0000\u200B\u007F\u001B[31m\u2028"),
    "a‹U+202E›b␀‹U+200B›␡␛[31m‹U+2028›",
  );
  assert.equal(visible("naïve 日本 👍"), "naïve 日本 👍");
  assert.equal(visible("\ud800"), "‹U+D800›");
});

test("joiners stay between letters or emoji, and are seen everywhere else", () => {
  for (const text of [
    "می\u200Cخواهم",
    "क्\u200Dष",
    "ශ්\u200Dරී",
    "👩\u200D👩\u200D👧",
    "❤\uFE0F\u200D🔥",
    "👩🏽\u200D💻",
    "🙂\u200D↔\uFE0F",
  ])
    assert.equal(visible(text), text);
  for (const [text, seen] of [
    ["\u200Dی", "‹U+200D›ی"],
    ["ی\u200C", "ی‹U+200C›"],
    ["1\u200D2", "1‹U+200D›2"],
    ["ی\u200C ی", "ی‹U+200C› ی"],
    ["ی\u200C\u200Cی", "ی‹U+200C›‹U+200C›ی"],
    ["ی\u200Bی", "ی‹U+200B›ی"],
    ["ی\u202Eی", "ی‹U+202E›ی"],
    ["ی\u2060ی", "ی‹U+2060›ی"],
  ])
    assert.equal(visible(text), seen);
});
