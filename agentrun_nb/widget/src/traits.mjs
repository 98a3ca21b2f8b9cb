/** The three values that page and kernel share. */

/** @typedef {"selected" | "path" | "tz"} Name */

export class Traits {
  #model;
  #signal;
  #ownWrite = false;

  /** @param {import("./protocol.mjs").Model} model @param {AbortSignal} signal */
  constructor(model, signal) {
    this.#model = model;
    this.#signal = signal;
  }

  /** @param {Name} name */
  get = (name) => this.#model.get(name);

  /** @param {Name} name @param {unknown} value */
  put(name, value) {
    if (JSON.stringify(this.get(name)) === JSON.stringify(value)) return;
    this.#ownWrite = true;
    this.#model.set(name, value);
    this.#ownWrite = false;
    this.#model.save_changes();
  }

  /** Calls back when somebody else has changed a value. @param {Name} name @param {(value: any) => void} callback */
  watch(name, callback) {
    const changed = () => {
      if (!this.#ownWrite) callback(this.get(name));
    };
    this.#model.on(`change:${name}`, changed);
    this.#signal.addEventListener("abort", () => this.#model.off(`change:${name}`, changed), { once: true });
  }
}
