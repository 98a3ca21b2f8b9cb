/** The frame of the view: it opens the page, keeps the status line, and hands each kind of page to its own body. */
import { h } from "./dom.mjs";
import { Kernel } from "./kernel.mjs";
import { JsonBody } from "./bodies/json.mjs";
import { RunBody } from "./bodies/run.mjs";
import { RunsBody } from "./bodies/runs.mjs";
import { unpack } from "./page.mjs";
import { StatusLine } from "./statusline.mjs";
import { Traits } from "./traits.mjs";
import { ZoneSwitch } from "./zone.mjs";

/**
 * What a body is given. A body lives until the page is replaced.
 * @typedef {{kernel: Kernel, traits: Traits, status: StatusLine, tz: string, signal: AbortSignal}} Context
 * @typedef {{element: HTMLElement, setZone(tz: string): void, setPath(path: string): void, setSelected(keys: unknown): void}} Body
 * @typedef {import("./protocol.mjs").Held} Held
 */

const BODIES = { json: JsonBody, run: RunBody, runs: RunsBody };

export class Explorer {
  #signal;
  #traits;
  #kernel;
  #zone;
  #root;
  #status = new StatusLine();
  #place = h("div", "arn-body");
  /** @type {Body | null} */
  #body = null;
  #bodyEnd = new AbortController();

  /** @param {import("./protocol.mjs").Model} model @param {HTMLElement} el @param {AbortSignal} signal */
  constructor(model, el, signal) {
    this.#signal = signal;
    this.#traits = new Traits(model, signal);
    this.#kernel = new Kernel(model, { signal, onSilence: (silent) => this.#status.setSilent(silent), onUpdate: (reply) => void this.#show(reply) });
    this.#zone = new ZoneSwitch(this.#traits.get("tz"), (tz) => {
      this.#traits.put("tz", tz);
      this.#body?.setZone(tz);
    });
    this.#root = h("div", "arn-root", h("div", "arn-top", this.#status.element, this.#zone.element), this.#place);
    el.append(this.#root);
    this.#traits.watch("tz", (tz) => {
      this.#zone.set(tz);
      this.#body?.setZone(this.#zone.zone);
    });
    this.#traits.watch("path", (path) => this.#body?.setPath(String(path)));
    this.#traits.watch("selected", (keys) => this.#body?.setSelected(keys));
    signal.addEventListener("abort", () => this.#bodyEnd.abort(), { once: true });
    void this.#open();
  }

  async #open() {
    this.#status.say("Waiting for the kernel");
    try {
      await this.#show(await this.#kernel.ask("open"));
    } catch (error) {
      this.#status.fail(error);
    }
  }

  /** @param {import("./kernel.mjs").Reply} reply */
  async #show({ answer, buffers }) {
    try {
      const held = await unpack(answer.page, buffers);
      if (this.#signal.aborted) return;
      this.#bodyEnd.abort();
      this.#bodyEnd = new AbortController();
      this.#mark(held.page.uid);
      this.#status.say(held.page.note);
      this.#zone.element.hidden = held.page.kind === "json";
      this.#body = new BODIES[held.page.kind](held, {
        kernel: this.#kernel, traits: this.#traits, status: this.#status, tz: this.#zone.zone, signal: this.#bodyEnd.signal,
      });
      this.#place.replaceChildren(this.#body.element);
      this.#body.setSelected(this.#traits.get("selected"));
      this.#body.setPath(String(this.#traits.get("path") ?? ""));
    } catch (error) {
      this.#status.fail(error);
    }
  }

  /** The mark by which a static twin knows that a live view stands in its place. @param {unknown} uid */
  #mark(uid) {
    if (typeof uid === "string" && /^[0-9a-f]+$/.test(uid)) this.#root.classList.add(`arn-live-${uid}`);
  }
}
