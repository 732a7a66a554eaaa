/** Heat strips: what each layer hands on, units from left to right, rows from top to bottom. */

import { fill, h } from "./dom.js";
import { number, plural, whole } from "./format.js";
import { ramp, recoloured, unpacked } from "./paint.js";

export class Strips {
  constructor({ pressed, names }) {
    this.pressed = pressed;
    this.names = names;
    this.shown = [];
    this.row = null;
    this.root = h("div", { class: "strips" });
    this.end = recoloured(() => {
      this.ramps = null;
      this.draw();
    });
  }

  show(picture) {
    // Of a model whose table is not there no layer hands anything on.
    this.picture = { ...picture, strips: picture.strips ?? [] };
    const shape = this.picture.strips.map((strip) => `${strip.layer}:${strip.units}:${strip.rows}`).join();
    if (shape !== this.shape) this.build(shape);
    this.draw();
  }

  build(shape) {
    this.shape = shape;
    const last = this.picture.layers.length - 1;
    this.shown = this.picture.strips.map((strip) => {
      const canvas = h("canvas", { role: "img", width: strip.units, height: strip.rows, class: "strip" });
      canvas.addEventListener("click", (event) => {
        const box = canvas.getBoundingClientRect();
        const unit = Math.floor(((event.clientX - box.left) / box.width) * strip.units);
        const row = Math.floor(((event.clientY - box.top) / box.height) * strip.rows);
        if (strip.layer > 0) this.pressed(strip.layer, Math.min(unit, strip.units - 1), Math.min(row, strip.rows - 1));
      });
      const title = strip.layer === 0 ? "Inputs" : strip.layer === last ? "Outputs" : `Layer ${strip.layer}`;
      const range = h("span", { class: "muted" });
      const marker = h("div", { class: "marker", hidden: true });
      const root = h(
        "figure",
        { class: strip.layer ? "pressable" : null },
        h("figcaption", {}, h("span", {}, title), range),
        h("div", { class: "heat" }, canvas, marker),
      );
      // Few units need little width; the smallest cell can still be met by a hand.
      root.style.flexGrow = String(Math.sqrt(strip.units));
      return { canvas, range, title, marker };
    });
    fill(this.root, ...this.shown.map(({ canvas }) => canvas.closest("figure")));
  }

  draw() {
    if (!this.picture) return;
    this.ramps ??= { both: ramp("series-2", "paper", "series-1"), up: ramp("paper", "near", "series-1") };
    this.picture.strips.forEach((strip, index) => {
      const { canvas, range, title, marker } = this.shown[index];
      const values = unpacked(strip.values);
      const { low, high } = strip;
      const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
      const signed = low < 0;
      const image = new ImageData(strip.units, strip.rows);
      const colours = signed ? this.ramps.both : this.ramps.up;
      const table = new Uint32Array(colours.buffer);
      const pixels = new Uint32Array(image.data.buffer);
      for (let unit = 0; unit < strip.units; unit++) {
        for (let row = 0; row < strip.rows; row++) {
          const value = low + (values[unit * strip.rows + row] / 255) * (high - low);
          const shade = signed ? 127.5 + (127.5 * value) / most : (255 * value) / most;
          pixels[row * strip.units + unit] = table[Math.max(0, Math.min(255, Math.round(shade)))];
        }
      }
      canvas.getContext("2d").putImageData(image, 0, 0);
      const of = this.picture.layers[strip.layer].units;
      const part = of > strip.units ? `${strip.units} of ${whole(of)} units` : plural(of, "unit");
      range.textContent = `${part}, ${number(low, 2)} to ${number(high, 2)}`;
      canvas.setAttribute(
        "aria-label",
        `${title}: what ${part} hand on for ${strip.rows} rows, from ${number(low, 3)} to ${number(high, 3)}`,
      );
      marker.hidden = this.row === null;
      if (this.row !== null) {
        marker.style.top = `${(100 * this.row) / strip.rows}%`;
        marker.style.height = `${100 / strip.rows}%`;
      }
    });
  }

  /** Mark the row whose arithmetic is open, or none. */
  select(row) {
    this.row = row;
    this.draw();
  }

  close() {
    this.end();
  }
}
