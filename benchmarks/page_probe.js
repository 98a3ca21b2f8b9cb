/** What the benchmark of the page does in JupyterLab: it presses, scrolls, and takes the time until the result is painted. */
window.probe = (() => {
  /** The cell of the notebook that is looked at. */
  let cell;
  /** What was measured last; null until it is there. */
  let result = null;
  /** The measurement that was begun last. */
  let latest;

  const frame = () => new Promise(requestAnimationFrame);

  /** The first element of a kind; tables may stand in a shadow tree. */
  function find(selector, root = cell) {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const host of root.querySelectorAll("*")) {
      const inside = host.shadowRoot && find(selector, host.shadowRoot);
      if (inside) return inside;
    }
    return null;
  }

  const texts = (selectors) => selectors.map((selector) => find(selector)?.textContent ?? "");

  /** Until something holds and the frame with it has been painted. */
  async function painted(condition) {
    while (!condition()) await frame();
    await frame();
    // A frame is painted after its callbacks, and before the next message is taken.
    const { port1, port2 } = new MessageChannel();
    await new Promise((resolve) => {
      port1.onmessage = resolve;
      port2.postMessage(null);
    });
  }

  /** Gives a number of ms, or what went wrong, to those who ask for the result. */
  function measure(work) {
    const start = performance.now();
    const mine = (latest = {});
    result = null;
    // What nobody waits for any more may still end, when something later changes what it watched.
    const give = (found) => mine === latest && (result = found);
    work().then(
      (value) => give({ value: value ?? performance.now() - start }),
      (error) => give({ error: String(error) }),
    );
  }

  return {
    find,
    get result() {
      return result;
    },

    /** From now until a cell shows an element that is drawn. */
    first(number, selector, written) {
      cell = window.jupyterapp.shell.currentWidget.content.widgets[number].node;
      const isDrawn = () => {
        const element = find(selector);
        return element && element.getBoundingClientRect().width > 0 && (!written || find(written)?.textContent);
      };
      measure(() => painted(isDrawn));
    },

    /** From an act until all of some elements have other words than before. */
    act({ click, type, text, watched }) {
      const before = texts(watched);
      const isDone = () => texts(watched).every((words, i) => words !== before[i]);
      measure(async () => {
        const element = find(click ?? type);
        if (click)
          for (const event of ["mousedown", "mouseup", "click"])
            element.dispatchEvent(new MouseEvent(event, { bubbles: true, composed: true }));
        else {
          element.value = text;
          element.dispatchEvent(new InputEvent("input", { bubbles: true }));
          element.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true }));
        }
        await painted(isDone);
      });
    },

    /** The times of the frames in ms while something is scrolled a step a frame: by a wheel's step, and now and then far. */
    scroll(selector, steps) {
      const scroller = find(selector);
      measure(async () => {
        const times = [];
        let last = await frame();
        for (let step = 0; step < steps; step++) {
          scroller.scrollTop += step % 3 ? 400 : scroller.scrollHeight / 25;
          const now = await frame();
          times.push(now - last);
          last = now;
        }
        return times;
      });
    },
  };
})();
