/** Pictures out of bytes. What a picture is, its first bytes say, never its name; it is drawn by us and never loaded from an address. */
import { h } from "../../base/dom.mjs";

const MOST_PIXELS = 40_000_000;
/** The first bytes of the two formats, and the size of the picture in pixels. @type {[type: string, magic: number[], size: (view: DataView) => number[]][]} */
const FORMATS = [
  [
    "image/png",
    [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a],
    (view) => [view.getUint32(16), view.getUint32(20)],
  ],
  ["image/jpeg", [0xff, 0xd8, 0xff], jpegSize],
];

/** @param {DataView} view @returns {number[]} of the first frame */
function jpegSize(view) {
  for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
    const mark = view.getUint8(at + 1);
    if (mark >= 0xc0 && mark <= 0xcf && mark % 4)
      return [view.getUint16(at + 7), view.getUint16(at + 5)];
  }
}

/** @param {Uint8Array} bytes @returns {Promise<HTMLElement | null>} null where they are no PNG and no JPEG */
export async function picture(bytes) {
  const format = FORMATS.find(([, magic]) => magic.every((byte, i) => bytes[i] === byte));
  if (!format) return null;
  const [type, , size] = format;
  try {
    const [width, height] = size(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    if (width * height > MOST_PIXELS)
      return h(
        "p",
        "arn-quiet",
        `A picture of ${width} by ${height} pixels is too large to draw here.`,
      );
    const bitmap = await createImageBitmap(new Blob([/** @type {BlobPart} */ (bytes)], { type }));
    const canvas = h("canvas", {
      role: "img",
      "aria-label": `Picture, ${width} by ${height} pixels`,
    });
    Object.assign(canvas, { width: bitmap.width, height: bitmap.height });
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    bitmap.close();
    return canvas;
  } catch {
    return h("p", "arn-quiet", "This begins like a picture, and cannot be read as one.");
  }
}
