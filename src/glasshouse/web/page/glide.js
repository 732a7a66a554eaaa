/** A canvas that glides from one drawing to the next: each is drawn once, what lies between is a blend of the two. */

import { still } from "./dom.js";

/** Milliseconds a glide takes at least. */
const SHORTEST = 200;

export class Glide {
  /** Where drawings come by themselves a glide lasts as long as they are apart, up to `longest`: no standing still. */
  constructor(canvas, longest = SHORTEST) {
    [this.canvas, this.longest] = [canvas, longest];
    [this.before, this.after] = [document.createElement("canvas"), document.createElement("canvas")];
    this.since = -Infinity;
    this.length = 0;
  }

  moving(now) {
    return now - this.since < this.length;
  }

  /** Begin to glide to what `draw` draws now; at once where it stands elsewhere, or where less motion is asked for. */
  to(draw, now, scale, elsewhere) {
    const { canvas, before, after } = this;
    const glides = !elsewhere && !still() && after.width === canvas.width && after.height === canvas.height;
    if (glides) {
      this.sized(before);
      before.getContext("2d").drawImage(canvas, 0, 0);
    }
    this.sized(after);
    const context = after.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    draw(context);
    const apart = now - this.since;
    this.length = !glides ? 0 : apart > this.longest ? SHORTEST : Math.max(SHORTEST, apart);
    this.since = now;
  }

  /** A canvas of the size of the one that is seen, empty. */
  sized(canvas) {
    canvas.width = this.canvas.width;
    canvas.height = this.canvas.height;
  }

  /** Show how far it is now. */
  show(now) {
    const share = this.length ? Math.min(1, (now - this.since) / this.length) : 1;
    const context = this.canvas.getContext("2d");
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (share < 1) {
      context.globalAlpha = 1 - share;
      context.drawImage(this.before, 0, 0);
      // Added, not laid over: half of one and half of the other is neither darker nor paler than both.
      context.globalCompositeOperation = "lighter";
    }
    context.globalAlpha = share;
    context.drawImage(this.after, 0, 0);
    context.restore();
  }
}
