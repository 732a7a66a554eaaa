/** Where the units of a network stand: layers from left to right, few units in a line, many in a block of dots. */

export const MOST_DOTS = 1024;

/** A block for each layer: x, y of its first dot, the pitch, columns and rows, how many dots of how many units. */
export function layout(sizes, width, height) {
  const bottom = 30;
  const top = 14;
  const high = Math.max(80, height - top - bottom);
  const share = width / sizes.length;
  const blocks = sizes.map((size) => block(size, share * 0.62, high));
  // What blocks leave free stands between them, so that wide blocks do not touch and narrow ones do not drift.
  const used = blocks.reduce((sum, one) => sum + one.columns * one.pitch, 0);
  const side = Math.min(28, width * 0.03);
  const gap = sizes.length > 1 ? (width - 2 * side - used) / (sizes.length - 1) : 0;
  let x = sizes.length > 1 ? side : (width - used) / 2;
  for (const one of blocks) {
    one.left = x;
    one.x = x + one.pitch / 2;
    one.y = top + (high - one.rows * one.pitch) / 2 + one.pitch / 2;
    x += one.columns * one.pitch + gap;
  }
  return blocks;
}

function block(size, wide, high) {
  const dots = Math.min(size, MOST_DOTS);
  const line = high / dots;
  if (line >= 7) return { size, dots, columns: 1, rows: dots, pitch: Math.min(line, 48) };
  const side = Math.sqrt(dots);
  const square = Number.isInteger(side) && size === dots;
  let best = null;
  for (let columns = 2; columns <= dots; columns++) {
    const rows = Math.ceil(dots / columns);
    const pitch = Math.min(wide / columns, high / rows, 11);
    // A square number of inputs is most often a picture: it is worth a little to show it as one.
    if (square && columns === side) return { size, dots, columns, rows, pitch };
    if (!best || pitch > best.pitch + 1e-9) best = { size, dots, columns, rows, pitch };
    if (!square && columns > 64) break;
  }
  return best;
}

/** The middle of a unit; units past the last dot stand where the last is. */
export function place(one, unit) {
  const dot = Math.min(unit, one.dots - 1);
  return [one.x + (dot % one.columns) * one.pitch, one.y + Math.floor(dot / one.columns) * one.pitch];
}

export const radius = (one) => Math.max(1.1, Math.min(9.5, one.pitch * (one.columns > 1 ? 0.36 : 0.34)));

/** The unit under a point: [layer, unit], or null. */
export function unitAt(blocks, x, y) {
  for (let layer = 0; layer < blocks.length; layer++) {
    const one = blocks[layer];
    const reach = Math.max(one.columns > 1 ? one.pitch / 2 : 12, one.pitch / 2);
    const column = one.columns > 1 ? Math.round((x - one.x) / one.pitch) : 0;
    const row = Math.round((y - one.y) / one.pitch);
    if (column < 0 || column >= one.columns || row < 0) continue;
    const unit = row * one.columns + column;
    if (unit >= one.dots) continue;
    const [left, top] = place(one, unit);
    if (Math.hypot(left - x, top - y) <= reach) return [layer, unit];
  }
  return null;
}
