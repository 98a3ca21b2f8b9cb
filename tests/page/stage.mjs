/** A page without a notebook: the built widget on a stub model that records what it is asked. */
import widget, { mount } from "/widget.js";

const { page, buffers, docs, at_once: atOnce, files, comparison, last_success: lastSuccess, logs, shown, groups, traits, silent, no_later: noLater, relay, has_kernel: hasKernel } = await (await fetch("/scenario.json")).json();
const bytes = buffers.map((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));

class StubModel {
  state = { selected: [], path: "", tz: "UTC", ...traits };
  listeners = new Map();
  sent = [];
  /** All messages that a kernel has not been given yet. */
  outbox = [];
  /** How many messages the kernel has sent by itself, and their bytes. */
  heard = { messages: 0, bytes: 0 };
  saves = 0;
  /** Why the rest of the code does not come; "" where it does. */
  noLater = noLater;

  get(name) {
    return this.state[name];
  }

  set(name, value) {
    this.state[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes() {
    this.saves++;
  }

  on(event, listener) {
    this.listeners.set(event, (this.listeners.get(event) ?? new Set()).add(listener));
  }

  off(event, listener) {
    this.listeners.get(event)?.delete(listener);
  }

  emit(event, ...values) {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener(...values);
  }

  listening() {
    return [...this.listeners.values()].reduce((total, set) => total + set.size, 0);
  }

  send(message) {
    // When the rest of the code is fetched, and whether the page is seen, says nothing of what a person did.
    if (message.op !== "later" && message.op !== "follow") this.sent.push(message);
    this.outbox.push(message);
    if (!silent && !hasKernel) setTimeout(() => this.answer(message));
  }

  /** What a kernel says; its buffers are in base64. */
  hear(content, buffers) {
    const parts = buffers.map((text) => new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer));
    if (content.op) {
      this.heard.messages++;
      this.heard.bytes += JSON.stringify(content).length + parts.reduce((sum, { byteLength }) => sum + byteLength, 0);
    }
    this.emit("msg:custom", content, parts);
  }

  /** The answer to a request for a part of the data: its bytes, or the kernel's sentence where there are none. */
  part(id, name, bytes, error) {
    if (!bytes) return this.emit("msg:custom", { id, ok: false, error }, []);
    this.emit("msg:custom", { id, ok: true, [name]: { buffer: 0, gzip: false } }, [new DataView(bytes.buffer)]);
  }

  /** Of many chosen runs a kernel has the rows, and shares how many they are with a mark. */
  rows = [];

  chooseMany(rows) {
    this.rows = rows;
    const mark = rows.reduce((sum, row) => (sum * 31 + row) % 1_000_003, 7);
    this.set("selected", { n: rows.length, mark });
    return mark;
  }

  /** A view in Python answers, where the test has one. */
  async relay(message) {
    for (const { content, buffers } of await window.kernel(message))
      this.emit("msg:custom", content, buffers.map((text) => new DataView(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)).buffer)));
  }

  answer(message) {
    if (relay) return void this.relay(message);
    const { id, op, row, rows, output } = message;
    if (op === "open") return this.emit("msg:custom", { id, ok: true, page }, bytes.map((part) => new DataView(part.buffer)));
    if (op === "later" && this.noLater) return this.emit("msg:custom", { id, ok: false, error: this.noLater }, []);
    if (op === "window" || op === "later" || op === "follow") return this.emit("msg:custom", { id, ok: true }, []);
    if (op === "select") return this.emit("msg:custom", { id, ok: true, mark: this.chooseMany(rows) }, []);
    if (op === "selected") return this.part(id, "rows", new Uint8Array(Uint32Array.from(this.rows).buffer), "");
    if (op === "shown") return this.part(id, "rows", Array.isArray(shown) && new Uint8Array(Uint32Array.from(shown).buffer), String(shown));
    if (op === "python") return this.emit("msg:custom", { id, ok: true, text: "arn.explore(runs)" }, []);
    if (op === "file") return this.emit("msg:custom", { id, ok: true, name: "runs-1.html", file: { buffer: 0, gzip: false } }, [new DataView(new TextEncoder().encode("<!doctype html>").buffer)]);
    const json = (value) => value && new TextEncoder().encode(JSON.stringify(value));
    if (op === "docs" && !atOnce) return this.emit("msg:custom", { id, ok: true, docs: null }, []);
    if (op === "docs") return this.part(id, "docs", json(docs), "The runs are gone.");
    if (op === "groups" && !groups) return this.emit("msg:custom", { id, ok: false, error: "The failures are not read." }, []);
    if (op === "groups") return this.emit("msg:custom", { id, ok: true, codes: { buffer: 0, gzip: false }, list: groups.list }, [new DataView(Uint32Array.from(groups.codes).buffer)]);
    if (op === "preview") return this.part(id, "file", typeof files?.[output] === "string" && Uint8Array.from(atob(files[output]), (character) => character.charCodeAt(0)), "The sandbox is gone.");
    if (op === "compare") return this.part(id, "comparison", json(comparison), "The runs are gone.");
    if (op === "last_success" && typeof lastSuccess === "string") return this.emit("msg:custom", { id, ok: false, error: lastSuccess }, []);
    if (op === "last_success") return this.emit("msg:custom", { id, ok: true, ...lastSuccess, comparison: { buffer: 0, gzip: false } }, [new DataView(json(comparison ?? {}).buffer)]);
    if (op === "logs" && typeof logs === "string") return this.emit("msg:custom", { id, ok: false, error: logs }, []);
    if (op === "logs") return this.emit("msg:custom", { id, ok: true, more: Boolean(logs?.more), phases: logs?.phases ?? [], logs: { buffer: 0, gzip: false } }, [new DataView(json(logs?.events ?? []).buffer)]);
    this.part(id, "doc", json((docs ?? []).find((one) => one.row === row)), "There is no such run.");
  }
}

const host = document.getElementById("host");
const later = await import("/later.js");
const run = async () => later;
const stage = { model: new StubModel(), host, unmount: () => {}, mount: () => (stage.unmount = widget.render({ model: stage.model, el: host, run })) };
stage.mountOffline = () => (stage.unmount = mount(host, { page, buffers: bytes, docs, traits }, run));
window.stage = stage;
stage.mount();
document.documentElement.dataset.staged = "";
