/** Which points of a crowd are drawn. Where many lie over each other, those on top would speak for all below: a few failures hid nine times as many successes. */

/** So many points for each place that is taken make a crowd. */
const CROWD = 2;
const NOBODY = 0xffffffff;

/**
 * Chooses one point for each place by lot, so that a look is seen as often as it is in the runs there.
 * @param {ArrayLike<number>} xs in CSS pixels @param {ArrayLike<number>} ys
 * @param {number} side of a point @param {number} width of the picture @param {number} height
 * @returns {Iterable<number> | null} the points that are drawn; null where there is no crowd, and all are
 */
export function oneOfEachPlace(xs, ys, side, width, height) {
  const columns = Math.ceil(width / side) + 1;
  const chosen = new Uint32Array(columns * (Math.ceil(height / side) + 1)).fill(NOBODY);
  for (let point = 0; point < xs.length; point++) {
    const place = Math.floor(ys[point] / side) * columns + Math.floor(xs[point] / side);
    const other = chosen[place];
    if (other === NOBODY || lot(point) < lot(other)) chosen[place] = point;
  }
  const drawn = chosen.filter((point) => point !== NOBODY);
  return xs.length > CROWD * drawn.length ? drawn : null;
}

/** A number that says nothing of a run, and is the same each time the picture is drawn. @param {number} point */
const lot = (point) => Math.imul(point + 1, 0x9e3779b1) >>> 0;
