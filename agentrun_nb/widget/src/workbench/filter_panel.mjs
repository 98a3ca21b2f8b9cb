/** The panel in which runs are narrowed by what has no place in the row. */
import { button, h, uniqueId } from "../base/dom.mjs";
import { formatTime, instant } from "../base/ticks.mjs";
import { toolbar } from "../base/roving.mjs";
import { visible } from "../base/text.mjs";
import { isoText, isZone } from "../base/times.mjs";
import { momentOf } from "../runs/filter.mjs";
import { AGES, changed } from "../runs/rules.mjs";
import { createFailedVersions } from "./failed_versions.mjs";
import { createRuleChips } from "./rule_chips.mjs";

/**
 * @typedef {import("../runs/filter.mjs").Filter} Filter
 * @typedef {"deployment_id" | "version_id" | "mode"} Identity
 * @typedef {(filter: Filter | null) => Promise<string>} Narrow  gives the kernel's sentence where it refuses
 */

/** The operators of a rule on a document, in words. @type {[operator: string, words: string][]} */
const OPERATORS = [
  ["==", "is"],
  ["!=", "is not"],
  ["<", "is less than"],
  ["<=", "is at most"],
  [">", "is more than"],
  [">=", "is at least"],
  ["contains", "contains"],
  ["exists", "is there"],
];
/** What stands for runs without a value, and for several values, which a choice of one cannot show. */
const NONE = "none";
const SEVERAL = "several";
const ALONE = "Rules on documents and on outputs need a kernel, and this file has none.";

/**
 * @param {import("../runs/store.mjs").Store} store
 * @param {{kernel: import("../kernel/requests.mjs").Kernel, signal: AbortSignal, onFilter: Narrow, onClose: () => void}} options
 */
export function createFilterPanel(store, { kernel, signal, onFilter, onClose }) {
  const { state } = store;
  const refusal = h("p", { class: "arn-warning", role: "alert" });
  const failed = createFailedVersions(store, (changes) => void change(changes));
  const choices = {
    deployment_id: createChoice("Deployment", (value) => identify("deployment_id", value)),
    version_id: createChoice("Version", (value) => identify("version_id", value)),
    mode: createChoice("Mode", (value) => identify("mode", value)),
  };
  const time = createTimes(store, (edges) => change(edges));
  const outputs = createChoice("Outputs", (value) =>
    change({ has_outputs: value === "" ? undefined : value === "with" }),
  );
  const rules = createRuleChips(store, { signal, onFilter: take, onEmpty: focus });
  const where = createWhere((rule) => change({ where: [...(state.filter?.where ?? []), rule] }));
  const close = button("Close", () => onClose(), { title: "Close (Esc)" });
  const element = h(
    "div",
    {
      class: "arn-wb-panel",
      role: "dialog",
      "aria-label": "Filter the runs",
      "data-testid": "arn-wb-panel",
      hidden: true,
    },
    h(
      "div",
      "arn-wb-fields",
      failed.element,
      choices.deployment_id.element,
      choices.version_id.element,
      choices.mode.element,
      time.element,
      !kernel.alone && outputs.element,
    ),
    kernel.alone ? h("p", "arn-dim", ALONE) : where.element,
    refusal,
    h("div", "arn-wb-panelfoot", rules.element, h("span", "arn-spring"), close),
  );
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  });

  /** @param {Filter | null} filter */
  async function take(filter) {
    refusal.textContent = visible(await onFilter(filter));
    return refusal.textContent === "";
  }

  /** @param {Partial<Filter>} changes */
  const change = (changes) => take(changed(state.filter ?? {}, changes));

  /** @param {Identity} key @param {string} value the place of a value in its list, or one of the words for others */
  function identify(key, value) {
    if (value === SEVERAL) return;
    const chosen = value === NONE ? [null] : listOf(key)[Number(value)];
    void change({ [key]: value === "" ? undefined : chosen });
  }

  /** @param {Identity} key @returns {string[]} */
  function listOf(key) {
    const { deployments, versions, modes } = state.data.page;
    return { deployment_id: deployments, version_id: versions, mode: modes }[key];
  }

  function write() {
    if (element.hidden) return;
    for (const key of /** @type {Identity[]} */ (Object.keys(choices))) writeIdentity(key);
    const has = state.filter?.has_outputs;
    outputs.write(
      [
        ["", "any"],
        ["with", "with outputs"],
        ["without", "without outputs"],
      ],
      has === undefined ? "" : has ? "with" : "without",
    );
    time.write();
    failed.write();
  }

  /** @param {Identity} key */
  function writeIdentity(key) {
    const list = listOf(key);
    const value = state.filter?.[key];
    const only = Array.isArray(value) && value.length === 1 ? value[0] : value;
    const place = typeof only === "string" ? list.indexOf(only) : -1;
    const chosen =
      value === undefined ? "" : only === null ? NONE : place >= 0 ? String(place) : SEVERAL;
    /** @type {[string, string][]} */
    const options = list.map((id, at) => [String(at), visible(state.names.get(id) ?? id)]);
    options.sort(([, a], [, b]) => a.localeCompare(b, "en", { numeric: true }));
    const several =
      chosen === SEVERAL ? [/** @type {[string, string]} */ ([SEVERAL, "several"])] : [];
    choices[key].write([["", "any"], ...several, ...options, [NONE, "without one"]], chosen);
  }

  function focus() {
    (failed.first ?? choices.deployment_id.select).focus();
  }

  store.watch(["data", "filter", "names", "tz"], write, signal);
  return {
    element,
    open() {
      element.hidden = false;
      refusal.textContent = "";
      write();
      focus();
    },
    close() {
      element.hidden = true;
    },
  };
}

/** @param {string} label @param {(value: string) => void} onChoose */
function createChoice(label, onChoose) {
  const select = h("select", { title: "Show only runs with this" });
  select.addEventListener("change", () => onChoose(select.value));
  return {
    select,
    element: h("label", "arn-wb-field", h("span", "arn-dim", label), select),
    /** @param {[value: string, words: string][]} options @param {string} chosen */
    write(options, chosen) {
      select.replaceChildren(...options.map(([value, words]) => h("option", { value }, words)));
      select.value = chosen;
    },
  };
}

/**
 * The choice of a stretch of time in which runs were created.
 * @param {import("../runs/store.mjs").Store} store @param {(edges: Pick<Filter, "since" | "until">) => void} onChange
 */
function createTimes({ state }, onChange) {
  const between = "between";
  /** What can be chosen, as the filter has it. @type {[value: string, words: string][]} */
  const choices = [["", "any time"], ...AGES, [between, "from … to …"]];
  const buttons = choices.map(([value, words]) =>
    button(words, () => choose(value), {
      "aria-pressed": "false",
      title: "Show only runs that were created then",
    }),
  );
  const [since, until] = ["From", "To"].map((label) => {
    const input = h("input", {
      type: "datetime-local",
      step: "1",
      "aria-label": label,
      title: `${label}, in the zone of the times shown`,
    });
    input.addEventListener("change", chooseEdges);
    return input;
  });
  const edges = h("span", "arn-wb-edges", since, h("span", "arn-dim", "to"), until);
  const note = h("span", "arn-dim arn-wb-newest");

  /** @param {string} value */
  function choose(value) {
    press(value);
    if (value === between) since.focus();
    else onChange({ since: value || undefined, until: undefined });
  }

  /** @param {string} value the one that is chosen */
  function press(value) {
    choices.forEach(([other], i) =>
      buttons[i].setAttribute("aria-pressed", String(other === value)),
    );
    edges.hidden = value !== between;
  }

  function chooseEdges() {
    onChange({ since: momentIn(since), until: momentIn(until) });
  }

  const zone = () => (isZone(state.tz) ? state.tz : "UTC");

  /** @param {HTMLInputElement} input */
  function momentIn({ value }) {
    const clock = Date.parse(`${value}Z`);
    return Number.isNaN(clock) ? undefined : isoText(instant(clock, zone()));
  }

  function write() {
    const { filter, data } = state;
    const age = AGES.some(([text]) => text === filter?.since) && filter?.until === undefined;
    const isBetween = !age && (filter?.since ?? filter?.until) !== undefined;
    const chosen = age ? String(filter?.since) : isBetween ? between : "";
    press(chosen);
    for (const [input, edge] of /** @type {const} */ ([
      [since, filter?.since],
      [until, filter?.until],
    ]))
      if (isBetween && !input.matches(":focus")) input.value = clockOf(edge, data.page.now);
    note.textContent = age
      ? `counted back from the newest look, ${formatTime(data.page.now, zone())}`
      : isNever(filter ?? {}, data.page.now)
        ? "no time lies between these"
        : "";
  }

  /** Whether the end is not after the beginning. @param {Filter} filter @param {number} newest */
  function isNever({ since: from = "", until: to = "" }, newest) {
    // An edge that is not given is not a number, which is neither before nor after another.
    return momentOf(from, newest) >= momentOf(to, newest);
  }

  /** @param {string | undefined} edge @param {number} newest @returns {string} what a clock in the zone shows */
  function clockOf(edge, newest) {
    if (edge === undefined) return "";
    const at = momentOf(edge, newest);
    if (Number.isNaN(at)) return "";
    return formatTime(Math.floor(at / 1000) * 1000, zone())
      .slice(0, 19)
      .replace(" ", "T");
  }

  const bar = toolbar("Created", "arn-tl-segments", ...buttons);
  const title = h("span", "arn-dim", "Created");
  return { element: h("div", "arn-wb-field arn-wb-whole", title, bar, edges, note), write };
}

/** A rule about a place in a document. @param {(rule: [path: string, operator: string, value: unknown]) => Promise<boolean>} onAdd gives whether it was taken */
function createWhere(onAdd) {
  const hint = uniqueId("where");
  const path = h("input", {
    type: "text",
    class: "arn-wb-path",
    placeholder: "output_manifest.score",
    "aria-label": "Path in a document",
    "aria-describedby": hint,
    title: "A place in the input or the output manifest",
    spellcheck: "false",
    maxlength: "2000",
  });
  const operators = OPERATORS.map(([value, words]) => h("option", { value }, words));
  const operator = h(
    "select",
    { "aria-label": "Comparison", title: "How it is compared" },
    ...operators,
  );
  const value = h("input", {
    type: "text",
    placeholder: "0.5",
    "aria-label": "Value",
    title: "A number, true, false, null, or a text",
    spellcheck: "false",
    maxlength: "2000",
  });
  const add = button("Add", () => void take(), { title: "Add this rule (Enter)" });

  async function take() {
    if (!path.value.trim()) return path.focus();
    const isThere = operator.value === "exists";
    const operand = isThere ? true : valueOf(value.value);
    if (!(await onAdd([withDocument(path.value.trim()), operator.value, operand]))) return;
    path.value = value.value = "";
    path.focus();
  }

  operator.addEventListener("change", () => (value.hidden = operator.value === "exists"));
  const element = h(
    "div",
    { class: "arn-wb-where", role: "group", "aria-label": "Rule on a document" },
    path,
    operator,
    value,
    add,
    h(
      "span",
      { class: "arn-dim", id: hint },
      "a path such as output_manifest.score or input.limit",
    ),
  );
  element.addEventListener("keydown", ({ key, target }) => {
    if (key === "Enter" && target !== add) void take();
  });
  return { element };
}

/** Most rules are about the output manifest, whose name may be left out. @param {string} path */
const withDocument = (path) =>
  /^(?:input|output_manifest)\b/.test(path) ? path : `output_manifest.${path}`;

/** A value as JSON has it where it is such, else the text itself. @param {string} words @returns {unknown} */
function valueOf(words) {
  if (/^(?:true|false|null)$/.test(words)) return JSON.parse(words);
  const number = Number(words);
  if (words.trim() && Number.isFinite(number)) return number;
  return words.replace(/^"(.*)"$/, "$1");
}
