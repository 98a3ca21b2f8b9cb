/** Buffers of a message as text and numbers. */

/** @typedef {import("../protocol.mjs").BufferRef} BufferRef */
/** @typedef {DataView | Uint8Array} Buffer */

/** Of what is in no list: as a code, and as one in a byte. */
export const NO_CODE = 0xffffffff;
const NO_SMALL_CODE = 0xff;

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

/** @param {BufferRef} ref @param {Buffer[]} buffers */
export async function readCodes(ref, buffers) {
  const bytes = await readBytes(ref, buffers);
  if (ref.small) return widened(bytes);
  // A typed array must start at a multiple of its width, and a message need not.
  return new Uint32Array((ref.gzip ? bytes : bytes.slice()).buffer);
}

/** @param {Uint8Array} bytes codes of a byte each @returns {Uint32Array} */
function widened(bytes) {
  const codes = new Uint32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) codes[i] = bytes[i] === NO_SMALL_CODE ? NO_CODE : bytes[i];
  return codes;
}

/** @param {BufferRef} ref @param {Buffer[]} buffers */
export async function readFloats(ref, buffers) {
  const low = await readCodes(ref, buffers);
  if (!ref.high) return new Float64Array(low.buffer);
  const high = await readCodes(ref.high, buffers);
  const halves = new Uint32Array(2 * low.length);
  for (let i = 0; i < low.length; i++) {
    halves[2 * i] = low[i];
    halves[2 * i + 1] = high[i];
  }
  return new Float64Array(halves.buffer);
}
