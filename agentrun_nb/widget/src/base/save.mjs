/** Handing a file to the person at the screen. */

/** What a name may not hold: a file is saved in no other folder, and never as a hidden one. */
const UNSAFE = /[^\p{L}\p{N}._ -]+|^[. ]+/gu;
const LONGEST = 100;
/** How long a browser may take to begin with the saving. */
const GRACE_MS = 60_000;

/** @param {string} path as a record has it @returns {string} a name for a file, with its ending */
export function safeName(path) {
  const last = path.split(/[/\\]/).at(-1) ?? "";
  return last.replace(UNSAFE, "_").slice(-LONGEST) || "file";
}

/** @param {Uint8Array} bytes @param {string} path by whose last part the file is called */
export function saveFile(bytes, path) {
  // Of no type of its own, so that no browser opens it in the place of saving it.
  const file = new Blob([/** @type {BlobPart} */ (bytes)], { type: "application/octet-stream" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = safeName(path);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), GRACE_MS);
}
