/** The values that page and kernel share. */

/** @typedef {"selected" | "path" | "tz" | "filter" | "view" | "by" | "sort" | "columns" | "window" | "height"} Name */
/** @typedef {ReturnType<typeof createTraits>} Traits */

/** @param {import("../protocol.mjs").Model} model @param {AbortSignal} signal */
export function createTraits(model, signal) {
  let ownWrite = false;
  return {
    /** @param {Name} name @returns {any} */
    get: (name) => model.get(name),

    /** @param {Name} name @param {unknown} value */
    put(name, value) {
      if (JSON.stringify(model.get(name)) === JSON.stringify(value)) return;
      ownWrite = true;
      model.set(name, value);
      ownWrite = false;
      model.save_changes();
    },

    /** Calls back when somebody else has changed a value. @param {Name} name @param {(value: any) => void} callback */
    watch(name, callback) {
      const changed = () => {
        if (!ownWrite) callback(model.get(name));
      };
      model.on(`change:${name}`, changed);
      signal.addEventListener("abort", () => model.off(`change:${name}`, changed));
    },
  };
}
