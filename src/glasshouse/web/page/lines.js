/** The connections of a network, drawn as lines: width and strength by |weight|, colour and dashes by sign. */

import { place, radius } from "./layout.js";
import { colours } from "./paint.js";

/** Up to so many lines each has a width of its own. */
const FEW = 400;
/**
 * Of more, so many of the strongest: the others are hairlines, which are drawn five times as fast. Where lines can be
 * told apart those below 0 are dashed, and among hairlines, which cannot, they are paler: no sign is colour alone.
 */
const WIDE = 300;
const STRENGTHS = 4;

export class Lines {
  constructor() {
    this.all = [];
    this.few = true;
    this.scale = 0;
  }

  /** Take the edges of a picture, the weakest first, so that the strongest are drawn on top. */
  take(edges) {
    this.all = edges
      .map(([layer, from, to, weight]) => ({ layer, from, to, weight, size: Math.abs(weight) }))
      .filter((line) => line.size > 0)
      .sort((one, other) => one.size - other.size);
    const most = this.all.at(-1)?.size ?? 1;
    // Half way to the new scale: one weight that grows must not make all others jump.
    this.scale = this.scale ? Math.max(most / 2, (this.scale + most) / 2) : most;
    this.few = this.all.length <= FEW;
    this.placed = false;
  }

  /** Work out the ends once for a layout. */
  settle(blocks) {
    for (const line of this.all) {
      const [one, other] = [blocks[line.layer - 1], blocks[line.layer]];
      [line.x1, line.y1] = place(one, line.from);
      [line.x2, line.y2] = place(other, line.to);
      line.x1 += radius(one);
      line.x2 -= radius(other);
    }
    this.placed = true;
  }

  draw(context, blocks) {
    if (!this.placed) this.settle(blocks);
    const thin = this.few ? 0 : this.all.length - WIDE;
    this.hairlines(context, this.all.slice(0, Math.max(0, thin)));
    const { "series-1": more, "series-2": less } = colours();
    for (const line of this.all.slice(Math.max(0, thin))) {
      const share = Math.min(1, line.size / this.scale) ** 0.7;
      context.strokeStyle = line.weight > 0 ? more : less;
      context.globalAlpha = this.few ? 0.3 + 0.6 * share : 0.4 + 0.5 * share;
      context.lineWidth = this.few ? 0.8 + 3.2 * share : 1 + 1.6 * share;
      context.setLineDash(line.weight < 0 ? (this.few ? [5, 3] : [6, 4]) : []);
      context.beginPath();
      context.moveTo(line.x1, line.y1);
      context.lineTo(line.x2, line.y2);
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Many lines of a pixel's width: a few paths, by sign and strength. */
  hairlines(context, lines) {
    const most = lines.at(-1)?.size ?? 1;
    const paths = Array.from({ length: 2 * STRENGTHS }, () => null);
    for (const line of lines) {
      const strength = Math.min(STRENGTHS - 1, Math.floor((line.size / most) ** 1.5 * STRENGTHS));
      const path = (paths[2 * strength + Number(line.weight < 0)] ??= new Path2D());
      path.moveTo(line.x1, line.y1);
      path.lineTo(line.x2, line.y2);
    }
    const ink = colours();
    context.lineWidth = 1;
    paths.forEach((path, index) => {
      if (!path) return;
      context.strokeStyle = ink[index % 2 ? "series-2" : "series-1"];
      context.globalAlpha = (0.12 + 0.09 * Math.floor(index / 2)) * (index % 2 ? 0.6 : 1);
      context.stroke(path);
    });
    context.globalAlpha = 1;
  }

  /** The line nearest to a point, within a few pixels; null if none is. */
  at(x, y, reach = 5) {
    let best = null;
    for (const line of this.all) {
      const [dx, dy] = [line.x2 - line.x1, line.y2 - line.y1];
      const along = ((x - line.x1) * dx + (y - line.y1) * dy) / (dx * dx + dy * dy || 1);
      if (along < 0.02 || along > 0.98) continue;
      const off = Math.hypot(line.x1 + along * dx - x, line.y1 + along * dy - y);
      // Of several under the hand the strongest is meant.
      const rank = off - (2 * line.size) / this.scale;
      if (off <= reach && (!best || rank < best.rank)) best = { ...line, rank };
    }
    return best;
  }

  /** The lines into and out of a unit. */
  touching(layer, unit) {
    return this.all.filter(
      (line) => (line.layer === layer && line.to === unit) || (line.layer === layer + 1 && line.from === unit),
    );
  }
}
