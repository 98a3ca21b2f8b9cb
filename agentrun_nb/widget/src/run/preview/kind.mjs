/** What a kind of preview is, and the file it is asked about. */

/**
 * A file as the kernel read it.
 * @typedef {object} File
 * @property {Uint8Array} bytes
 * @property {string | null} text null where the bytes are no UTF-8
 * @property {string} ending of its name, in small letters and without the dot; "" where it has none
 */

/**
 * A kind of preview: whether it can show a file, and how it does.
 * @typedef {object} Kind
 * @property {string} name
 * @property {(file: File) => boolean} reads
 * @property {(file: File, signal: AbortSignal) => HTMLElement | Promise<HTMLElement>} draw text from files goes into text nodes only
 */

/** @param {Uint8Array} bytes @param {string} name @returns {File} */
export function fileOf(bytes, name) {
  return { bytes, text: decoded(bytes), ending: endingOf(name) };
}

/** @param {Uint8Array} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param {string} name */
function endingOf(name) {
  const ending = /\.([^./\\]+)$/.exec(name);
  return ending ? ending[1].toLowerCase() : "";
}
