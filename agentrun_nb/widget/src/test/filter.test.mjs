/** What a filter lets through is what Python lets through: both read the cases of `tests/both_sides/filters.json`. */
import assert from "node:assert/strict";
import test from "node:test";
import { bothSides } from "./head.mjs";
import { filterRows, isAge, momentOf } from "../runs/filter.mjs";
import { allRows, createStore, firstState } from "../runs/store.mjs";
import { tallies } from "../runs/tally.mjs";
import { stretchWords } from "../base/stretch.mjs";

const NONE = 0xffffffff;
const { runs, newest, names, fingerprints, cases } = bothSides("filters");
const FIELDS = ["id", "deployment_id", "version_id", "mode", "status", "failure_reason"];

/** A column of codes and its list, as Python factorizes a column. @param {(string | null)[]} values */
function factorized(values) {
  const list = [...new Set(values.filter((value) => value !== null))];
  return {
    list,
    codes: Uint32Array.from(values, (value) => (value === null ? NONE : list.indexOf(value))),
  };
}

/** @param {string} field */
const columnOf = (field) =>
  factorized(runs.map((/** @type {any[]} */ run) => run[FIELDS.indexOf(field)]));

/** @returns {any} the cases' runs as a page has them */
function heldOf() {
  const [deployment, version, mode, status, reason] = FIELDS.slice(1).map(columnOf);
  const created = Float64Array.from(runs, (/** @type {any[]} */ run) => run[6] ?? NaN);
  const none = new Float64Array(runs.length).fill(NaN);
  return {
    page: {
      n: runs.length,
      now: newest,
      deployments: deployment.list,
      versions: version.list,
      modes: mode.list,
      statuses: status.list,
      reasons: reason.list,
      errors: [],
      reasons_clipped: false,
    },
    columns: {
      ids: runs.map((/** @type {any[]} */ [id]) => id),
      deployment: deployment.codes,
      version: version.codes,
      mode: mode.codes,
      status: status.codes,
      reason: reason.codes,
      error: new Uint32Array(runs.length).fill(NONE),
      created,
      started: none,
      completed: none,
    },
  };
}

const data = heldOf();
const groups = {
  codes: factorized(fingerprints).codes,
  list: factorized(fingerprints).list.map((fingerprint) => ({ fingerprint, example: "", n: 1 })),
};
const known = {
  data,
  names: new Map(/** @type {[string, string][]} */ (Object.entries(names))),
  groups,
};

test("a filter lets through what it does in Python", () => {
  assert.ok(cases.length > 300);
  for (const { filter, rows } of cases) {
    const found = filterRows(filter, known);
    assert.deepEqual([...found.rows], rows, JSON.stringify(filter));
    assert.deepEqual(found.unanswered, []);
  }
});

test("what only a kernel can answer is named, and the rest is answered", () => {
  const answer = (/** @type {any} */ filter, /** @type {any} */ page = known) =>
    filterRows(filter, page);
  const ofMode = answer({ mode: "job" }).rows;
  const where = answer({ mode: "job", where: [["input.a", "==", 1]], has_outputs: true });
  assert.deepEqual(where.rows, ofMode);
  assert.deepEqual(where.unanswered, ["where", "has_outputs"]);
  const noGroups = { ...known, groups: null };
  assert.deepEqual(answer({ failure: "x" }, noGroups).unanswered, ["failure"]);
  const clipped = { ...known, data: { ...data, page: { ...data.page, reasons_clipped: true } } };
  assert.deepEqual(answer({ text: "x" }, clipped).unanswered, ["text"]);
  assert.equal(answer({ status: null, mode: undefined }).rows.length, runs.length);
});

test("an age counts back from the newest look, and a moment is exact to the microsecond", () => {
  assert.equal(momentOf("1h", 7_200_000), 3_600_000);
  assert.equal(momentOf("1.5 d", 0), -129_600_000);
  assert.equal(momentOf("2026-11-20T08:00:00.000001Z", 0), Date.UTC(2026, 10, 20, 8) + 0.001);
  assert.ok(isAge("7d") && isAge(" 20 min ") && !isAge("2026-11-20T08:00:00Z"));
});

test("statuses are counted in all and as far as they are shown", () => {
  const shown = filterRows({ status: "failed" }, known).rows;
  const counted = tallies(firstState(data, { shown }));
  assert.equal(
    counted.reduce((sum, { all }) => sum + all, 0),
    runs.length,
  );
  for (const tally of counted)
    assert.equal(tally.shown, tally.status === "failed" ? tally.all : 0, String(tally.status));
  assert.equal(counted.at(-1)?.status, null, "runs without a status come last");
});

test("the store tells those who watch what was set, until they end", () => {
  const store = createStore(firstState(data));
  const life = new AbortController();
  let calls = 0;
  store.watch(["filter", "shown"], () => calls++, life.signal);
  store.change({ filter: { mode: "job" }, shown: allRows(data) });
  assert.equal(calls, 1, "once for one change");
  store.change({ tz: "Asia/Kolkata" });
  assert.equal(calls, 1);
  life.abort();
  store.change({ filter: null });
  assert.equal(calls, 1);
});

test("a stretch of time is told in few words", () => {
  const at = (/** @type {string} */ text) => Date.parse(text);
  const words = (/** @type {string} */ from, /** @type {string} */ to, zone = "UTC") =>
    stretchWords(at(from), at(to), zone, at("2026-12-01T00:00:00Z"));
  assert.equal(words("2026-11-25T17:09:58Z", "2026-11-25T17:30:10Z"), "25 Nov 17:09 to 17:30");
  assert.equal(
    words("2026-11-25T17:09:58Z", "2026-11-25T17:10:10Z"),
    "25 Nov 17:09:58 to 17:10:10",
  );
  assert.equal(words("2026-09-07T00:00:00Z", "2026-10-19T00:00:00Z"), "7 Sep to 19 Oct");
  assert.equal(words("2025-12-30T00:00:00Z", "2026-01-02T00:00:00Z"), "30 Dec 2025 to 2 Jan 2026");
  assert.equal(
    words("2026-11-25T23:30:00Z", "2026-11-26T00:30:00Z"),
    "25 Nov 23:30 to 26 Nov 00:30",
  );
  assert.equal(words("2026-11-25T17:09:58Z", "2026-11-25T17:09:58Z"), "25 Nov 17:09:58");
  assert.equal(
    words("2026-11-25T20:00:00Z", "2026-11-25T21:00:00Z", "Asia/Kolkata"),
    "26 Nov 01:30 to 02:30",
  );
});
