import assert from "node:assert/strict";
import { test } from "node:test";
import "./head.mjs";
import { entriesOf, errorLines, repeats, stepsOf } from "../run/log/entries.mjs";
import { createLogSource } from "../run/log/source.mjs";
import { sinceStart } from "../run/log/row.mjs";

/** @param {string | null} message @param {Partial<import("../run/log/entries.mjs").LogEvent>} [changes] */
const event = (message, changes) => ({
  created_at: "2026-01-01T00:00:10Z",
  level: "error",
  event_type: "output",
  source: "stderr",
  message,
  metadata: "{}",
  ...changes,
});
/** @param {string[]} messages */
const events = (...messages) => messages.map((message) => event(message));
/** @param {import("../run/log/entries.mjs").LogEvent[]} all */
const cuts = (all) => entriesOf(all).map(({ first, end, title }) => [first, end, title]);

const TRACE = [
  "Traceback (most recent call last):",
  '  File "a.py", line 3, in f',
  "    return 1 / 0",
  "ZeroDivisionError: division by zero",
];
const LINK = ["", "The above exception was the direct cause of the following exception:", ""];

test("a traceback that came a line an event is one entry, titled by what was raised", () => {
  assert.deepEqual(cuts(events("before", ...TRACE, "after")), [
    [0, 1, "before"],
    [1, 5, "ZeroDivisionError: division by zero"],
    [5, 6, "after"],
  ]);
});

test("a traceback that another led to belongs to the same entry", () => {
  const last = [...TRACE.slice(0, 3), "AuditError: no pieces"];
  assert.deepEqual(cuts(events(...TRACE, ...LINK, ...last)), [[0, 11, "AuditError: no pieces"]]);
  assert.deepEqual(
    cuts(events(...TRACE, "", "done")).map(([first, end]) => [first, end]),
    [
      [0, 4],
      [4, 5],
      [5, 6],
    ],
    "empty lines alone link nothing",
  );
});

test("a traceback that is set in ends where its margin does", () => {
  const margin = TRACE.map((line) => `      ${line}`);
  assert.deepEqual(cuts(events(...margin, "      [end of output]")), [
    [0, 4, "      ZeroDivisionError: division by zero"],
    [4, 5, "      [end of output]"],
  ]);
});

test("a traceback is not carried over to another writer, nor past the end", () => {
  const other = [...events(...TRACE.slice(0, 3)), event("  x", { source: "stdout" })];
  assert.deepEqual(
    cuts(other).map(([first, end]) => [first, end]),
    [
      [0, 3],
      [3, 4],
    ],
  );
  assert.deepEqual(cuts(events(TRACE[0])), [[0, 1, TRACE[0]]]);
});

test("a message of several lines is titled by its first, with a traceback by its last", () => {
  const [plain, trace, empty, none] = entriesOf([
    event("one\ntwo\n"),
    event(TRACE.join("\n")),
    event(""),
    event(null),
  ]);
  assert.deepEqual([plain.title, plain.lines], ["one", 2]);
  assert.deepEqual([trace.title, trace.lines], [TRACE[3], 4]);
  assert.deepEqual([empty.title, none.title, none.lines], ["", "", 1]);
});

test("ten thousand lines are read in one go", () => {
  const all = Array.from({ length: 10_000 }, (_, i) => event(TRACE[i % 4]));
  assert.equal(entriesOf(all).length, 2_500);
});

test("lines that say no more than the reason are counted and not shown", () => {
  const reason = "entrypoint failed with exit code 1: AuditError: no pieces";
  const found = errorLines(events("while reading", "", "AuditError: no pieces", reason), reason);
  assert.deepEqual(found, { lines: ["while reading"], repeated: 2 });
  assert.deepEqual(errorLines(events("x"), ""), { lines: ["x"], repeated: 0 });
  assert.equal(repeats("a", reason), false, "a letter is found in any text by chance");
  assert.deepEqual(errorLines([event("fine", { level: "info" })], reason).lines, []);
});

test("an event of a type that comes again and again is output and no step", () => {
  const all = [
    event("a", { event_type: "run_running" }),
    ...events("1", "2", "3", "4"),
    event("b", { event_type: null }),
  ];
  assert.deepEqual(stepsOf(all, entriesOf(all)), [0]);
});

test("the time of an event counts from the start, and is said only where both are known", () => {
  const start = Date.parse("2026-01-01T00:00:12Z");
  assert.equal(sinceStart(event("x"), start), "−2 s");
  assert.equal(sinceStart(event("x"), start - 5000), "+3 s");
  assert.equal(sinceStart(event("x"), NaN), "");
  assert.equal(sinceStart(event("x", { created_at: null }), start), "");
});

/** A kernel whose answers the test gives. */
function kernelOf() {
  /** @type {{row: number, answer: (events: string[]) => void, fail: (words: string) => void, wait: (words: string) => void}[]} */
  const requests = [];
  const ask = (
    /** @type {string} */ _,
    /** @type {any} */ { row },
    /** @type {(words: string) => void} */ wait,
  ) =>
    new Promise((resolve, reject) =>
      requests.push({
        row,
        wait,
        fail: (words) => reject(new Error(words)),
        answer: (found) =>
          resolve({
            answer: { logs: { buffer: 0, gzip: false }, more: true },
            buffers: [new TextEncoder().encode(JSON.stringify(found))],
          }),
      }),
    );
  return { requests, source: createLogSource(/** @type {any} */ ({ ask })) };
}

/** @param {number} row @param {AbortSignal} [signal] @param {string | null} [key] */
const request = (row, signal = new AbortController().signal, key = String(row)) => ({
  row,
  key,
  signal,
  onWait: () => {},
});
const soon = () => new Promise((resolve) => setTimeout(resolve));

test("logs are asked for one at a time, and what nobody waits for any more is passed over", async () => {
  const { requests, source } = kernelOf();
  const left = new AbortController();
  const first = source.read(request(1));
  const second = source.read(request(2, left.signal));
  const third = source.read(request(3));
  second.catch(() => {});
  await soon();
  assert.deepEqual(
    requests.map(({ row }) => row),
    [1],
  );
  left.abort();
  requests[0].answer(["a"]);
  assert.deepEqual(await first, { events: ["a"], more: true, phases: [] });
  await assert.rejects(second);
  await soon();
  assert.deepEqual(
    requests.map(({ row }) => row),
    [1, 3],
  );
  requests[1].fail("no");
  await assert.rejects(third, { message: "no" });
});

test("a log that will not change is asked for once, one that may grow again and again", async () => {
  const { requests, source } = kernelOf();
  for (const [key, asked] of /** @type {[string | null, number][]} */ ([
    ["k", 1],
    ["k", 1],
    [null, 2],
    [null, 3],
  ])) {
    const read = source.read(request(1, undefined, key));
    await soon();
    requests.at(-1)?.answer([]);
    await read;
    assert.equal(requests.length, asked);
  }
});

test("an answer that is long in coming keeps no other log back", async () => {
  const { requests, source } = kernelOf();
  const first = source.read(request(1));
  const second = source.read(request(2));
  await soon();
  requests[0].wait("silent");
  await soon();
  requests[1].answer(["b"]);
  assert.deepEqual((await second).events, ["b"]);
  requests[0].answer([]);
  await first;
});
