import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { JsonDocument } from "../json/document.mjs";
import { formatPath, parsePath } from "../json/path.mjs";
import { JsonError, NONE } from "../json/tokens.mjs";

/** Every node as [path, text], the tree read by its own accessors. @param {string} source */
const told = (source) => {
  const doc = new JsonDocument(source);
  return Array.from({ length: doc.size }, (_, node) => [
    formatPath(doc.path(node)),
    doc.isContainer(node) ? doc.describe(node) : doc.text(node),
  ]);
};

test("scalars keep the letters of the source", () => {
  assert.deepEqual(
    told('[1.10, 9007199254740993, -0, 1E400, "a\\u0062", true, null]').map(([, text]) => text),
    ["7 items", "1.10", "9007199254740993", "-0", "1E400", "ab", "true", "null"],
  );
});

test("key order, repeated keys, empty keys and __proto__ are kept, each in its own node", () => {
  const source =
    '{"2": 0, "1": 1, "a": 2, "a": 3, "": 4, "__proto__": {"polluted": 5}, "constructor": 6}';
  assert.deepEqual(
    told(source).map(([path]) => path),
    ["", '["2"]', '["1"]', "a", "a", '[""]', "__proto__", "__proto__.polluted", "constructor"],
  );
  const doc = new JsonDocument(source);
  assert.deepEqual(
    [3, 4, 5].map((node) => doc.isRepeated(node)),
    [true, true, false],
  );
  assert.equal(doc.find(["a"]), 4, "a path means the last of repeated keys");
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
});

test("NaN and the infinities are let through and marked", () => {
  const doc = new JsonDocument("[NaN, -Infinity, Infinity, 1]");
  assert.deepEqual(
    [1, 2, 3, 4].map((node) => doc.isBare(node)),
    [true, true, true, false],
  );
});

test("depth costs no stack", () => {
  const depth = 100_000;
  const doc = new JsonDocument('{"a":['.repeat(depth) + "]}".repeat(depth));
  assert.equal(doc.size, 2 * depth);
  assert.equal(doc.path(doc.size - 1).length, 2 * depth - 1);
  assert.equal(doc.find(doc.path(doc.size - 1)), doc.size - 1);
});

test("a subtree is the range from a node to its last", () => {
  const doc = new JsonDocument('{"a": {"b": [1, 2], "c": {}}, "d": [[], [3]]}');
  const { parent, last, count, position } = doc.nodes;
  for (let node = 0; node < doc.size; node++) {
    const children = [];
    for (
      let child = node + 1;
      doc.isContainer(node) && child <= last[node];
      child = doc.after(child)
    )
      children.push(child);
    assert.equal(children.length, count[node]);
    for (const [i, child] of children.entries())
      assert.deepEqual([parent[child], position[child]], [node, i]);
  }
  assert.equal(parent[0], NONE);
});

test("an error tells its place", () => {
  const places = {
    "": 0,
    "[1,]": 3,
    '{"a" 1}': 5,
    "[1 2]": 3,
    "{a:1}": 1,
    "[1]]": 3,
    '"\u0001"': 1,
    '"\\x"': 1,
    '"abc': 4,
    nul: 0,
    "01": 1,
    '{"a":1': 6,
  };
  for (const [source, offset] of Object.entries(places)) {
    assert.throws(
      () => new JsonDocument(source),
      (error) => error instanceof JsonError && error.offset === offset,
      source,
    );
  }
});

test("a path that is written is read back the same", () => {
  const keys = [
    "plain",
    "a_1",
    "with space",
    "dot.ted",
    "[0]",
    '"quoted"',
    "back\\slash",
    "",
    "__proto__",
    "日本",
    "0",
    "a-b",
    "$x",
    "-",
    "line\nbreak",
  ];
  for (const key of keys) {
    for (const steps of [[key], ["x", key, 0], [3, key, key]])
      assert.deepEqual(parsePath(formatPath(steps)), steps);
  }
  assert.equal(
    formatPath(["outputs", 0, "size_bytes"], "output_manifest"),
    "output_manifest.outputs[0].size_bytes",
  );
  assert.equal(formatPath([0], "input"), "input[0]");
});

test("what is no path is refused", () => {
  for (const text of ["a..b", "a[", "a[x]", '["open]', "a b", ".", "a]"])
    assert.equal(parsePath(text), null, text);
});

const suite = join(process.env.AGENTRUN_NB_CORPORA ?? "", "json-test-suite", "test_parsing");
const refused = {
  skip: existsSync(suite) ? false : "AGENTRUN_NB_CORPORA names no folder with json-test-suite",
};

test(
  "JSONTestSuite: all that must parse does, all that must not does not, but for the bare words that are marked",
  refused,
  () => {
    const bare = /^n_(number_(NaN|minus_infinity|infinity|\+Inf|-NaN)|structure_capitalized_True)/i;
    const utf8 = new TextDecoder("utf-8", { fatal: true });
    const count = { y: 0, n: 0 };
    for (const name of readdirSync(suite)) {
      const verdict = name[0];
      if (verdict === "i" || bare.test(name)) continue;
      let source;
      try {
        source = utf8.decode(readFileSync(join(suite, name)));
      } catch {
        continue;
      }
      count[/** @type {"y" | "n"} */ (verdict)]++;
      if (verdict === "y") assert.doesNotThrow(() => new JsonDocument(source), name);
      else assert.throws(() => new JsonDocument(source), JsonError, name);
    }
    assert.ok(count.y >= 90 && count.n >= 150, JSON.stringify(count));
  },
);

test("a node is as deep as its path is long", () => {
  const doc = new JsonDocument(
    '{"a": {"b": [1, [2], {"c": {}}], "d": 0}, "e": [[[]], 3], "f": null}',
  );
  assert.deepEqual(
    [...doc.nodes.depth.subarray(0, doc.size)],
    Array.from({ length: doc.size }, (_, node) => doc.path(node).length),
  );
  assert.equal(Math.max(...doc.nodes.depth.subarray(0, doc.size)), 4);
});

test("a path leads to what is there, and not past the end of a list or into what is none", () => {
  const doc = new JsonDocument(
    '{"list": [5, 6], "empty": [], "text": "abc", "0": "key", "after": 7}',
  );
  const found = (/** @type {string} */ path) => {
    const node = doc.find(parsePath(path) ?? []);
    return node === null ? null : doc.text(node);
  };
  assert.deepEqual(["list[0]", "list[1]", '["0"]'].map(found), ["5", "6", "key"]);
  for (const path of [
    "list[2]",
    "list[3]",
    "empty[0]",
    "text[0]",
    "[0]",
    'list["0"]',
    "list.length",
    "absent",
    "absent.more",
  ])
    assert.equal(found(path), null, path);
});
