/** A plain chart in SVG: thin rules, a few round numbers, lines or marks. */

import { fill, s, sized } from "./dom.js";
import { number } from "./format.js";

/** Round numbers between two ends. */
export function ticks(low, high, count) {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

/** Powers of ten (and 2, 5 of each where there is room) between two ends. */
export function logTicks(one, other) {
  const [low, high] = one < other ? [one, other] : [other, one];
  const wide = Math.log10(high / low) > 2.2;
  const found = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const times of wide ? [1] : [1, 2, 5]) found.push(times * 10 ** power);
  }
  return found.filter((value) => value >= low * 0.999 && value <= high * 1.001);
}

const scale = (low, high, from, to, log) => {
  const f = log ? Math.log : (value) => value;
  const [start, end] = [f(low), f(high)];
  return (value) => from + ((f(value) - start) / (end - start || 1)) * (to - from);
};

/** A path through points; at most two a pixel, the extremes of what falls together. */
function path(points, x, y) {
  let words = "";
  let column = null;
  let [low, high] = [0, 0];
  const flush = () => {
    if (column !== null) words += `${words ? "L" : "M"}${column} ${low}${high !== low ? `L${column} ${high}` : ""}`;
  };
  for (const [across, up] of points) {
    if (up === null || up === undefined) continue;
    const [left, top] = [Math.round(x(across) * 2) / 2, Math.round(y(up) * 10) / 10];
    if (left !== column) {
      flush();
      [column, low, high] = [left, top, top];
    } else [low, high] = [Math.min(low, top), Math.max(high, top)];
  }
  flush();
  return words;
}

/**
 * A chart that draws itself anew when its data or its size change.
 *
 * data: {label, x, y, lines: [{points, class}], marks: [{x, y, r, class, title}], rule: x};
 * an axis is {low, high, log, title, format}.
 */
export class Chart {
  constructor(height = 180) {
    this.height = height;
    this.root = s("svg", { class: "chart", role: "img" });
    this.data = null;
    this.end = null;
  }

  /** To be called once the chart stands in the page. */
  begin() {
    this.end = sized(this.root.parentElement, (width) => {
      this.width = width;
      this.draw();
    });
    return this;
  }

  show(data) {
    this.data = data;
    this.draw();
  }

  draw() {
    const { data, width, height } = this;
    if (!data || !width) return;
    const [left, right, top, bottom] = [46, width - 18, 22, height - 24];
    const x = scale(data.x.low, data.x.high, left, right, data.x.log);
    const y = scale(data.y.low, data.y.high, bottom, top, data.y.log);
    const spell = data.y.format ?? ((value) => number(value, 3));
    const up = data.y.log ? logTicks(data.y.low, data.y.high) : ticks(data.y.low, data.y.high, 4);
    const across = data.x.log
      ? logTicks(data.x.low, data.x.high)
      : ticks(data.x.low, data.x.high, Math.max(2, width / 90));
    const base = y(data.y.low);
    this.root.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.root.setAttribute("aria-label", data.label);
    fill(
      this.root,
      s("text", { x: 0, y: 12, class: "title" }, data.y.title),
      ...up.map((value) => s("path", { d: `M${left} ${y(value)}H${right}`, class: "rule" })),
      ...up.map((value) => s("text", { x: left - 6, y: y(value) + 4, class: "end" }, spell(value))),
      s("path", { d: `M${left} ${base}H${right}`, class: "axis" }),
      ...across.map((value) =>
        s("text", { x: x(value), y: base + 17, class: "middle" }, (data.x.format ?? number)(value)),
      ),
      data.x.title ? s("text", { x: right, y: 12, class: "end" }, data.x.title) : "",
      data.rule !== undefined ? s("path", { d: `M${x(data.rule)} ${top}V${bottom}`, class: "now" }) : "",
      ...(data.lines ?? []).map((line) => s("path", { d: path(line.points, x, y), class: `line ${line.class}` })),
      ...(data.marks ?? []).map((mark) =>
        s(
          "circle",
          { cx: x(mark.x), cy: y(mark.y), r: mark.r ?? 3.5, class: `mark ${mark.class}` },
          s("title", {}, mark.title),
        ),
      ),
    );
  }

  close() {
    this.end?.();
  }
}
