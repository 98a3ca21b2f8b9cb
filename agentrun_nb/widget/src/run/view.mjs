/** One run, whole: what it is called and how it went, and all that its record says in tabs. */
import { button, h } from "../base/dom.mjs";
import { head } from "../base/head.mjs";
import { formatCount } from "../base/numbers.mjs";
import { describe } from "../base/status.mjs";
import { createTabs } from "../base/tabs.mjs";
import { copyMenu } from "./copying.mjs";
import { createDocuments } from "./documents.mjs";
import { allFields, missing, retainedWords } from "./fields.mjs";
import { header } from "./header.mjs";
import { createLog } from "./log/log.mjs";
import { outputsList, outputsTable } from "./outputs.mjs";
import { banner, failure, moments } from "./overview.mjs";
import { createPreview } from "./preview/preview.mjs";
import { sentenceOf } from "./sentence.mjs";
import { addTicks } from "./ticks.mjs";
import { track } from "./track.mjs";

/** @typedef {import("../protocol.mjs").RunDoc} RunDoc */

/** How often the age of a run is written anew, in ms. */
const AGE_EVERY = 10_000;
/** The tab in which each document stands. */
const TAB_OF = { output_manifest: "manifest", input: "input", extra: "record" };

/** @typedef {ReturnType<typeof createRunView>} RunView */

/**
 * @typedef {object} Options
 * @property {string} tz
 * @property {number} now when the record was read
 * @property {import("../kernel/requests.mjs").Kernel} kernel
 * @property {string} noPreviews why no file can be looked into, "" where they can
 * @property {import("./header.mjs").Names} names
 * @property {import("./log/source.mjs").LogSource} logs
 * @property {string} tab the one that is open at first
 * @property {(name: string) => string} pythonOf the expression of a parsed document
 * @property {AbortSignal} signal
 * @property {(path: string) => void} onPath
 * @property {(path: string) => string} [onColumn] makes a column of many runs out of a place in a document, where there are many; gives why there is none
 * @property {(tab: string) => void} onTab
 * @property {(doc: RunDoc) => boolean} canCompare whether it can be compared with the last success
 * @property {() => void} onCompare asked to do that
 * @property {(() => void) | null} [onNumbers] asked to show many runs in numbers in its place, where there are many
 */

/** @param {RunDoc} first @param {Options} options */
export function createRunView(first, options) {
  const { tz, kernel, noPreviews, names, signal, onPath, onTab } = options;
  const { canCompare, onCompare, onNumbers } = options;
  const hasClient = !kernel.alone && !noPreviews;
  /** The newest record that is here, and when it was read. */
  let doc = first;
  let { now } = options;
  const isFailed = () => describe(/** @type {string | null} */ (doc.fields.status)).failed;
  const sentence = h("span", "arn-sentence");
  const course = h("div");
  /** The line of phases. */
  const line = h("div");
  /** What is drawn again for another zone. @type {Set<(zone: string) => void>} */
  const inZone = new Set([drawCourse]);
  let zone = tz;
  /** @type {import("./log/log.mjs").Step[]} */
  let steps = [];
  /** @type {ReturnType<typeof addTicks> | null} */
  let ticks = null;
  const documents = createDocuments(doc, { ...options, later: kernel.later });
  const toNumbers =
    onNumbers &&
    button("Numbers", onNumbers, {
      title: "Choose none, and show all runs in numbers",
    });
  const copies = h("span", {}, copyMenu(doc, hasClient));
  const compare = button("Compare with last success", onCompare);
  const {
    element: top,
    title,
    nameId,
    setNames,
    setDoc,
  } = header(doc, {
    sentence,
    course: doc.error === null && course,
    actions: [compare, copies, toNumbers],
    names,
  });

  const log = createLog(doc, {
    source: options.logs,
    later: kernel.later,
    isFile: kernel.alone,
    hasClient,
    tz,
    signal,
    onOpen: () => tabs.lead("logs"),
    onChoose: (entry) => ticks?.mark(entry),
    onRead(count, found, phases) {
      drawPhases(phases);
      tabs.setLabel("logs", `Logs ${count}`);
      steps = found;
      drawCourse(zone);
    },
  });
  inZone.add(log.setZone);

  const tabs = createTabs(
    "The run",
    [
      { name: "overview", label: "Overview", draw: overview },
      { name: "outputs", label: outputsLabel(), draw: outputs },
      {
        name: "manifest",
        label: "Manifest",
        draw: (end) => [documents.draw("output_manifest", end)],
      },
      { name: "input", label: "Input", draw: (end) => [documents.draw("input", end)] },
      { name: "logs", label: "Logs", draw: logs },
      { name: "record", label: "Record", draw: record },
    ],
    onTab,
    signal,
  );
  function outputsLabel() {
    return `Outputs ${formatCount(doc.outputs.length)}`;
  }

  /** @param {string} at */
  function drawCourse(at) {
    const { element, parts } = track(doc, at, now);
    element.append(line);
    course.replaceChildren(element);
    ticks = addTicks(parts, steps, showEntry);
  }

  /** @param {import("../protocol.mjs").Phase[]} phases */
  async function drawPhases(phases) {
    if (!phases.length) return;
    const { phaseLine } = await kernel.later();
    line.replaceChildren(phaseLine(phases));
  }

  /** @param {number} entry of the log */
  function showEntry(entry) {
    tabs.lead("logs");
    log.reveal(entry);
  }

  function logs() {
    log.need();
    return [log.panel];
  }

  /** @param {AbortSignal} end */
  function overview(end) {
    const preview = createPreview(doc, { kernel, signal: end });
    const list =
      doc.outputs.length > 0 &&
      outputsList(doc.outputs, waysOf(preview), () => tabs.lead("outputs"));
    return [
      banner("This run was not read", doc.error),
      failure(doc),
      isFailed() && hasClient && log.excerpt,
      list,
      preview.element,
      doc.error === null && zoned(end, (at) => moments(doc, at)),
    ];
  }

  /** @param {AbortSignal} end */
  function outputs(end) {
    if (!doc.outputs.length) return [noOutputs()];
    const preview = createPreview(doc, { kernel, signal: end });
    return [
      outputsTable(doc.outputs, waysOf(preview)),
      !kernel.alone && noPreviews && h("p", "arn-quiet", noPreviews),
      preview.element,
    ];
  }

  function noOutputs() {
    return doc.output_manifest === null
      ? h("p", {}, h("b", {}, "Output manifest"), " ", missing(doc, "output_manifest"))
      : h("p", "arn-quiet", "No outputs stand in the output manifest.");
  }

  /** @param {AbortSignal} end */
  function record(end) {
    return [
      h("b", {}, `All ${head().fields.length} fields of the record`),
      zoned(end, (at) => allFields(doc, at)),
      zoned(end, (at) => retainedWords(doc, at)),
      doc.extra !== null &&
        h("section", "arn-section", h("b", {}, "Unknown fields"), documents.draw("extra", end)),
      banner("Notes on the record", doc.notes),
    ];
  }

  /** @param {ReturnType<typeof createPreview>} preview @returns {import("./outputs.mjs").Ways} */
  function waysOf(preview) {
    return {
      onOpen: hasClient && preview.show,
      onPlace(position) {
        const path = `output_manifest.outputs[${position}]`;
        documents.reveal(path);
        tabs.lead("manifest");
        onPath(path);
      },
    };
  }

  /** A part that is drawn again for another zone, until its end. @param {AbortSignal} end @param {(zone: string) => HTMLElement} draw */
  function zoned(end, draw) {
    const place = h("div", {}, draw(zone));
    const redraw = (/** @type {string} */ at) => place.replaceChildren(draw(at));
    inZone.add(redraw);
    end.addEventListener("abort", () => inZone.delete(redraw));
    return place;
  }

  /** @param {string} name of a tab */
  function choose(name) {
    tabs.open(name);
    onTab(name);
  }

  /** @param {string} path with the document's name in front @param {boolean} [isNew] whether its tab is opened */
  function reveal(path, isNew = true) {
    const name = documents.nameOf(path);
    if (name === null) return;
    documents.reveal(path);
    if (isNew) choose(TAB_OF[name]);
  }

  const age = () => {
    const words = sentenceOf(doc, now, Date.now());
    sentence.textContent = words && `, ${words}`;
  };

  /** What changes with every look at the run. */
  function drawNow() {
    compare.hidden = !canCompare(doc);
    age();
    drawCourse(zone);
    if (isFailed()) log.need();
  }

  /** A newer record; what it does not change stays as a person has it. @param {RunDoc} newer @param {number} at when it was read */
  function renew(newer, at) {
    const isSame = (/** @type {keyof RunDoc} */ name) =>
      JSON.stringify(doc[name]) === JSON.stringify(newer[name]);
    const isOther = !(isSame("fields") && isSame("outputs"));
    const changed = [
      isOther && ["overview", "record"],
      !isSame("outputs") && "outputs",
      !isSame("output_manifest") && "manifest",
      !isSame("input") && "input",
    ];
    doc = newer;
    now = at;
    setDoc(doc);
    documents.setDoc(doc);
    log.setDoc(doc);
    tabs.setLabel("outputs", outputsLabel());
    tabs.redraw(changed.flat());
    if (isOther) copies.replaceChildren(copyMenu(doc, hasClient));
    drawNow();
  }
  const clock = setInterval(age, AGE_EVERY);
  signal.addEventListener("abort", () => clearInterval(clock));
  drawNow();
  void drawPhases(doc.phases ?? []);
  tabs.open(options.tab);
  return {
    renew,
    /** @param {string} other */
    setZone(other) {
      zone = other;
      for (const draw of inZone) draw(zone);
    },
    setNames,
    /** A line with room at its end. */
    corner: title,
    reveal,
    element: h("article", { class: "arn-run", "aria-labelledby": nameId }, top, tabs.element),
  };
}
