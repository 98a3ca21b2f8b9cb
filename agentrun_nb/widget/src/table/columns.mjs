/** The columns of the table of runs: what stands over them, how wide they are, and what a cell shows. */
import { h } from "../base/dom.mjs";
import { describe, statusMark } from "../base/status.mjs";
import { shortText, visible } from "../base/text.mjs";
import { ageWords, duration } from "../base/times.mjs";
import { lastStep } from "../json/path.mjs";
import { OPEN, lengthsOf } from "../runs/lengths.mjs";
import { labelsOf } from "../runs/labels.mjs";
import { shortId } from "../runs/names.mjs";
import { commonPhrase, distinctPart } from "../runs/reasons.mjs";
import { areNumbers, isNumber, isThere, plainText } from "../runs/values.mjs";

/**
 * @typedef {import("../base/dom.mjs").Child} Child
 * @typedef {import("../runs/store.mjs").State} State
 *
 * @typedef {object} Column
 * @property {string} key  what it sorts by
 * @property {string} label  text of the record where `isOwn`
 * @property {string} [more]  words for who hears the label and does not see the table
 * @property {boolean} isFalling  whether a first click brings the highest to the top
 * @property {boolean} isOwn  whether a person added it, and may take it away
 * @property {string} width  as CSS has it
 * @property {number} least  the width that it needs, in characters
 * @property {string} style  a class
 * @property {(row: number) => Child[]} cell
 */

/** The longest texts that a cell holds; the whole stands with the run. */
const LONGEST = 300;
const LONGEST_NAME = 30;
/** Widths in characters; between cells lies the room of GAP of them. */
const LENGTH = 13;
const AGE = 11;
const REASON = 11;
const WIDEST_VALUE = 26;
const GAP = 3;
const ID = 9;
/** Letters are narrower than digits, by which widths are measured. */
const LETTER = 0.82;

/** @param {number} characters @param {Partial<Column> & Pick<Column, "key" | "label" | "cell">} column @returns {Column} */
const fixed = (characters, column) => ({
  isFalling: true,
  isOwn: false,
  style: "arn-right",
  width: `${characters}ch`,
  least: characters,
  ...column,
});

/** @param {State} state @returns {Column[]} */
export function columnsOf(state) {
  const { data } = state;
  const columns = /** @type {import("../protocol.mjs").Columns} */ (data.columns);
  const { before, after, open } = lengthsOf(data);
  /** @param {Float64Array} lengths @param {number} openPart */
  const length = (lengths, openPart) => (/** @type {number} */ row) => {
    if (Number.isNaN(lengths[row])) return [];
    const words = duration(lengths[row]);
    return open[row] === openPart
      ? [h("span", "arn-quiet", `${words}…`, h("span", "arn-offsight", " so far"))]
      : [words];
  };
  return [
    statusColumn(state, columns),
    nameColumn(state, columns),
    fixed(AGE, {
      key: "created_at",
      label: "age",
      more: ", by created time",
      style: "arn-right arn-grid-age",
      cell: (row) => [ageWords(Date.now() - columns.created[row])],
    }),
    fixed(LENGTH, {
      key: "before_start",
      label: "before start",
      cell: length(before, OPEN.BEFORE),
    }),
    fixed(LENGTH, {
      key: "after_start",
      label: "after start",
      cell: length(after, OPEN.AFTER),
    }),
    fixed(7, {
      key: "exit_code",
      label: "exit",
      more: " code",
      cell: (row) => (Number.isNaN(columns.exit[row]) ? [] : [String(columns.exit[row])]),
    }),
    reasonColumn(state, columns),
    ...state.columns.map((path) => valueColumn(path, state.values.get(path))),
  ];
}

/** @param {State} state @param {import("../protocol.mjs").Columns} columns @returns {Column} */
function statusColumn({ data: { page } }, { status }) {
  return fixed(4, {
    key: "status",
    label: "",
    more: "status",
    isFalling: false,
    style: "",
    cell(row) {
      const name = page.statuses[status[row]] ?? null;
      return [statusMark(name), h("span", "arn-offsight", describe(name).label)];
    },
  });
}

/** @param {State} state @param {import("../protocol.mjs").Columns} columns @returns {Column} */
function nameColumn(state, { ids }) {
  const { list, codes } = labelsOf(state);
  const longest = list.reduce((most, name) => Math.max(most, name.length), 0);
  return fixed(Math.ceil(Math.min(longest, LONGEST_NAME) * LETTER) + ID + GAP, {
    key: "name",
    label: "run",
    isFalling: false,
    style: "",
    cell: (row) => [
      h("span", "arn-grid-name", shortText(list[codes[row]], LONGEST_NAME)),
      " ",
      h("span", "arn-dim arn-grid-id", visible(shortId(ids[row]))),
    ],
  });
}

/** @param {State} state @param {import("../protocol.mjs").Columns} columns @returns {Column} */
function reasonColumn({ data: { page } }, { reason, error }) {
  const phrase = commonPhrase(page.reasons);
  return {
    ...fixed(REASON, {
      key: "failure_reason",
      label: "reason",
      isFalling: false,
      style: "",
      cell(row) {
        const words = page.errors[error[row]];
        if (words !== undefined)
          return [h("span", "arn-quiet", `not read: ${shortText(words, LONGEST)}`)];
        const whole = page.reasons[reason[row]];
        if (whole === undefined) return [];
        const { text, isFolded } = distinctPart(whole, phrase);
        return [isFolded && h("span", "arn-dim", "… "), shortText(text, LONGEST)];
      },
    }),
    // It takes the room that the others leave.
    width: `minmax(${REASON}ch, 1fr)`,
  };
}

/** @param {string} path @param {import("../runs/values.mjs").Values | undefined} values undefined while they are on their way @returns {Column} */
function valueColumn(path, values) {
  const label = visible(lastStep(path));
  const longest = (values ?? []).reduce(
    (most, text) => Math.max(most, text?.length ?? 0),
    label.length + GAP,
  );
  const isRight = values !== undefined && areNumbers(values);
  return fixed(Math.min(longest, WIDEST_VALUE) + GAP, {
    key: path,
    label,
    isFalling: isRight,
    isOwn: true,
    style: isRight ? "arn-right" : "",
    cell(row) {
      if (!values) return [h("span", "arn-quiet", "…")];
      const text = values[row] ?? null;
      if (text === null) return [];
      if (!isThere(text)) return [h("span", "arn-quiet", "null")];
      return [isNumber(text) ? text : shortText(plainText(text), LONGEST)];
    },
  });
}
