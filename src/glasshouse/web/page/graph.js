/** The network as a graph: lines on a canvas, units on a second, what is looked at on a third; a hand, keys, words. */

import { fill, fresh, h, say, write } from "./dom.js";
import { number, plural } from "./format.js";
import { Glide } from "./glide.js";
import { layout, place, radius, unitAt } from "./layout.js";
import { Lines } from "./lines.js";
import { colours, fitted, ratio, recoloured } from "./paint.js";
import { HEALTH, MEANS, counted, drawUnits, legend } from "./units.js";

globalThis.glasshouseFrames = 0;

export class Graph {
  /** `pressed` hears a unit, and the weight where a line was meant: (layer, unit, source or null). */
  constructor({ pressed, names, invite, longest }) {
    this.invite = invite ?? "Press a unit or a line to see its arithmetic.";
    this.pressed = pressed;
    this.names = names ?? (() => null);
    this.lines = new Lines();
    this.blocks = null;
    this.picture = null;
    this.focused = null;
    this.hovered = null;
    this.selected = null;
    const help = fresh("help");
    const sheet = () => h("canvas", { "aria-hidden": "true" });
    [this.below, this.middle, this.above] = [sheet(), sheet(), sheet()];
    this.words = h("p", { class: "spot muted", id: fresh("spot") });
    this.legend = h("ul", { class: "legend", "aria-label": "What the marks mean" });
    this.stage = h(
      "div",
      {
        class: "stage",
        role: "application",
        tabindex: "0",
        "aria-label": "The network as a graph",
        "aria-describedby": `${help}`,
      },
      this.below,
      this.middle,
      this.above,
    );
    this.root = h(
      "div",
      { class: "graph" },
      this.stage,
      this.words,
      this.legend,
      h(
        "p",
        { class: "unseen", id: help },
        "Arrow keys go from unit to unit and layer to layer; Enter opens the arithmetic of a unit, Escape closes it.",
      ),
    );
    this.rest();
    this.frame = 0;
    this.dirty = new Set(["lines", "middle", "above"]);
    this.glide = new Glide(this.below, longest);
    this.ends = [
      fitted(this.below, this.stage, (width, height) => this.resized(width, height)),
      recoloured(() => this.again("lines", "middle", "above")),
    ];
    for (const canvas of [this.middle, this.above])
      this.ends.push(fitted(canvas, this.stage, () => this.again("middle", "above")));
    this.listen();
  }

  rest() {
    write(this.words, this.invite);
  }

  resized(width, height) {
    [this.width, this.height] = [width, height];
    this.laid();
    this.again("lines", "middle", "above");
  }

  /** Work out anew where everything stands. */
  laid() {
    if (this.picture && this.width) this.blocks = layout(this.sizes, this.width, this.height);
    this.lines.placed = false;
    this.moved = true;
  }

  /** Show another picture. */
  show(picture) {
    const sizes = picture.layers.map((layer) => layer.units);
    const same = this.picture && this.sizes.join() === sizes.join();
    const healthy = same && this.picture.health.join() === picture.health.join();
    [this.picture, this.sizes] = [picture, sizes];
    if (!same) {
      this.lines = new Lines();
      this.focused = null;
      this.laid();
    }
    this.lines.take(picture.edges);
    if (!healthy) this.told();
    this.again(
      "lines",
      ...(healthy ? [] : ["middle"]),
      ...(this.hovered || this.selected || this.focused ? ["above"] : []),
    );
  }

  /** What the marks and lines are now, in the legend and in the name of the graph. */
  told() {
    const counts = counted(this.picture.health);
    fill(this.legend, ...legend(counts));
    const ill = Object.entries(counts)
      .filter(([name, count]) => name !== "fine" && count)
      .map(([name, count]) => `${count} ${name}`);
    const health = ill.join(", ") || "all units fine";
    this.stage.setAttribute(
      "aria-label",
      `The network as a graph: layers of ${this.sizes.join(", ")} units; ${health}`,
    );
  }

  again(...sheets) {
    for (const sheet of sheets) this.dirty.add(sheet);
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = 0;
    if (!this.blocks || !this.picture) return;
    const now = performance.now();
    const dirty = this.dirty;
    this.dirty = new Set();
    if (dirty.has("lines")) this.glide.to((context) => this.lines.draw(context, this.blocks), now, ratio(), this.moved);
    this.moved &&= !dirty.has("lines");
    this.glide.show(now);
    if (dirty.has("middle")) {
      const context = this.middle.getContext("2d");
      context.clearRect(0, 0, this.width, this.height);
      drawUnits(context, this.blocks, this.picture, this.width, this.height);
    }
    if (dirty.has("above")) {
      const context = this.above.getContext("2d");
      context.clearRect(0, 0, this.width, this.height);
      this.drawLight(context);
    }
    globalThis.glasshouseFrames++;
    if (this.glide.moving(now)) this.again("glide");
  }

  /** What is looked at: a ring round it and all its lines, strong. */
  drawLight(context) {
    const colour = colours();
    const shown = this.selected ?? this.hovered ?? this.focused;
    if (shown) {
      const [layer, unit, source] = shown;
      for (const [sign, name] of [
        [1, "series-1"],
        [-1, "series-2"],
      ]) {
        context.strokeStyle = colour[name];
        context.beginPath();
        for (const line of this.lines.touching(layer, unit)) {
          if (
            Math.sign(line.weight) !== sign ||
            (source !== undefined && source !== null && !(line.layer === layer && line.from === source))
          )
            continue;
          context.moveTo(line.x1, line.y1);
          context.lineTo(line.x2, line.y2);
        }
        context.lineWidth = source === undefined || source === null ? 1.8 : 4;
        context.stroke();
      }
    }
    const ring = (at, name, width, more) => {
      if (!at || at[0] >= this.blocks.length) return;
      const one = this.blocks[at[0]];
      const [x, y] = place(one, at[1]);
      context.beginPath();
      context.arc(x, y, radius(one) + more, 0, 2 * Math.PI);
      context.strokeStyle = colour[name];
      context.lineWidth = width;
      context.stroke();
    };
    ring(this.hovered, "accent", 2, 2);
    ring(this.selected, "accent", 3, 3);
    if (document.activeElement === this.stage) ring(this.focused, "ink", 2, 5.5);
  }

  /** The words for a unit, or for a line into it. */
  said(layer, unit, source = null) {
    const name = this.names(layer, unit);
    const what =
      layer === 0
        ? `input ${unit}`
        : layer === this.blocks.length - 1
          ? `output ${unit}`
          : `unit ${unit} of layer ${layer}`;
    if (source !== null) {
      const line = [...this.lines.touching(layer, unit)].find((one) => one.layer === layer && one.from === source);
      const from = this.names(layer - 1, source) ?? `unit ${source} of layer ${layer - 1}`;
      return `weight ${number(line?.weight ?? 0)} from ${from} to ${name ?? what}`;
    }
    const state = HEALTH[this.picture.health[layer]?.[unit]] ?? "fine";
    const count = [...this.lines.touching(layer, unit)].length;
    const health = state === "fine" ? "fine" : `${state}, ${MEANS[state]}`;
    return `${what}${name ? ` (${name})` : ""}: ${health}; ${plural(count, "line")} drawn`;
  }

  /** Mark what the panel shows. */
  select(at) {
    this.selected = at;
    if (at) this.focused = [at[0], at[1]];
    this.again("above");
  }

  meant(event) {
    if (!this.blocks) return null;
    const box = this.stage.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const unit = unitAt(this.blocks, x, y);
    if (unit) return unit;
    const line = this.lines.at(x, y, event.pointerType === "touch" ? 10 : 5);
    return line && [line.layer, line.to, line.from];
  }

  listen() {
    const { stage } = this;
    stage.addEventListener("pointermove", (event) => {
      const found = this.meant(event);
      stage.classList.toggle("over", Boolean(found));
      if (String(found) === String(this.hovered)) return;
      this.hovered = found;
      if (found) write(this.words, this.said(...found));
      else this.rest();
      this.again("above");
    });
    stage.addEventListener("pointerleave", () => {
      this.hovered = null;
      this.rest();
      this.again("above");
    });
    stage.addEventListener("click", (event) => {
      const found = this.meant(event);
      if (!found) return;
      this.focused = [found[0], found[1]];
      this.pressed(found[0], found[1], found[2] ?? null);
    });
    stage.addEventListener("focus", () => {
      if (!this.blocks) return;
      this.focused ??= [Math.min(1, this.blocks.length - 1), 0];
      this.spoken();
    });
    stage.addEventListener("blur", () => this.again("above"));
    stage.addEventListener("keydown", (event) => this.key(event));
  }

  key(event) {
    if (!this.blocks || event.ctrlKey || event.metaKey || event.altKey) return;
    let [layer, unit] = this.focused ?? [1, 0];
    const one = this.blocks[layer];
    const aside = (by) => {
      // Beside it within its block, else the layer beside, at the same height.
      const column = (unit % one.columns) + by;
      if (one.columns > 1 && column >= 0 && column < one.columns && unit + by < one.dots) return [layer, unit + by];
      const other = layer + by;
      if (!this.blocks[other]) return [layer, unit];
      const row = Math.floor(unit / one.columns) / Math.max(1, one.rows - 1);
      const next = this.blocks[other];
      const start = Math.round(row * (next.rows - 1)) * next.columns + (by < 0 ? next.columns - 1 : 0);
      return [other, Math.min(next.dots - 1, start)];
    };
    const moves = {
      ArrowUp: () => [layer, unit - one.columns < 0 ? unit : unit - one.columns],
      ArrowDown: () => [layer, unit + one.columns >= one.dots ? unit : unit + one.columns],
      ArrowLeft: () => aside(-1),
      ArrowRight: () => aside(1),
      PageUp: () => [Math.max(0, layer - 1), 0],
      PageDown: () => [Math.min(this.blocks.length - 1, layer + 1), 0],
      Home: () => [layer, 0],
      End: () => [layer, one.dots - 1],
    };
    if (event.key === "Enter" || event.key === " ") this.pressed(layer, unit, null);
    else if (event.key in moves) {
      this.focused = moves[event.key]();
      this.spoken();
    } else return;
    event.preventDefault();
  }

  spoken() {
    const words = this.said(...this.focused);
    write(this.words, words);
    say(words);
    this.again("above");
  }

  focus() {
    this.stage.focus({ preventScroll: true });
  }

  close() {
    cancelAnimationFrame(this.frame);
    for (const end of this.ends) end();
  }
}
