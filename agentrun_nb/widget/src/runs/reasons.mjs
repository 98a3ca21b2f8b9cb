/** Failure reasons on one line: what tells one from the others. */

/** A phrase of several words before a colon, as services put it in front: "entrypoint failed with exit code 1: ". */
const PHRASE = /^[^\s:]+(?: [^\s:]+)+: (?=\S)/;
const TRACEBACK = "Traceback (most recent call last)";
/** A phrase is folded where at least so many reasons begin with it. */
const LEAST = 2;

/** @param {string} reason @returns {string} the phrase that it begins with, numbers as one; "" where there is none */
const phraseOf = (reason) => (PHRASE.exec(reason)?.[0] ?? "").replace(/\d+/g, "#");

/** @param {string[]} reasons the distinct ones @returns {string} the phrase that more of them begin with than with any other; "" where there is none */
export function commonPhrase(reasons) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const reason of reasons) {
    const phrase = phraseOf(reason);
    counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  counts.delete("");
  const [phrase, count] = [...counts].reduce(
    (most, one) => (one[1] > most[1] ? one : most),
    ["", 0],
  );
  return count >= LEAST ? phrase : "";
}

/**
 * The part of a reason that tells it apart, on one line.
 * @param {string} reason @param {string} phrase that most reasons begin with
 * @returns {{text: string, isFolded: boolean}} `isFolded` where something was left out in front
 */
export function distinctPart(reason, phrase) {
  const start = phrase && phraseOf(reason) === phrase ? (PHRASE.exec(reason)?.[0].length ?? 0) : 0;
  const rest = reason.slice(start).trim();
  // Of a traceback, the last line says what happened.
  const text = rest.startsWith(TRACEBACK) ? (rest.split("\n").at(-1)?.trim() ?? rest) : rest;
  return { text, isFolded: text !== reason.trim() };
}
