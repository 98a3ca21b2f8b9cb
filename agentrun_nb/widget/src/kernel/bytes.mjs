/** Buffers of a message as text and numbers. */

/** @typedef {import("../protocol.mjs").BufferRef} BufferRef */
/** @typedef {DataView | Uint8Array} Buffer */

/**
 * @param {BufferRef} ref
 * @param {Buffer[]} buffers
 * @returns {Promise<Uint8Array>} the bytes, inflated where they were packed
 */
export async function readBytes(ref, buffers) {
  const buffer = buffers[ref.buffer];
  if (buffer === undefined) throw new Error("a part of the kernel's answer is missing");
  const view = new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  if (!ref.gzip) return view;
  const stream = new Blob([/** @type {BlobPart} */ (view)])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** @param {BufferRef} ref @param {Buffer[]} buffers */
export const readText = async (ref, buffers) =>
  new TextDecoder().decode(await readBytes(ref, buffers));

/** @param {BufferRef} ref @param {Buffer[]} buffers */
export const readJson = async (ref, buffers) => JSON.parse(await readText(ref, buffers));

/** Copies, since a typed array must start at a multiple of its width. @param {BufferRef} ref @param {Buffer[]} buffers */
export const readFloats = async (ref, buffers) =>
  new Float64Array((await readBytes(ref, buffers)).slice().buffer);

/** @param {BufferRef} ref @param {Buffer[]} buffers */
export const readCodes = async (ref, buffers) =>
  new Uint32Array((await readBytes(ref, buffers)).slice().buffer);
