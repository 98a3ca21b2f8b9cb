/** A place for what is drawn by code that comes after the page. */
import { button, h } from "./dom.mjs";
import { visible } from "./text.mjs";

/**
 * @template Parts
 * @param {{later: () => Promise<Parts>, signal: AbortSignal}} options `later` fetches the code
 * @param {(parts: Parts, place: HTMLElement) => void} draw  fills the place
 * @returns {HTMLElement} where code does not come it says so, and asks for it again at a press
 */
export function drawnLater({ later, signal }, draw) {
  const place = h("div");
  // It lays nothing out itself: what is drawn in it stands as if it were not there.
  place.style.display = "contents";

  async function fill() {
    try {
      const parts = await later();
      if (!signal.aborted) draw(parts, place);
    } catch (error) {
      const sentence = visible(/** @type {Error} */ (error).message);
      place.replaceChildren(
        h("p", { class: "arn-quiet", role: "status" }, sentence),
        h(
          "div",
          {},
          button("Try again", () => void fill()),
        ),
      );
    }
  }

  void fill();
  return place;
}
