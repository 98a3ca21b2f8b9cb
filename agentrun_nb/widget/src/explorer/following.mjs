/** Following runs: it tells the kernel whether the page is on the screen, takes what comes of that, and says how it stands. */
import { button, h } from "../base/dom.mjs";
import { countOf, formatCount } from "../base/numbers.mjs";
import { shortText, visible } from "../base/text.mjs";
import { ageWords } from "../base/times.mjs";

/**
 * How following stands, as the kernel says it.
 * @typedef {{can: boolean, on: boolean, left: number, age: number | null, trouble: string, news: number}} Standing
 */

/** So long a page may be out of sight, in ms, before the kernel stops looking: who scrolls by comes back. */
const GRACE_MS = 2000;
/** The kernel takes a page that has said nothing for a minute to be closed. */
const RENEW_MS = 20_000;
/** Looks are half a minute apart at most; where none came for longer, something is amiss. */
const LONGEST_MS = 45_000;
const SECOND = 1000;
const LONGEST_TROUBLE = 90;

/** How many runs are left, by view: each view has modules of its own, so the document keeps it for all of them. */
const LEFT = Symbol.for("agentrun_nb runs left");
const COUNTED = /^\([\d,]+ left\) /;
const LATE = "The service has not answered for a while.";
/** @type {Standing} */
const NOTHING = { can: false, on: false, left: 0, age: null, trouble: "", news: 0 };

const hex = (/** @type {number} */ byte) => byte.toString(16).padStart(2, "0");

/** What says the same is left alone, so that it is not read out again. @param {HTMLElement} element @param {string} words */
function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/**
 * @param {HTMLElement} root of the view
 * @param {object} options
 * @param {import("../kernel/requests.mjs").Kernel} options.kernel
 * @param {() => number | null} options.readAt when the newest record was read, in ms since the epoch; null where nobody knows
 * @param {AbortSignal} options.signal
 */
export function createFollowing(root, { kernel, readAt, signal }) {
  const view = Array.from(crypto.getRandomValues(new Uint8Array(8)), hex).join("");
  /** @type {Standing | null} */
  let standing = null;
  /** When the kernel said so, by the clock of the page. */
  let heardAt = 0;
  let onScreen = false;
  let wasSeen = false;
  /** How often the kernel was told something: it may hear the first of it last. */
  let messages = 0;
  let leaving = 0;
  let renewing = 0;
  const news = button("", () => tell({ take: true }), {
    class: "arn-button arn-follow-news",
    title: "Show the runs that have come since",
    "data-testid": "arn-follow-news",
  });
  const toggle = button("", () => tell({ on: toggle.ariaPressed !== "true" }), {
    "data-testid": "arn-follow",
    title: "Look again at the runs that have not ended, while this is on the screen",
  });
  const read = h("span", { class: "arn-dim", "data-testid": "arn-follow-read" });
  const trouble = h("span", {
    class: "arn-warning",
    role: "status",
    "data-testid": "arn-follow-trouble",
  });
  const element = h("span", "arn-line-up arn-follow", trouble, news, read, toggle);

  const isSeen = () => onScreen && document.visibilityState === "visible" && !signal.aborted;

  /** @param {object} [wish] what a person pressed */
  function tell(wish) {
    clearTimeout(leaving);
    clearTimeout(renewing);
    wasSeen = isSeen();
    kernel.tell("follow", { view, number: messages++, seen: wasSeen, ...wish });
    if (wasSeen && standing?.on) renewing = setTimeout(tell, RENEW_MS);
    write();
  }

  function look() {
    clearTimeout(leaving);
    if (isSeen() === wasSeen) return;
    if (isSeen()) tell();
    else leaving = setTimeout(tell, GRACE_MS);
  }

  /** @param {Standing} newer */
  function take(newer) {
    standing = newer;
    heardAt = performance.now();
    clearTimeout(renewing);
    if (wasSeen && newer.on) renewing = setTimeout(tell, RENEW_MS);
    write();
  }

  /** How long ago the newest look was, by the clocks of kernel and page together; NaN where that is not known. */
  function age() {
    if (standing && standing.age !== null)
      return standing.age * SECOND + performance.now() - heardAt;
    const at = readAt();
    return at === null ? NaN : Math.max(0, Date.now() - at);
  }

  function write() {
    const { can, on, left, trouble: sentence, news: count } = standing ?? NOTHING;
    const isAlone = kernel.alone || kernel.isCut();
    const words = age() >= 0 ? `read ${ageWords(Math.max(age(), SECOND))}` : "";
    toggle.hidden = isAlone || !can;
    toggle.ariaPressed = String(on);
    const counted = left ? `Follow ${formatCount(left)}` : "Follow";
    setText(toggle, [counted, words].filter(Boolean).join(" · "));
    read.hidden = !toggle.hidden;
    setText(read, words);
    news.hidden = isAlone || !count;
    setText(news, countOf(count, "new run"));
    const isLate = on && wasSeen && age() > LONGEST_MS;
    const said = isAlone ? "" : sentence || (isLate ? LATE : "");
    trouble.title = visible(said);
    setText(trouble, shortText(said, LONGEST_TROUBLE));
    countLeft(on && wasSeen && !isAlone ? left : 0);
  }

  /** A browser shows the titles of its pages side by side. The title is the host's, so only words in front of it are put and taken away. @param {number} left */
  function countLeft(left) {
    const shared = /** @type {any} */ (document);
    /** @type {Map<string, number>} */
    const counts = (shared[LEFT] ??= new Map());
    if (left) counts.set(view, left);
    else if (!counts.delete(view)) return;
    const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const plain = document.title.replace(COUNTED, "");
    const title = all ? `(${formatCount(all)} left) ${plain}` : plain;
    if (document.title !== title) document.title = title;
  }

  const observer = new IntersectionObserver((entries) => {
    onScreen = entries[entries.length - 1].isIntersecting;
    look();
  });
  const clock = setInterval(() => wasSeen && write(), SECOND);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearInterval(clock);
    if (wasSeen) tell();
    clearTimeout(renewing);
  });
  observer.observe(root);
  document.addEventListener("visibilitychange", look, { signal });
  addEventListener("pagehide", () => wasSeen && tell(), { signal });
  write();
  return { element, take };
}
