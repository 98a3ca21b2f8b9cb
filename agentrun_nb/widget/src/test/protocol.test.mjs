import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { gzipSync } from "node:zlib";
import { createKernel } from "../kernel.mjs";
import { offlineModel } from "../offline.mjs";
import { keyOf, rowsOf, unpack } from "../page.mjs";
import { createTraits } from "../traits.mjs";

const bytes = (/** @type {ArrayBufferView | string} */ data) => (typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data.buffer));

/** A page of two runs, its buffers at odd offsets, one of them packed. */
function page() {
  const parts = [new Float64Array([1, NaN]), new Float64Array([2, 3]), new Float64Array([NaN, NaN]), new Uint32Array([0, 0xffffffff]), new Uint32Array([0, 0]), new Uint32Array([1, 0])].map(bytes);
  const shifted = parts.map((part) => new DataView(Uint8Array.of(0, ...part).buffer, 1));
  const ids = new Uint8Array(gzipSync('["r1","r2"]'));
  const names = ["created", "started", "completed", "status", "version", "deployment"];
  const columns = { ...Object.fromEntries(names.map((name, buffer) => [name, { buffer, gzip: false }])), ids: { buffer: 6, gzip: true } };
  const known = { kind: "runs", uid: "0a", n: 2, now: 0, title: "", statuses: ["failed"], versions: ["v"], deployments: ["d0", "d1"], docs: null, text: null, note: "" };
  return { page: /** @type {any} */ ({ ...known, columns }), buffers: [...shifted, ids] };
}

test("a page is unpacked whatever the offset and packing of its buffers", async () => {
  const { page: packed, buffers } = page();
  const held = await unpack(packed, buffers);
  assert.deepEqual([...(held.columns?.created ?? [])], [1, NaN]);
  assert.deepEqual([...(held.columns?.status ?? [])], [0, 0xffffffff]);
  assert.deepEqual(keyOf(held, 0), ["d1", "r1"]);
  assert.deepEqual(rowsOf(held, [["d0", "r2"], ["d1", "r1"], ["d1", "r2"]]), [1, 0]);
  assert.deepEqual([rowsOf(held, null), rowsOf(held, ["x"]), rowsOf(held, [[]])], [[], [], []]);
});

test("a missing buffer is an error, not an empty view", async () => {
  await assert.rejects(unpack(page().page, []), /missing/);
});

test("every question gets its own answer; a late one still counts, and silence is told and taken back", async (t) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  t.after(() => mock.timers.reset());
  const model = offlineModel({ page: page().page, buffers: [] });
  const end = new AbortController();
  /** @type {any[]} */
  const sent = [], silence = [];
  model.send = (message) => void sent.push(message);
  /** @type {any} */
  let receive;
  model.on = (_, listener) => void (receive = listener);
  const kernel = createKernel(model, { signal: end.signal, onSilence: (silent) => silence.push(silent), onUpdate: () => silence.push("update") });
  const [first, second] = [kernel.ask("open"), kernel.ask("run", { row: 1 })];
  assert.deepEqual(sent, [{ id: 1, op: "open" }, { id: 2, op: "run", row: 1 }]);
  mock.timers.tick(10_000);
  assert.deepEqual(silence, [true, true]);
  receive({ id: 2, ok: false, error: "No such run." });
  receive({ id: 1, ok: true, page: 5 }, ["b"]);
  receive({ id: 1, ok: true });
  receive({ op: "update" });
  await assert.rejects(second, /No such run/);
  assert.deepEqual(await first, { answer: { id: 1, ok: true, page: 5 }, buffers: ["b"] });
  assert.deepEqual(silence.slice(2), [false, false, "update"]);
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
