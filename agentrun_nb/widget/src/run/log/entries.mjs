/** The events of a log as a person reads them: a traceback is one entry, however many events its lines came in. */

/**
 * An event as the service has it; its metadata is JSON to the letter.
 * @typedef {{created_at: string | null, level: string | null, event_type: string | null, source: string | null, message: string | null, metadata: string | null}} LogEvent
 */

/**
 * Events from `first` to before `end` that belong together. `title` is the line that says most of them, `text` has all their lines.
 * @typedef {{first: number, end: number, level: string, title: string, text: string, lines: number}} Entry
 */

const TRACEBACK = /^(\s*)Traceback \(most recent call last\):\s*$/;
/** What stands between the tracebacks of errors of which one led to the other. */
const LINK = /^\s*(?:$|The above exception was the direct cause|During handling of the above)/;
const ERROR = /^(?:error|fatal|critical)$/i;
const WARNING = /^warn/i;
/** A text that is shorter than this is found in others by chance. */
const SHORTEST = 4;

/** @param {string | null} level */
export const isError = (level) => ERROR.test(level ?? "");

/** How grave a level is: the gravest first. @param {string} level */
export const rankOf = (level) => (isError(level) ? 0 : WARNING.test(level) ? 1 : 2);

/** @param {LogEvent[]} events oldest first @returns {Entry[]} */
export function entriesOf(events) {
  const entries = [];
  for (let first = 0; first < events.length;) {
    const end = endOf(events, first);
    entries.push(entryOf(events, first, end));
    first = end;
  }
  return entries;
}

/** @param {LogEvent[]} events @param {number} first @param {number} end @returns {Entry} */
function entryOf(events, first, end) {
  const text = events
    .slice(first, end)
    .map(({ message }) => message ?? "")
    .join("\n")
    .trimEnd();
  const lines = text.split("\n");
  // What was raised stands in the last line of a traceback.
  const title = lines.some((line) => TRACEBACK.test(line)) ? lines[lines.length - 1] : lines[0];
  return { first, end, level: events[first].level ?? "", title, text, lines: lines.length };
}

/** Where the entry ends that begins with an event: with a traceback, those belong to it that it led to. @param {LogEvent[]} events @param {number} first */
function endOf(events, first) {
  let end = endOfTraceback(events, first, first);
  if (end === first) return first + 1;
  for (let next = linked(events, first, end); next >= 0; next = linked(events, first, end))
    end = endOfTraceback(events, first, next);
  return end;
}

/** Whether an event continues what another of the same writer began. @param {LogEvent[]} events @param {number} first @param {number} at */
const isPart = (events, first, at) =>
  at < events.length &&
  events[at].source === events[first].source &&
  events[at].event_type === events[first].event_type;

/** Where a traceback ends that is written a line an event: its lines are set in deeper than its head, but for the last. @param {LogEvent[]} events @param {number} first @param {number} start @returns {number} `start` where there is none */
function endOfTraceback(events, first, start) {
  const head = TRACEBACK.exec(events[start].message ?? "");
  if (!head) return start;
  const deeper = `${head[1]} `;
  let at = start + 1;
  while (isPart(events, first, at) && (events[at].message ?? "").startsWith(deeper)) at++;
  return isPart(events, first, at) ? at + 1 : at;
}

/** Where the traceback begins that another one led to. @param {LogEvent[]} events @param {number} first @param {number} end of the other @returns {number} -1 where there is none */
function linked(events, first, end) {
  let at = end;
  while (isPart(events, first, at) && LINK.test(events[at].message ?? "")) at++;
  const isNext = isPart(events, first, at) && TRACEBACK.test(events[at].message ?? "");
  return isNext && at > end ? at : -1;
}

/** Whether a line says nothing that the reason of the failure does not say. @param {string} line @param {string} reason */
export function repeats(line, reason) {
  const [words, whole] = [line.trim(), reason.trim()];
  if (Math.min(words.length, whole.length) < SHORTEST) return false;
  return whole.includes(words) || words.includes(whole);
}

/**
 * The lines of errors that say more than the reason.
 * @param {LogEvent[]} events @param {string} reason "" where none is recorded
 * @returns {{lines: string[], repeated: number}} `repeated` counts those that say no more
 */
export function errorLines(events, reason) {
  const lines = linesOf(events.filter(({ level }) => isError(level)));
  const others = lines.filter((line) => !repeats(line, reason));
  return { lines: others, repeated: lines.length - others.length };
}

/** @param {LogEvent[]} events @returns {string[]} their lines, but for the empty ones */
export const linesOf = (events) =>
  events.flatMap(({ message }) => (message ?? "").split("\n")).filter((line) => line.trim());

/** An event of a type that is written more often than this is a line of output and no step of the run. */
const MOST_OF_A_STEP = 3;

/** The entries that stand for a step of the run. @param {LogEvent[]} events @param {Entry[]} entries @returns {number[]} their places, rising */
export function stepsOf(events, entries) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { event_type: type } of events)
    if (type) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...entries.keys()].filter((at) => {
    const count = counts.get(events[entries[at].first].event_type ?? "") ?? Infinity;
    return count <= MOST_OF_A_STEP;
  });
}
