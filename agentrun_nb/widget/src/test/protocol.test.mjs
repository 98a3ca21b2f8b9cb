import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { gzipSync } from "node:zlib";
import "./head.mjs";
import { readCodes, readFloats, readJson } from "../kernel/bytes.mjs";
import { createKernel } from "../kernel/requests.mjs";
import { offlineModel } from "../kernel/offline.mjs";
import { keyOf, rowsOf, unpack } from "../kernel/page.mjs";
import { createTraits } from "../kernel/traits.mjs";

const bytes = (/** @type {ArrayBufferView | string} */ data) =>
  typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data.buffer);

/** A page of two runs, its buffers at odd offsets, one of them packed. */
function page() {
  const parts = [
    new Float64Array([1, NaN]),
    new Float64Array([2, 3]),
    new Float64Array([NaN, NaN]),
    new Uint32Array([0, 0xffffffff]),
    new Uint32Array([0, 0]),
    new Uint32Array([1, 0]),
  ].map(bytes);
  const shifted = parts.map((part) => new DataView(Uint8Array.of(0, ...part).buffer, 1));
  const ids = new Uint8Array(gzipSync('["r1","r2"]'));
  const names = ["created", "started", "completed", "status", "version", "deployment"];
  const columns = {
    ...Object.fromEntries(names.map((name, buffer) => [name, { buffer, gzip: false }])),
    ids: { buffer: 6, gzip: true },
  };
  const known = {
    kind: "runs",
    uid: "0a",
    n: 2,
    now: 0,
    title: "",
    statuses: ["failed"],
    versions: ["v"],
    deployments: ["d0", "d1"],
    docs: null,
    text: null,
    note: "",
  };
  return { page: /** @type {any} */ ({ ...known, columns }), buffers: [...shifted, ids] };
}

test("a page is unpacked whatever the offset and packing of its buffers", async () => {
  const { page: packed, buffers } = page();
  const held = await unpack(packed, buffers);
  assert.deepEqual([...(held.columns?.created ?? [])], [1, NaN]);
  assert.deepEqual([...(held.columns?.status ?? [])], [0, 0xffffffff]);
  assert.deepEqual(keyOf(held, 0), ["d1", "r1"]);
  assert.deepEqual(
    rowsOf(held, [
      ["d0", "r2"],
      ["d1", "r1"],
      ["d1", "r2"],
    ]),
    [1, 0],
  );
  assert.deepEqual([rowsOf(held, null), rowsOf(held, ["x"]), rowsOf(held, [[]])], [[], [], []]);
});

test("many floats are put together from their halves, and codes of a byte each are widened", async () => {
  const floats = Float64Array.from([1.7e12 + 0.25, NaN, -0, 1e300, -1.5]);
  const halves = new Uint32Array(floats.buffer);
  const half = (/** @type {number} */ first) => bytes(halves.filter((_, i) => i % 2 === first));
  const buffers = [half(0), new Uint8Array(gzipSync(half(1))), Uint8Array.of(0, 255, 254)];
  const ref = { buffer: 0, gzip: false, high: { buffer: 1, gzip: true } };
  assert.deepEqual(await readFloats(ref, buffers), floats);
  const codes = await readCodes({ buffer: 2, gzip: false, small: true }, buffers);
  assert.deepEqual([...codes], [0, 0xffffffff, 254]);
});

test("ids are read when they are told, and once", async () => {
  const { page: packed, buffers } = page();
  const parse = mock.method(JSON, "parse");
  const held = await unpack(packed, buffers);
  assert.equal(parse.mock.callCount(), 0);
  const { ids } = /** @type {import("../protocol.mjs").Columns} */ (held.columns);
  assert.deepEqual(ids, ["r1", "r2"]);
  assert.equal(held.columns?.ids, ids);
  assert.equal(parse.mock.callCount(), 1);
  parse.mock.restore();
});

test("a missing buffer is an error, not an empty view", async () => {
  await assert.rejects(unpack(page().page, []), /missing/);
});

/** A kernel to ask, what was sent to it, and what the page was told. @param {import("node:test").TestContext} t */
function kernelOf(t) {
  mock.timers.enable({ apis: ["setTimeout"] });
  const end = new AbortController();
  t.after(() => {
    end.abort();
    mock.timers.reset();
  });
  const model = offlineModel({ page: page().page, buffers: [] });
  const state = {
    cut: false,
    sent: /** @type {any[]} */ ([]),
    silence: /** @type {any[]} */ ([]),
    receive: /** @type {any} */ (null),
  };
  model.send = (message) => void state.sent.push(message);
  model.on = (_, listener) => void (state.receive = listener);
  const onSilence = (/** @type {boolean} */ silent) => void state.silence.push(silent);
  const kernel = createKernel(model, {
    signal: end.signal,
    isCut: () => state.cut,
    onSilence,
    onUpdate: () => void state.silence.push("update"),
  });
  return { kernel, model, state };
}

test("every question gets its own answer; a late one still counts, and silence is told and taken back", async (t) => {
  const { kernel, state } = kernelOf(t);
  /** @type {string[]} */
  const words = [];
  const [first, second] = [
    kernel.ask("open"),
    kernel.ask("run", { row: 1 }, (said) => void words.push(said)),
  ];
  assert.deepEqual(state.sent, [
    { id: 1, op: "open" },
    { id: 2, op: "run", row: 1 },
  ]);
  mock.timers.tick(9_000);
  assert.deepEqual([state.silence, words.length], [[], 0]);
  mock.timers.tick(30_000);
  assert.deepEqual([state.silence, words.length], [[true, true], 1]);
  assert.match(words[0], /run the cell of this view again/);
  state.receive({ id: 2, ok: false, error: "No such run." });
  state.receive({ id: 1, ok: true, page: 5 }, ["b"]);
  state.receive({ id: 1, ok: true });
  state.receive({ op: "update" });
  await assert.rejects(second, /No such run/);
  assert.deepEqual(await first, { answer: { id: 1, ok: true, page: 5 }, buffers: ["b"] });
  assert.deepEqual(state.silence.slice(2), [false, false, "update"]);
});

test("a page that was asked for before the code was there is not asked for again, and nothing that came meanwhile is lost", async (t) => {
  const { model, state } = kernelOf(t);
  const end = new AbortController();
  t.after(() => end.abort());
  /** @type {string[]} */
  const told = [];
  /** @param {import("../kernel/requests.mjs").Opening} opening */
  const opened = (opening) =>
    createKernel(model, {
      signal: end.signal,
      run: async () => {},
      opening,
      onSilence: () => {},
      onUpdate: () => void told.push("update"),
      onRows: () => void told.push("rows"),
    });
  const answer = { id: 77, ok: true, page: 5 };
  const early = opened({
    number: 77,
    heard: [[{ op: "update" }], [answer, ["b"]], [{ op: "rows" }]],
  });
  assert.deepEqual(await early.ask("open"), { answer, buffers: ["b"] });
  assert.deepEqual([told, state.sent], [["update", "rows"], []]);
  early.ask("run", { row: 1 }).catch(() => {});
  assert.deepEqual(state.sent, [{ id: 78, op: "run", row: 1 }]);
  const late = opened({ number: 90, heard: [[{ id: 77, ok: true }]] });
  const page = late.ask("open");
  state.receive({ id: 90, ok: true, page: 6 });
  assert.equal((await page).answer.page, 6);
});

test("the code that views open without is fetched once for all, and no view waits for another", async (t) => {
  const models = [kernelOf(t).model, offlineModel(page()), offlineModel(page())];
  const end = new AbortController();
  t.after(() => end.abort());
  const code = [new Uint8Array(1), new Uint8Array(2)];
  /** @type {any[][]} */
  const sent = models.map(() => []);
  /** @type {any[]} */
  const hears = [];
  models.forEach((model, i) => {
    model.send = (message) => void sent[i].push(message);
    model.on = (_, listener) => void (hears[i] = listener);
  });
  const [first, second, third] = models.map((model) =>
    createKernel(model, {
      signal: end.signal,
      run: async (...parts) => parts,
      onSilence: () => {},
      onUpdate: () => {},
    }),
  );
  first.later();
  const came = second.later();
  assert.deepEqual([sent[0].length, sent[1].length], [1, 1], "the first kernel may be busy");
  hears[1]({ id: 1, ok: true }, code);
  assert.deepEqual(await came, code);
  assert.deepEqual(await third.later(), code);
  assert.deepEqual(sent[2], []);
});

test("once the notebook knows that the kernel is gone, what was asked and what is asked fails with what to do", async (t) => {
  const { kernel, state } = kernelOf(t);
  const before = kernel.ask("preview", { row: 0, output: 0 });
  state.cut = true;
  mock.timers.tick(10_000);
  await assert.rejects(before, /Run its cell again/);
  await assert.rejects(kernel.ask("run", { row: 1 }), /restarted or has ended/);
  assert.equal(state.sent.length, 1, "nobody is there to be asked");
});

test("a question that cannot even be sent fails at once", async (t) => {
  const { kernel, model } = kernelOf(t);
  model.send = () => {
    throw new Error("closed");
  };
  await assert.rejects(kernel.ask("open"), /Run its cell again/);
});

test("a value that the page sets is saved once and not told back to it", () => {
  const model = offlineModel(page());
  let saves = 0;
  model.save_changes = () => saves++;
  const end = new AbortController();
  const traits = createTraits(model, end.signal);
  /** @type {unknown[]} */
  const told = [];
  traits.watch("path", (value) => told.push(value));
  traits.put("path", "a");
  traits.put("path", "a");
  model.set("path", "b");
  end.abort();
  model.set("path", "c");
  assert.deepEqual([saves, told], [1, ["b"]]);
});

test("a file answers what it holds, and says of all else that it has no kernel", async (t) => {
  const end = new AbortController();
  t.after(() => end.abort());
  const { page: packed, buffers } = page();
  const group = { fingerprint: "KeyError", example: "KeyError: 'x'", n: 1 };
  const comparison = { count: 0, differences: [], outputs: [] };
  const held = {
    ...packed,
    groups: { codes: { buffer: 3, gzip: false }, list: [group], more: 0 },
    last_success: { 0: { row: 1, of: "version", comparison }, 1: { row: null, of: null } },
    last_success_cut: true,
  };
  const model = offlineModel({ page: held, buffers });
  const kernel = createKernel(model, {
    signal: end.signal,
    onSilence: () => {},
    onUpdate: () => {},
  });
  const { answer: groups, buffers: parts } = await kernel.ask("groups");
  assert.deepEqual([groups.list, groups.more], [[group], 0]);
  assert.deepEqual([...(await readCodes(groups.codes, parts))], [0, 0xffffffff]);
  const { answer, buffers: found } = await kernel.ask("last_success", { row: 0 });
  assert.deepEqual([answer.row, answer.of], [1, "version"]);
  assert.deepEqual(await readJson(answer.comparison, found), comparison);
  const { answer: none } = await kernel.ask("last_success", { row: 1 });
  assert.deepEqual([none.row, none.of, none.comparison], [null, null, undefined]);
  await assert.rejects(kernel.ask("last_success", { row: 5 }), /only the latest failed runs/);
  for (const op of /** @type {const} */ (["shown", "column", "logs", "file", "python", "compare"]))
    await assert.rejects(kernel.ask(op, { row: 0 }), /needs a kernel/);
  const without = createKernel(offlineModel(page()), {
    signal: end.signal,
    onSilence: () => {},
    onUpdate: () => {},
  });
  await assert.rejects(without.ask("groups"), /needs a kernel/, "a file of an earlier version");
});

test("names that come later are handed on, and are the answer to nothing", async (t) => {
  const { model, state } = kernelOf(t);
  /** @type {unknown[]} */
  const names = [];
  const end = new AbortController();
  t.after(() => end.abort());
  createKernel(model, {
    signal: end.signal,
    onSilence: () => {},
    onUpdate: () => {},
    onNames: (later) => names.push(later),
  });
  state.receive({ op: "names", names: { v: "csv-report v2" } });
  assert.deepEqual(names, [{ v: "csv-report v2" }]);
});
