/** A page without a notebook: the built widget on a stub model that records what it is asked. */
import widget, { mount } from "/widget.js";

const { page, buffers, docs, traits, silent } = await (await fetch("/scenario.json")).json();
const bytes = buffers.map((text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));

class StubModel {
  state = { selected: [], path: "", tz: "UTC", ...traits };
  listeners = new Map();
  sent = [];
  saves = 0;

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
    this.sent.push(message);
    if (!silent) setTimeout(() => this.answer(message));
  }

  answer({ id, op, row }) {
    if (op === "open") return this.emit("msg:custom", { id, ok: true, page }, bytes.map((part) => new DataView(part.buffer)));
    if (op === "window") return this.emit("msg:custom", { id, ok: true }, []);
    const doc = (docs ?? []).find((one) => one.row === row);
    if (!doc) return this.emit("msg:custom", { id, ok: false, error: "There is no such run." }, []);
    const part = new TextEncoder().encode(JSON.stringify(doc));
    this.emit("msg:custom", { id, ok: true, doc: { buffer: 0, gzip: false } }, [new DataView(part.buffer)]);
  }
}

const host = document.getElementById("host");
const stage = { model: new StubModel(), host, unmount: () => {}, mount: () => (stage.unmount = widget.render({ model: stage.model, el: host })) };
stage.mountOffline = () => (stage.unmount = mount(host, { page, buffers: bytes, docs, traits }));
window.stage = stage;
stage.mount();
document.documentElement.dataset.staged = "";
