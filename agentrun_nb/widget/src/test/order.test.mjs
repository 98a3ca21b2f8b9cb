import assert from "node:assert/strict";
import { test } from "node:test";
import { HEAD } from "./head.mjs";
import { sortedByKey } from "../base/sorting.mjs";
import { lengthsOf, OPEN } from "../runs/lengths.mjs";
import { labelsOf } from "../runs/labels.mjs";
import { orderedRows, readSort } from "../runs/order.mjs";
import { commonPhrase, distinctPart } from "../runs/reasons.mjs";
import { areNumbers, valueKeys } from "../runs/values.mjs";
import { clicked } from "../runs/selection.mjs";

const NONE = 0xffffffff;
const [succeeded, failed, running] = ["succeeded", "failed", "running"].map((name) => {
  assert.ok(HEAD.statuses.some((status) => status.name === name));
  return name;
});

/** Distinct texts and the place of each row's among them. */
function coded(texts) {
  const list = [...new Set(texts.filter((text) => text !== null))];
  return [list, Uint32Array.from(texts, (text) => (text === null ? NONE : list.indexOf(text)))];
}

/** A store's state of runs, each given by what differs from a run of 10 s that waited 1 s. */
function stateOf(runs, changes = {}) {
  const whole = runs.map((run, row) => {
    const created = run.created ?? row * 1000;
    const started = created + 1000;
    const known = { status: succeeded, version: "v", deployment: "d", mode: "job", reason: null };
    return {
      id: `r_${row}`,
      exit: 0,
      created,
      started,
      completed: started + 10_000,
      ...known,
      ...run,
    };
  });
  const column = (name) => Float64Array.from(whole, (run) => run[name] ?? NaN);
  const lists = Object.fromEntries(
    ["status", "version", "deployment", "mode", "reason"].map((name) => [
      name,
      coded(whole.map((run) => run[name])),
    ]),
  );
  const columns = {
    ids: whole.map(({ id }) => id),
    created: column("created"),
    started: column("started"),
    completed: column("completed"),
    exit: column("exit"),
    until: new Float64Array(runs.length).fill(100_000),
    error: new Uint32Array(runs.length).fill(NONE),
    ...Object.fromEntries(Object.entries(lists).map(([name, [, codes]]) => [name, codes])),
  };
  const page = {
    n: runs.length,
    statuses: lists.status[0],
    versions: lists.version[0],
    deployments: lists.deployment[0],
    modes: lists.mode[0],
    reasons: lists.reason[0],
    errors: [],
  };
  return {
    data: { page, columns },
    shown: Uint32Array.from(runs.keys()),
    names: new Map(),
    sort: null,
    values: new Map(),
    ...changes,
  };
}

const order = (runs, changes) => [...orderedRows(stateOf(runs, changes))];

test("numbers sort as a comparison sorts them, both ways, and equal ones stay as they came", () => {
  const cases = [
    [],
    [1],
    [3, 1, 2],
    [0, -0, 0],
    [-1, 1, -1e-300, 1e-300, -1e300, 1e300, 0],
    [Infinity, -Infinity, 5, Number.MAX_SAFE_INTEGER, Number.MIN_VALUE],
    [1, 2, 3, 4],
    [4, 3, 2, 1],
    [1, 1, 2, 3],
    [3, 2, 2, 1],
    [2, 2, 2],
    [-Infinity, -Infinity, 0, Infinity, Infinity],
    [1.7e12, 1.7e12 + 0.25, 1.7e12 - 0.25, 1.7e12],
    Array.from({ length: 5000 }, (_, i) => Math.sin(i) * 10 ** (i % 40)),
    Array.from({ length: 5000 }, (_, i) => (i * 7919) % 13),
  ];
  for (const numbers of cases)
    for (const falling of [false, true]) {
      const keys = Float64Array.from(numbers);
      const rows = Uint32Array.from(keys.keys());
      const sign = falling ? -1 : 1;
      // Infinities of one sign have no difference.
      const expected = [...rows].sort(
        (a, b) => sign * (Number(keys[a] > keys[b]) - Number(keys[a] < keys[b])),
      );
      assert.deepEqual([...sortedByKey(rows, keys, falling)], expected);
    }
});

test("without a sort the newest come first, and those without a created time last", () => {
  assert.deepEqual(
    order([{ created: 5 }, { created: 9 }, { created: NaN }, { created: 7 }]),
    [1, 3, 0, 2],
  );
});

/** What each key sorts by, from the lowest value to the highest; the last two runs have none. */
const SORTED = {
  created_at: [{ created: 1 }, { created: 2 }, { created: NaN }, { created: NaN }],
  started_at: [{ started: 1 }, { started: 2 }, { started: NaN }, { started: NaN }],
  completed_at: [{ completed: 1e6 }, { completed: 2e6 }, { completed: NaN }, { completed: NaN }],
  before_start: [{ started: 10_500 }, { started: 90_000 }, { started: NaN }, { started: 0 }],
  after_start: [{ completed: 20_000 }, { completed: 80_000 }, { completed: NaN }, { started: 1e9 }],
  exit_code: [{ exit: 1 }, { exit: 137 }, { exit: NaN }, { exit: NaN }],
  mode: [{ mode: "a" }, { mode: "b" }, { mode: null }, { mode: null }],
  deployment_id: [
    { deployment: "a" },
    { deployment: "b" },
    { deployment: null },
    { deployment: null },
  ],
  version_id: [{ version: "a" }, { version: "b" }, { version: null }, { version: null }],
  failure_reason: [{ reason: "a" }, { reason: "b" }, { reason: null }, { reason: null }],
};

for (const [key, runs] of Object.entries(SORTED))
  test(`${key} sorts both ways, and what has no value comes last both ways`, () => {
    const dated = runs.map((run) => ({ created: 10_000, ...run }));
    const falling = order(dated, { sort: `-${key}` });
    assert.deepEqual(order(dated, { sort: key }).slice(0, 2), [0, 1]);
    assert.deepEqual(falling.slice(0, 2), [1, 0]);
    assert.deepEqual(new Set(falling.slice(2)), new Set([2, 3]));
  });

test("statuses sort by their place in the life of a run, unknown ones after them", () => {
  const runs = [{ status: "odd" }, { status: failed }, { status: null }, { status: running }];
  const place = (name) => HEAD.statuses.findIndex((status) => status.name === name);
  const known = [1, 3].sort((a, b) => place(runs[a].status) - place(runs[b].status));
  assert.deepEqual(order(runs, { sort: "status" }), [...known, 0, 2]);
});

test("names sort as people read them: v2 before v10", () => {
  const runs = ["a", "b", "c"].map((version) => ({ version }));
  const names = new Map([
    ["a", "report v10"],
    ["b", "report v2"],
    ["c", "report v1"],
  ]);
  assert.deepEqual(order(runs, { names, sort: "name" }), [2, 1, 0]);
});

test("ids sort, and the same id twice is a tie of which the newest comes first", () => {
  const runs = [{ id: "b" }, { id: "a" }, { id: "b" }];
  assert.deepEqual(order(runs, { sort: "id" }), [1, 2, 0]);
  assert.deepEqual(order(runs, { sort: "-id" }), [2, 0, 1]);
});

test("what is equal comes with the newest first, both ways", () => {
  const runs = [{ exit: 1 }, { exit: 0 }, { exit: 1 }];
  assert.deepEqual(order(runs, { sort: "exit_code" }), [1, 2, 0]);
  assert.deepEqual(order(runs, { sort: "-exit_code" }), [2, 0, 1]);
});

test("only runs that are shown are in the order", () => {
  const runs = [{}, {}, {}, {}];
  const shown = Uint32Array.of(0, 2);
  assert.deepEqual(order(runs, { shown }), [2, 0]);
  assert.deepEqual(order(runs, { shown, sort: "after_start" }), [2, 0]);
});

test("a sort by what is not here leaves the newest first", () => {
  for (const sort of ["output_manifest.x", "constructor", "-__proto__", "", "-"])
    assert.deepEqual(order([{}, {}], { sort }), [1, 0]);
  assert.deepEqual(readSort("-a-b"), { key: "a-b", isFalling: true });
});

test("a run that goes on sorts by how long it is known to have gone on, and no other does", () => {
  const runs = [
    { status: running, completed: NaN },
    { status: running, started: NaN, completed: NaN },
    { status: failed, completed: NaN },
    { status: null, completed: NaN },
    { started: -62_135_596_800_000 },
  ];
  const { before, after, open } = lengthsOf(stateOf(runs).data);
  assert.deepEqual([...open], [OPEN.AFTER, OPEN.BEFORE, OPEN.NO, OPEN.NO, OPEN.NO]);
  assert.deepEqual([...before], [1000, 99_000, 1000, 1000, NaN]);
  assert.deepEqual([...after], [99_000, NaN, NaN, NaN, NaN]);
});

test("values sort: numbers exactly and before texts, nothing last", () => {
  const values = [
    '"b"',
    "9007199254740993",
    null,
    "9007199254740992",
    "1e2",
    "null",
    '"a"',
    "-3",
    "[1]",
  ];
  const sorted = (sort) =>
    order(
      values.map(() => ({})),
      { sort, values: new Map([["input.x", values]]) },
    ).map((row) => values[row]);
  const present = ["-3", "1e2", "9007199254740992", "9007199254740993", "[1]", '"a"', '"b"'];
  assert.deepEqual(sorted("input.x").slice(0, 7), present);
  assert.deepEqual(sorted("-input.x").slice(0, 7), present.toReversed());
  assert.deepEqual(new Set(sorted("input.x").slice(7)), new Set([null, "null"]));
});

test("the same number written in two ways is a tie", () => {
  assert.deepEqual([...valueKeys(["1.0", "1", "1e0"])], [1, 1, 1]);
  const [a, b, c] = valueKeys(["1e20", "100000000000000000000", "100000000000000000001"]);
  assert.equal(a, b);
  assert.ok(c >= b);
});

test("a column is one of numbers where nothing else is in it", () => {
  assert.ok(areNumbers(["1", null, "null", "-2.5e3"]));
  for (const values of [[], [null], ["null"], ["1", '"1"'], ["true"], ["[1]"]])
    assert.ok(!areNumbers(values));
});

test("a run is called by its version, else its deployment, else by id", () => {
  const runs = [
    { version: "v1" },
    { version: "v2" },
    { version: null },
    { version: null, deployment: null },
  ];
  const called = (names) => {
    const { list, codes } = labelsOf(stateOf(runs, { names }));
    return [...codes].map((code) => list[code]);
  };
  assert.deepEqual(
    called(
      new Map([
        ["v1", "report v1"],
        ["d", "report"],
      ]),
    ),
    ["report v1", "report", "report", ""],
  );
  assert.deepEqual(called(new Map()), ["d", "d", "d", ""]);
});

test("the phrase that most reasons begin with is folded, and what tells them apart is not", () => {
  const entry = (code, rest) => `entrypoint failed with exit code ${code}: ${rest}`;
  const reasons = [
    entry(1, "KeyError: 'a'"),
    entry(137, "killed"),
    entry(2, "x: y"),
    "install failed: no pip",
  ];
  const phrase = commonPhrase(reasons);
  const parts = reasons.map((reason) => distinctPart(reason, phrase).text);
  assert.deepEqual(parts, ["KeyError: 'a'", "killed", "x: y", "install failed: no pip"]);
  assert.deepEqual(
    reasons.map((reason) => distinctPart(reason, phrase).isFolded),
    [true, true, true, false],
  );
});

test("the phrase that the most reasons begin with is folded, also where they are few among many", () => {
  const entry = (rest) => `entrypoint failed with exit code 1: ${rest}`;
  const install = (rest) => `install failed with exit code 2: ${rest}`;
  const others = Array.from({ length: 9 }, (_, n) => `KeyError: ${n}`);
  const reasons = [...others, install("x"), install("y"), entry("a"), entry("b"), entry("c")];
  assert.equal(distinctPart(entry("a"), commonPhrase(reasons)).text, "a");
  assert.equal(distinctPart(install("x"), commonPhrase(reasons)).text, install("x"));
});

test("the name of an error is never folded, nor what one reason alone begins with", () => {
  for (const reasons of [
    ["KeyError: 'a'", "KeyError: 'b'"],
    ["it went wrong: a"],
    ["a b: ", "a b: "],
    [],
  ])
    assert.equal(commonPhrase(reasons), "");
});

test("of a traceback the last line says what happened", () => {
  const reason = 'Traceback (most recent call last):\n  File "a.py", line 3\nKeyError: 4\n';
  assert.deepEqual(distinctPart(reason, ""), { text: "KeyError: 4", isFolded: true });
  const behind = `the run failed: ${reason}`;
  assert.equal(
    distinctPart(behind, commonPhrase([behind, behind.replace("4", "5")])).text,
    "KeyError: 4",
  );
});

test("clicks choose one, more and less with ctrl, and a range with shift", () => {
  const rows = Uint32Array.of(9, 8, 7, 6, 5);
  const plain = { isRange: false, isToggle: false };
  let state = clicked(rows, 1, { chosen: [5], anchor: -1, ...plain });
  assert.deepEqual(state, { chosen: [8], anchor: 1 });
  state = clicked(rows, 3, { ...state, ...plain, isRange: true });
  assert.deepEqual(state, { chosen: [8, 7, 6], anchor: 1 });
  state = clicked(rows, 0, { ...state, ...plain, isRange: true });
  assert.deepEqual(state, { chosen: [8, 9], anchor: 1 });
  state = clicked(rows, 4, { ...state, ...plain, isToggle: true });
  assert.deepEqual(state, { chosen: [8, 9, 5], anchor: 4 });
  state = clicked(rows, 0, { ...state, ...plain, isToggle: true });
  assert.deepEqual(state, { chosen: [8, 5], anchor: 0 });
});
