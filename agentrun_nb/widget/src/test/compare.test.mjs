import assert from "node:assert/strict";
import { test } from "node:test";
import "./head.mjs";
import { head } from "../base/head.mjs";
import { isNeverTheSame, otherPairs, outcomePairs } from "../run/compare/record.mjs";

/** @param {Record<string, any>} fields */
const known = (fields) => ({
  doc: /** @type {any} */ ({
    fields: { ...Object.fromEntries(head().fields.map(({ name }) => [name, null])), ...fields },
    unread: {},
  }),
  now: 0,
});
/** @param {import("../run/compare/pairs.mjs").Pair[]} pairs */
const labels = (pairs) => pairs.map(({ label }) => label);

test("ids, sandboxes and moments differ between any two runs, other values need not", () => {
  for (const path of [
    "input.id",
    "input.request_id",
    "output_manifest.outputs[0].sandbox_id",
    "output_manifest.outputs[2].access_path",
    "output_manifest.finished_at",
    "output_manifest.steps[0].timestamp",
  ])
    assert.equal(isNeverTheSame(path), true, path);
  for (const path of [
    "input.limit",
    "input.paid",
    "output_manifest.format",
    "output_manifest.ids[0].name",
    "output_manifest.outputs[0].path",
    'input["a id"]',
    "input",
    "",
    "no path [",
  ])
    assert.equal(isNeverTheSame(path), false, path);
});

test("of two records the outcome comes first, whether it differs or not", () => {
  const [a, b] = [known({ status: "succeeded", exit_code: 0 }), known({ status: "failed" })];
  assert.deepEqual(labels(outcomePairs(a, b, new Map())), [
    "status",
    "exit code",
    "failure reason",
    "version",
    "spans",
  ]);
  const other = known({ status: "failed", mode: "service", deployment_id: "d" });
  assert.deepEqual(
    labels(outcomePairs(a, other, new Map()))
      .slice(5)
      .sort(),
    ["deployment", "mode"],
  );
});

test("versions are told by their names where those are known", () => {
  const [a, b] = [known({ version_id: "v1" }), known({ version_id: "v2" })];
  const pairs = outcomePairs(a, b, new Map([["v2", "csv-report v2"]]));
  assert.deepEqual(
    pairs.find(({ label }) => label === "version"),
    { label: "version", a: "v1", b: "csv-report v2" },
  );
});

test("of what always differs only that is told which does", () => {
  const [a, b] = [
    known({ id: "1", created_at: "x", sandbox_id: "s" }),
    known({ id: "2", created_at: "y", sandbox_id: "s" }),
  ];
  assert.deepEqual(labels(otherPairs(a, b)), ["id", "created at"]);
});

test("every field of two records stands in one of the two lists, but for the documents", () => {
  const fields = (/** @type {string} */ side) =>
    Object.fromEntries(head().fields.map(({ name }) => [name, `${name} ${side}`]));
  const [a, b] = [known(fields("a")), known(fields("b"))];
  const found = [...outcomePairs(a, b, new Map()), ...otherPairs(a, b)];
  const plain = head().fields.filter(({ kind }) => kind !== "json");
  assert.equal(found.length, plain.length + 1, "and the spans");
});
