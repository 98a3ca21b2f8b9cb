import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { COLOURS, STATUSES, describe, isTerminal } from "../base/status.mjs";
import { visible } from "../base/text.mjs";

const css = readFileSync(new URL("../styles/colours.css", import.meta.url), "utf8");
const everyLook = [...STATUSES, describe(null), describe("waiting_for_input")];

/** @param {string} hex @returns {number[]} linear light */
const linear = (hex) =>
  [1, 3, 5]
    .map((at) => parseInt(hex.slice(at, at + 2), 16) / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
/** @param {string} hex */
const luminance = (hex) =>
  linear(hex).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
/** @param {string} a @param {string} b */
const contrast = (a, b) => {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
};
/** @param {number[]} rgb @returns {number[]} CIE Lab */
function lab(rgb) {
  const [x, y, z] = multiply(
    [
      [0.4124, 0.3576, 0.1805],
      [0.2126, 0.7152, 0.0722],
      [0.0193, 0.1192, 0.9505],
    ],
    rgb.map((c) => Math.min(1, Math.max(0, c))),
  )
    .map((c, i) => c / [0.95047, 1, 1.08883][i])
    .map((c) => (c > 0.008856 ? Math.cbrt(c) : 7.787 * c + 16 / 116));
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
/** @param {number[][]} matrix @param {number[]} v */
const multiply = (matrix, v) => matrix.map((row) => row.reduce((sum, m, i) => sum + m * v[i], 0));
/** Machado et al. 2009, full severity. @type {Record<string, number[][]>} */
const EYES = {
  typical: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

test("statuses stand in lifecycle order and four of them are terminal", () => {
  assert.deepEqual(
    STATUSES.map(({ name }) => name),
    [
      "queued",
      "starting",
      "installing",
      "running",
      "succeeded",
      "failed",
      "cancelled",
      "timed_out",
    ],
  );
  assert.deepEqual(
    STATUSES.filter(({ name }) => isTerminal(name)).map(({ label }) => label),
    ["succeeded", "failed", "cancelled", "timed out"],
  );
});

test("a status that is not known, or not there, is neutral and not terminal, whatever its name", () => {
  for (const name of ["waiting_for_input", "__proto__", "constructor", "Succeeded", ""]) {
    assert.equal(describe(name).color, "--arn-other");
    assert.equal(isTerminal(name), false);
    assert.match(describe(name).label, /^unknown status: ./);
  }
  assert.equal(describe(null).label, "no status recorded");
});

test("shapes and colours are all different, and the style sheet holds the values of the table", () => {
  assert.equal(new Set(everyLook.map(({ shape }) => shape)).size, everyLook.length);
  assert.equal(new Set(Object.values(COLOURS).flat()).size, 2 * Object.keys(COLOURS).length);
  for (const [name, [light, dark]] of Object.entries(COLOURS))
    assert.ok(
      css.includes(`--arn-${name.replace("_", "-")}: light-dark(${light}, ${dark});`),
      name,
    );
  for (const { color } of everyLook) assert.ok(css.includes(`${color}: `), color);
});

test("marks have a contrast of 3 to 1 on the grounds of both themes", () => {
  for (const [name, [light, dark]] of Object.entries(COLOURS)) {
    for (const ground of ["#ffffff", "#f5f5f5"])
      assert.ok(contrast(light, ground) >= 3, `${name} light ${contrast(light, ground)}`);
    for (const ground of ["#111111", "#212121"])
      assert.ok(contrast(dark, ground) >= 3, `${name} dark ${contrast(dark, ground)}`);
  }
});

test("colours of known statuses stay apart for every kind of eye in both themes", () => {
  for (const theme of [0, 1])
    for (const [eye, matrix] of Object.entries(EYES))
      STATUSES.forEach((a, i) =>
        STATUSES.slice(i + 1).forEach((b) => {
          const [p, q] = [a, b].map(({ name }) =>
            lab(multiply(matrix, linear(COLOURS[name ?? ""][theme]))),
          );
          assert.ok(
            Math.hypot(...p.map((c, k) => c - q[k])) >= 12,
            `${a.label} and ${b.label}, ${theme}, ${eye}`,
          );
        }),
      );
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
