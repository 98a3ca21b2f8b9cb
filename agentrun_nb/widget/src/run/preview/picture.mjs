/** PNG and JPEG pictures. What a picture is, its first bytes say, never its name; it is drawn by us and never loaded from an address. */
import { h } from "../../base/dom.mjs";

/** @typedef {{type: string, magic: number[], size: (view: DataView) => number[]}} Format */

const MOST_PIXELS = 40_000_000;
/** How a file of a format begins, and where it says its width and height. @type {Format[]} */
const FORMATS = [
  {
    type: "image/png",
    magic: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    size: (view) => [view.getUint32(16), view.getUint32(20)],
  },
  { type: "image/jpeg", magic: [0xff, 0xd8, 0xff], size: jpegSize },
];

/** @type {import("./kind.mjs").Kind} */
export const picture = {
  name: "picture",
  reads: ({ bytes }) => formatOf(bytes) !== undefined,
  async draw({ bytes }) {
    try {
      return await drawn(bytes, /** @type {Format} */ (formatOf(bytes)));
    } catch {
      return h("p", "arn-quiet", "This begins like a picture, and cannot be read as one.");
    }
  },
};

/** @param {Uint8Array} bytes */
function formatOf(bytes) {
  return FORMATS.find(({ magic }) => magic.every((byte, i) => bytes[i] === byte));
}

/** @param {Uint8Array} bytes @param {Format} format @returns {Promise<HTMLElement>} */
async function drawn(bytes, { type, size }) {
  const [width, height] = size(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const pixels = `${width} by ${height} pixels`;
  if (width * height > MOST_PIXELS)
    return h("p", "arn-quiet", `A picture of ${pixels} is too large to draw here.`);
  const file = new Blob([/** @type {BlobPart} */ (bytes)], { type });
  const bitmap = await createImageBitmap(file);
  const canvas = h("canvas", { role: "img", "aria-label": `Picture, ${pixels}` });
  Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas;
}

/** The size of the first frame. @param {DataView} view @returns {number[]} */
function jpegSize(view) {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    const mark = view.getUint8(at + 1);
    if (mark >= 0xc0 && mark <= 0xcf && mark % 4)
      return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
}
