/** Small pictures of the two-dimensional toy sets: what a person chooses among before a word is read. */

import { s } from "./dom.js";

/** The same small random numbers on every visit. */
function random(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const around = (draw, size) => (draw() + draw() + draw() - 1.5) * size;

const SHAPES = {
  moons(draw, index, second) {
    const angle = Math.PI * index;
    const x = second ? 1 - Math.cos(angle) : Math.cos(angle);
    const y = second ? 0.5 - Math.sin(angle) : Math.sin(angle);
    return [(x - 0.5) / 1.75, (y - 0.25) / 1.5];
  },
  circles(draw, index, second) {
    const angle = 2 * Math.PI * index;
    const radius = second ? 0.4 : 0.85;
    return [Math.cos(angle) * radius, Math.sin(angle) * radius];
  },
  spirals(draw, index, second) {
    const angle = 3.3 * Math.PI * index + (second ? Math.PI : 0);
    const radius = 0.08 + 0.85 * index;
    return [Math.cos(angle) * radius, Math.sin(angle) * radius];
  },
  xor(draw, index, second) {
    const left = index < 0.5 ? 1 : -1;
    const place = () => 0.15 + 0.7 * draw();
    return [left * place(), (second ? -left : left) * place()];
  },
};

export const isToy = (name) => name in SHAPES;

/** One picture: dots of the first class, squares of the second. */
export function picture(name, count = 26) {
  const draw = random(7);
  const marks = [];
  for (let k = 0; k < 2 * count; k++) {
    const second = k % 2 === 1;
    const [x, y] = SHAPES[name](draw, (Math.floor(k / 2) + 0.5) / count, second);
    const noise = name === "xor" ? 0 : name === "spirals" ? 0.05 : 0.12;
    const [left, top] = [50 + 40 * (x + around(draw, noise)), 50 - 40 * (y + around(draw, noise))];
    marks.push(
      second
        ? s("rect", { x: left - 2.6, y: top - 2.6, width: 5.2, height: 5.2, class: "second" })
        : s("circle", { cx: left, cy: top, r: 3, class: "first" }),
    );
  }
  return s("svg", { viewBox: "0 0 100 100", class: "toy", "aria-hidden": "true" }, marks);
}
