import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPath, lastStep, parsePath, parsePattern } from "../json/path.mjs";
import { extractLine } from "../json/python.mjs";
import { addColumn, loadColumns, removeColumn } from "../runs/columns.mjs";
import { valuesAt } from "../runs/documents.mjs";
import { createStore } from "../runs/store.mjs";
import { plainText } from "../runs/values.mjs";
import { bothSides } from "./head.mjs";

test("what stands at a path is what Python finds there, to the letter", () => {
  for (const { path, documents, values } of bothSides("columns")) {
    const docs = documents.map((output_manifest, row) => ({ row, output_manifest }));
    assert.deepEqual(valuesAt(path, docs, docs.length), values, path);
  }
});

test("a run whose documents are not here has no value", () => {
  const docs = [{ row: 2, input: '{"a": 1}' }];
  assert.deepEqual(valuesAt("input.a", docs, 4), [null, null, "1", null]);
});

test("a path into no document gives nothing, and no error", () => {
  for (const path of [
    "",
    "score",
    "constructor.name",
    "__proto__",
    "row",
    "output_manifest.score[",
  ])
    assert.deepEqual(
      valuesAt(path, [{ row: 0, output_manifest: '{"score": 1}' }], 1),
      [null],
      path,
    );
});

test("a path with every item is read and written, and is none to one place", () => {
  const path = 'output_manifest.outputs[*]["a b"][0]';
  assert.equal(formatPath(parsePattern(path)), path);
  assert.equal(parsePath(path), null);
  assert.deepEqual(parsePath("a[0].b"), ["a", 0, "b"]);
});

test("a column is called by its last key", () => {
  const names = {
    "input.a.b": "b",
    "a.outputs[*].size": "size",
    "a.b[0][*]": "b[0][*]",
    'a["x y"]': '["x y"]',
  };
  for (const [path, name] of Object.entries(names)) assert.equal(lastStep(path), name);
});

test("the line that extracts a column is Python", () => {
  assert.equal(extractLine("output_manifest.a"), "arn.extract(runs, 'output_manifest.a')");
  assert.equal(extractLine('input["it\'s"]'), `arn.extract(runs, 'input["it\\'s"]')`);
});

/** A store with a kernel that answers by path; a text is an answer, an error a refusal. */
function asking(answers, data = { page: { n: 1 }, docs: null }, clipped = 0) {
  const asked = [];
  const kernel = {
    alone: false,
    async ask(op, { path }) {
      asked.push([op, path]);
      if (answers[path] instanceof Error) throw answers[path];
      const bytes = new TextEncoder().encode(JSON.stringify(answers[path]));
      return { answer: { values: { buffer: 0, gzip: false }, clipped }, buffers: [bytes] };
    },
  };
  const store = createStore({
    data,
    columns: [],
    values: new Map(),
    problems: new Map(),
    sort: null,
  });
  loadColumns(store, { kernel, signal: new AbortController().signal });
  return { store, asked };
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("each column is asked for once, and again with other data", async () => {
  const { store, asked } = asking({ "input.a": ["1"], "input.b": ["2"] });
  addColumn(store, "input.a");
  addColumn(store, "input.a");
  addColumn(store, "input.b");
  await settled();
  assert.deepEqual(asked, [
    ["column", "input.a"],
    ["column", "input.b"],
  ]);
  assert.deepEqual(Object.fromEntries(store.state.values), { "input.a": ["1"], "input.b": ["2"] });
  store.change({ data: { page: { n: 1 }, docs: null } });
  assert.equal(store.state.values.size, 0);
  await settled();
  assert.equal(asked.length, 4);
  assert.equal(store.state.values.size, 2);
});

test("values that are clipped are told of, and are no error", async () => {
  const { store } = asking({ "input.a": ['"a long te', "12"] }, undefined, 1);
  addColumn(store, "input.a");
  await settled();
  assert.deepEqual([...store.state.problems.values()], ["1 value too long to be shown whole."]);
  assert.equal(plainText('"a long te'), '"a long te');
  assert.equal(plainText('"a \\u00e9"'), "a \u00e9");
});

test("what the kernel refuses is told, and the other columns come", async () => {
  const { store } = asking({ "input.a": new Error("No run has that."), "input.b": ["2"] });
  store.change({ columns: ["input.a", "input.b"] });
  await settled();
  assert.deepEqual([...store.state.problems], [["input.a", "No run has that."]]);
  assert.deepEqual([...store.state.values.keys()], ["input.b"]);
});

test("an answer for data that is gone is not taken", async () => {
  const { store } = asking({ "input.a": ["1"] });
  store.change({ columns: ["input.a"] });
  store.change({ data: { page: { n: 2 }, docs: null }, columns: [] });
  await settled();
  assert.equal(store.state.values.size, 0);
});

test("a table sorted by a column that goes shows the newest first again", () => {
  const { store } = asking({});
  for (const sort of ["input.a", "-input.a"]) {
    store.change({ columns: ["input.a", "input.b"], sort });
    removeColumn(store, "input.a");
    assert.deepEqual([store.state.columns, store.state.sort], [["input.b"], null]);
  }
  store.change({ columns: ["input.a"], sort: "-after_start" });
  removeColumn(store, "input.a");
  assert.equal(store.state.sort, "-after_start");
});
