/** The frame of the view: it opens the page, keeps the status line, and hands each kind of page to its own body. */
import { createJsonBody } from "./json_body.mjs";
import { createRunBody } from "./run_body.mjs";
import { createRunsBody } from "./runs_body.mjs";
import { h } from "../base/dom.mjs";
import { keepFocus } from "../base/focus.mjs";
import { hasHead, setHead } from "../base/head.mjs";
import { isCut } from "../base/host.mjs";
import { learnStatuses, setColours } from "../base/status.mjs";
import { createKernel } from "../kernel/requests.mjs";
import { unpack } from "../kernel/page.mjs";
import { createStatusLine } from "./statusline.mjs";
import { createTraits } from "../kernel/traits.mjs";
import { createZoneSwitch } from "./zone.mjs";

/**
 * What a body is given, and what it is. A body that cannot take other data lives until the page is replaced.
 * @typedef {{kernel: import("../kernel/requests.mjs").Kernel, traits: import("../kernel/traits.mjs").Traits, tz: string, signal: AbortSignal}} Context
 * Its `corner` is where the switch of the zone goes; without one it stands on the status line.
 * Its `actions` is where it is said how runs are followed; `renew` is told which rows of its data were changed.
 * One with `saysNote` says itself how complete the data is.
 * @typedef {{element: HTMLElement, corner?: HTMLElement, saysNote?: boolean, update?(data: Held): void, setZone?(tz: string): void, setPath?(path: string): void, setSelected?(keys: unknown): void, setNames?(names: ReadonlyMap<string, string>): void, actions?: HTMLElement, renew?(rows: import("../protocol.mjs").Renewed): void}} Body
 * @typedef {import("../protocol.mjs").Held} Held
 */

/** How long after a page is shown, in ms, what it opened without is fetched. */
const SETTLED_MS = 300;
const BODIES = { json: createJsonBody, run: createRunBody, runs: createRunsBody };

/** Puts the view into an element and opens its page. @param {import("../protocol.mjs").Model} model @param {HTMLElement} el @param {{signal: AbortSignal, run: import("../kernel/requests.mjs").Run, opening?: import("../kernel/requests.mjs").Opening}} options `signal` is the end of the view */
export function mountExplorer(model, el, { signal, run, opening }) {
  /** @type {Body | null} */
  let body = null;
  let shown = "";
  /** Names that came after the page, which a page that was made before does not have. @type {Record<string, string>} */
  let names = {};
  let bodyEnd = new AbortController();
  /** @type {Held | null} */
  let opened = null;
  /** @type {ReturnType<typeof import("./following.mjs").createFollowing> | null} */
  let following = null;
  /** What comes by itself is taken one after the other, since each is unpacked. */
  let turn = Promise.resolve();
  const status = createStatusLine();
  const traits = createTraits(model, signal);
  const kernel = createKernel(model, {
    signal,
    run,
    opening,
    isCut: () => isCut(el),
    onSilence: status.setSilent,
    onUpdate: (reply) => inTurn(() => show(reply)),
    onRows: (reply) => inTurn(() => renew(reply)),
    onNames(later) {
      names = later;
      body?.setNames?.(new Map(Object.entries(names)));
    },
  });
  const zone = createZoneSwitch(traits.get("tz"), (tz) => {
    traits.put("tz", tz);
    body?.setZone?.(tz);
  });
  const place = h("div", "arn-body");
  const top = h("div", "arn-top", status.element, zone.element);
  const root = h("div", "arn-root", top, place);

  /** @param {Error} error */
  const fail = ({ message }) => status.say(`This could not be shown: ${message}`);

  /** Does work after all work that was given before; an error goes to the status line. @param {() => Promise<void>} work */
  function inTurn(work) {
    turn = turn.then(work).catch((error) => void fail(error));
  }

  /** Newer records of some runs. @param {import("../kernel/requests.mjs").Reply} reply */
  async function renew(reply) {
    const { takePatch } = await kernel.later();
    if (!opened || signal.aborted) return;
    const rows = await takePatch(opened, reply);
    if (rows) body?.renew?.(rows);
    // Something that was told before has not come here, so the page is asked for anew.
    if (opened.page.version < reply.answer.version) await kernel.ask("open").then(show);
    following?.take(reply.answer.follow);
  }

  /** Fetches the code that opening did not need, and adds the control that follows runs. */
  async function fetchLaterCode() {
    if (signal.aborted) return;
    const { createFollowing } = await kernel.later();
    following ??= createFollowing(root, {
      kernel,
      signal,
      readAt: () => opened?.page.read_at ?? null,
    });
    placeFollowing();
  }

  function placeFollowing() {
    const there = body?.actions ?? body?.corner;
    if (following) there?.append(following.element);
  }

  /** @param {import("../base/head.mjs").Head} head */
  function learn(head) {
    setHead(head);
    learnStatuses(head);
  }

  /** @param {import("../kernel/requests.mjs").Reply} reply */
  async function show({ answer, buffers }) {
    const data = await unpack(answer.page, buffers);
    if (signal.aborted) return;
    data.page.names = { ...names, ...data.page.names };
    opened = data;
    const { kind, uid, note, head } = data.page;
    if (head) learn(head);
    // Other data that comes before the page is opened: the answer to `open` holds it too.
    if (!hasHead()) return;
    setColours(root);
    // The mark by which a static twin knows that a live view stands in its place.
    if (/^[0-9a-f]+$/.test(uid)) root.classList.add(`arn-live-${uid}`);
    zone.element.hidden = kind === "json";
    if (body?.update && shown === kind) body.update(data);
    else {
      bodyEnd.abort();
      bodyEnd = new AbortController();
      body = BODIES[kind](data, { kernel, traits, tz: zone.get(), signal: bodyEnd.signal });
      place.replaceChildren(body.element);
      (body.corner ?? top).append(zone.element);
      placeFollowing();
      shown = kind;
    }
    status.say(body.saysNote ? "" : note);
    body.setSelected?.(traits.get("selected"));
    body.setPath?.(String(traits.get("path")));
    // The rest of the code comes once the page is there, so that it need not be waited for later.
    if (kind !== "json") setTimeout(() => fetchLaterCode().catch(() => {}), SETTLED_MS);
  }

  el.append(root);
  keepFocus(root, signal);
  signal.addEventListener("abort", () => bodyEnd.abort());
  traits.watch("tz", (tz) => body?.setZone?.(zone.set(tz)));
  traits.watch("path", (path) => body?.setPath?.(String(path)));
  traits.watch("selected", (keys) => body?.setSelected?.(keys));
  status.say("Waiting for the kernel");
  inTurn(() => kernel.ask("open").then(show));
}
