/** The units of a network on a canvas, marked by their health: a shape for each state, not a colour alone. */

import { h, s } from "./dom.js";
import { whole } from "./format.js";
import { MOST_DOTS, place, radius } from "./layout.js";
import { colours } from "./paint.js";

export const HEALTH = { ".": "fine", d: "dead", s: "saturated", i: "idle" };
export const MEANS = {
  fine: "works",
  dead: "0 on every row",
  saturated: "at the flat end of its activation",
  idle: "nothing goes in or out",
};

/** How many units are in each state. */
export function counted(healths) {
  const counts = { fine: 0, dead: 0, saturated: 0, idle: 0 };
  for (const health of healths) for (const letter of health) counts[HEALTH[letter] ?? "fine"]++;
  return counts;
}

/** The mark of one state of health round (x, y), added to a path. */
function mark(path, state, x, y, r) {
  if (state === "s") path.rect(x - r, y - r, 2 * r, 2 * r);
  else if (state === "d") {
    path.moveTo(x - r, y - r);
    path.lineTo(x + r, y + r);
    path.moveTo(x + r, y - r);
    path.lineTo(x - r, y + r);
  } else {
    path.moveTo(x + r, y);
    path.arc(x, y, r, 0, 2 * Math.PI);
  }
}

/** The legend: the same marks, in words. */
export function legend(counts) {
  const shapes = {
    fine: s("circle", { cx: 8, cy: 8, r: 4.5, class: "fine" }),
    dead: s("path", { d: "M4 4L12 12M12 4L4 12", class: "dead" }),
    saturated: s("rect", { x: 4, y: 4, width: 8, height: 8, class: "saturated" }),
    idle: s("circle", { cx: 8, cy: 8, r: 4, class: "idle" }),
  };
  const entry = (shape, words, means) =>
    h("li", { title: means }, s("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, shape), words);
  return [
    ...Object.entries(shapes).map(([name, shape]) =>
      entry(shape, counts[name] ? `${whole(counts[name])} ${name}` : name, MEANS[name]),
    ),
    entry(s("path", { d: "M1 8H15", class: "more" }), "weight above 0", "pushes the unit up"),
    entry(s("path", { d: "M1 8H15", class: "less dashed" }), "below 0", "pushes the unit down"),
  ];
}

/** All units of a picture, and under each layer how many they are. */
export function drawUnits(context, blocks, picture, width, height) {
  const colour = colours();
  const style = {
    ".": { fill: colour.ink },
    s: { fill: colour.doubt },
    d: { stroke: colour.wrong, line: 2 },
    i: { stroke: colour.muted, line: 1.2 },
  };
  blocks.forEach((one, layer) => {
    const r = radius(one);
    const paths = {};
    const health = picture.health[layer] ?? "";
    for (let unit = 0; unit < one.dots; unit++) {
      const state = health[unit] in style ? health[unit] : ".";
      const [x, y] = place(one, unit);
      mark((paths[state] ??= new Path2D()), state, x, y, state === "d" ? r * 0.8 : r);
    }
    for (const [state, path] of Object.entries(paths)) {
      const { fill, stroke, line } = style[state];
      // Paper under what is hollow: lines must not run through a ring.
      context.fillStyle = fill ?? colour.paper;
      if (state !== "d") context.fill(path);
      if (stroke) {
        context.strokeStyle = stroke;
        context.lineWidth = Math.min(line, Math.max(0.8, r * 0.45));
        context.stroke(path);
      }
    }
    caption(context, one, layer, { blocks, picture, width, height, colour });
  });
}

function caption(context, one, layer, { blocks, picture, width, height, colour }) {
  const size = Math.max(12, Math.min(16, width / 60));
  context.font = `${size}px system-ui, "Segoe UI", Roboto, sans-serif`;
  context.fillStyle = colour.muted;
  const edge = layer === 0 ? "left" : layer === blocks.length - 1 ? "right" : "center";
  context.textAlign = edge;
  const middle = one.left + (one.columns * one.pitch) / 2;
  const x =
    edge === "left"
      ? Math.min(one.left, middle)
      : edge === "right"
        ? Math.max(one.left + one.columns * one.pitch, middle)
        : middle;
  const more = one.size > MOST_DOTS ? `, ${whole(MOST_DOTS)} shown, and ${whole(one.size - MOST_DOTS)} more` : "";
  const wide = width / blocks.length > 110;
  const kind = layer === 0 ? "inputs" : picture.layers[layer].activation;
  context.fillText(wide && kind ? `${whole(one.size)} ${kind}${more}` : whole(one.size) + more, x, height - 8);
}
