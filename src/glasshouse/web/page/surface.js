/** The decision surface of a network with two inputs, and the rows it learns from. */

import { fill, h } from "./dom.js";
import { number, short } from "./format.js";
import { colours, fitted, ramp, recoloured, rgb, unpacked } from "./paint.js";

const SERIES = [1, 2, 3, 4, 5, 6];

export class Surface {
  constructor() {
    this.canvas = h("canvas", { role: "img", "aria-label": "The decision surface: not yet drawn" });
    this.square = h("div", { class: "square" }, this.canvas);
    this.key = h("ul", { class: "legend" });
    this.axes = h("p", { class: "muted axes" });
    this.root = h("figure", { class: "surface" }, this.square, h("figcaption", {}, this.key, this.axes));
    this.small = document.createElement("canvas");
    this.ends = [
      fitted(this.canvas, this.square, (width, height) => {
        [this.width, this.height] = [width, height];
        this.draw();
      }),
      recoloured(() => {
        this.ramp = null;
        this.shades = null;
        this.draw();
      }),
    ];
  }

  show(surface) {
    this.surface = surface;
    this.draw();
    const { classes } = surface;
    const words = (classes ?? []).map(String);
    const now = words.join("\n");
    if (now !== this.named) {
      this.named = now;
      fill(
        this.key,
        ...words.map((name, index) =>
          h("li", { class: `class-${(index % 6) + 1}${index % 2 ? " square-mark" : ""}` }, short(name, 20)),
        ),
      );
    }
    const [x, y] = [short(surface.x, 24), short(surface.y, 24)];
    const range = (axis) => `${number(surface.low[axis], 2)} to ${number(surface.high[axis], 2)}`;
    this.axes.textContent = `across ${x}, ${range(0)}; up ${y}, ${range(1)}`;
    this.canvas.setAttribute("aria-label", this.words());
  }

  /** The share of the points that stand where the network says so, in words: what the picture shows. */
  words() {
    const { surface } = this;
    if (!surface.classes)
      return `What the network answers over ${surface.x} and ${surface.y}, and ${surface.points.length} rows`;
    const values = unpacked(surface.values);
    const right = surface.points.filter(([x, y, is]) => {
      const cell = (place, axis) =>
        Math.max(
          0,
          Math.min(
            surface.size - 1,
            Math.round(((place - surface.low[axis]) / (surface.high[axis] - surface.low[axis])) * (surface.size - 1)),
          ),
        );
      const value = values[cell(y, 1) * surface.size + cell(x, 0)];
      return (surface.classes.length === 2 ? Number(value > 127) : value) === is;
    }).length;
    const of = surface.points.length;
    return `The decision surface over ${surface.x} and ${surface.y}: ${right} of ${of} points lie on their own side`;
  }

  draw() {
    const { surface } = this;
    if (!surface || !this.width) return;
    this.ramp ??= ramp("series-1", "paper", "series-2");
    this.shades ??= SERIES.map((k) => rgb(`series-${k}`));
    const paper = rgb("paper");
    const many = surface.classes && surface.classes.length > 2;
    const values = unpacked(surface.values);
    const { size } = surface;
    const image = new ImageData(size, size);
    for (let up = 0; up < size; up++) {
      for (let across = 0; across < size; across++) {
        const value = values[up * size + across];
        const at = 4 * ((size - 1 - up) * size + across);
        const colour = many
          ? this.shades[value % 6]
          : [this.ramp[4 * value], this.ramp[4 * value + 1], this.ramp[4 * value + 2]];
        // Half of it is paper: the points on top must be seen.
        for (let c = 0; c < 3; c++) image.data[at + c] = paper[c] + (colour[c] - paper[c]) * (many ? 0.4 : 0.55);
        image.data[at + 3] = 255;
      }
    }
    this.small.width = this.small.height = size;
    this.small.getContext("2d").putImageData(image, 0, 0);
    const context = this.canvas.getContext("2d");
    context.imageSmoothingEnabled = !many;
    context.drawImage(this.small, 0, 0, this.width, this.height);
    this.drawPoints(context);
  }

  drawPoints(context) {
    const { surface } = this;
    const colour = colours();
    const r = Math.max(2.2, Math.min(4.5, this.width / 110));
    const paths = new Map();
    const numbers = surface.classes ? null : surface.points.map((point) => point[2]);
    const [low, high] = numbers ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
    for (const [across, up, is] of surface.points) {
      const x = ((across - surface.low[0]) / (surface.high[0] - surface.low[0])) * this.width;
      const y = this.height - ((up - surface.low[1]) / (surface.high[1] - surface.low[1])) * this.height;
      const group = numbers ? Math.round((5 * (is - low)) / (high - low || 1)) : is;
      if (!paths.has(group)) paths.set(group, new Path2D());
      const path = paths.get(group);
      // Squares and dots: the classes are told apart without colour.
      if (!numbers && group % 2) path.rect(x - r * 0.88, y - r * 0.88, 1.76 * r, 1.76 * r);
      else {
        path.moveTo(x + r, y);
        path.arc(x, y, r, 0, 2 * Math.PI);
      }
    }
    context.lineWidth = 1;
    context.strokeStyle = colour.paper;
    for (const [group, path] of paths) {
      if (numbers) {
        const at = 4 * Math.round((group / 5) * 255);
        context.fillStyle = `rgb(${this.ramp[at]} ${this.ramp[at + 1]} ${this.ramp[at + 2]})`;
        context.strokeStyle = colour.ink;
      } else context.fillStyle = colour[`series-${(group % 6) + 1}`];
      context.fill(path);
      context.stroke(path);
    }
  }

  close() {
    for (const end of this.ends) end();
  }
}
