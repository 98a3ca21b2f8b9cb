import assert from "node:assert/strict";
import { test } from "node:test";
import { JsonDocument } from "../json/document.mjs";
import { commandOf } from "../tree/keyboard.mjs";
import { VisibleRows } from "../tree/rows.mjs";
import { search } from "../tree/search.mjs";

const doc = () => new JsonDocument('{"a": {"b": [1, 2], "c": {}}, "d": [[], [3]]}');
const shown = (/** @type {VisibleRows} */ rows) => [...rows.nodes.slice(0, rows.length)];

test("a row is on show when all its ancestors are expanded", () => {
  const rows = new VisibleRows(doc());
  assert.deepEqual(shown(rows), [0, 1, 6]);
  rows.set(1, true);
  assert.deepEqual(shown(rows), [0, 1, 2, 5, 6]);
  rows.set(0, false);
  assert.deepEqual(shown(rows), [0]);
  rows.set(0, true);
  assert.deepEqual(shown(rows), [0, 1, 2, 5, 6], "what was open inside opens again");
  rows.setAll(true);
  assert.deepEqual(
    shown(rows),
    Array.from({ length: rows.doc.size }, (_, node) => node),
  );
});

test("revealing opens the way and nothing else", () => {
  const rows = new VisibleRows(doc());
  rows.reveal(9);
  assert.deepEqual(shown(rows), [0, 1, 6, 7, 8, 9]);
});

test("a hidden node's row is that of its nearest ancestor on show", () => {
  const rows = new VisibleRows(doc());
  assert.equal(rows.nodes[rows.rowOf(4)], 1);
  assert.equal(rows.nodes[rows.rowOf(9)], 6);
});

test("the keys of the tree pattern", () => {
  const rows = new VisibleRows(doc());
  const ask = (/** @type {string} */ key, /** @type {number} */ node) =>
    commandOf(key, rows, node, 2);
  assert.deepEqual(ask("ArrowDown", 0), { to: 1 });
  assert.deepEqual(ask("ArrowUp", 0), { to: 0 });
  assert.deepEqual(ask("End", 0), { to: 6 });
  assert.deepEqual(ask("Home", 6), { to: 0 });
  assert.deepEqual(ask("PageDown", 0), { to: 6 });
  assert.deepEqual(ask("ArrowRight", 1), { toggle: true });
  assert.deepEqual(ask("ArrowRight", 0), { to: 1 });
  assert.deepEqual(ask("ArrowLeft", 1), { to: 0 });
  assert.deepEqual(ask("ArrowLeft", 0), { toggle: true });
  assert.deepEqual(ask("*", 1), { openSiblings: true });
  assert.equal(ask("x", 0), null);
});

test("search looks into keys and values, without regard to case, and at what an escape means", async () => {
  const found = async (/** @type {string} */ query) =>
    search(
      new JsonDocument('{"Name": "x", "n": "\\u004eAME", "z": [12.50, true, null]}'),
      { query, kinds: [] },
      new AbortController().signal,
    );
  assert.deepEqual(await found("name"), [1, 2]);
  assert.deepEqual(await found("12.5"), [4]);
  assert.deepEqual(await found("TRUE"), [5]);
  assert.deepEqual(await found("u004e"), []);
});

test("search finds what reading each key and value finds, whatever stands in them", async () => {
  const pieces = [
    "a",
    "A",
    "aA",
    "\\",
    '"',
    "İ",
    "i",
    "\u212a",
    "k",
    "ς",
    "Σ",
    "1",
    "-1",
    ".",
    "$&",
    " ",
    ",",
    "\n",
    "😀",
  ];
  const queries = [
    ...pieces,
    "1,",
    ',"',
    '","a',
    "\\n",
    "i̇",
    "a,a",
    "aa",
    ": ",
    "[",
    "]a",
    "(",
    "1.1",
    "true",
    "u0130",
  ];
  let seed = 1;
  const random = (/** @type {number} */ below) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const text = () =>
    Array.from({ length: random(4) }, () => pieces[random(pieces.length)]).join("");
  /** @type {(depth: number) => unknown} */
  const value = (depth) =>
    [
      text,
      () => [1, -1, 1.1, 11, true, null][random(6)],
      () => (depth ? Array.from({ length: random(4) }, () => value(depth - 1)) : text()),
      () => (depth ? { [text()]: value(depth - 1), [text()]: value(depth - 1) } : text()),
    ][random(4)]();
  for (let turn = 0; turn < 200; turn++) {
    const source = JSON.stringify(value(3), null, random(2));
    const read = new JsonDocument(random(2) ? source : source.replaceAll("İ", "\\u0130"));
    const nodes = Array.from({ length: read.size }, (_, node) => node);
    for (const query of queries) {
      const words = query.toLowerCase();
      const has = (/** @type {string} */ some) => some.toLowerCase().includes(words);
      const expected = nodes.filter(
        (node) =>
          (read.hasKey(node) && has(read.key(node))) ||
          (!read.isContainer(node) && has(read.text(node))),
      );
      const found = await search(read, { query, kinds: [] }, new AbortController().signal);
      assert.deepEqual(found, expected, `${JSON.stringify(query)} in ${read.source}`);
    }
  }
});

test("an aborted search finds nothing", async () => {
  const controller = new AbortController();
  const searching = search(
    new JsonDocument(`[${"1,".repeat(400_000)}1]`),
    { query: "1", kinds: [] },
    controller.signal,
  );
  controller.abort();
  assert.deepEqual(await searching, []);
});
