/** What a cut costs and saves: a table of now and then, and the small plot of all that was seen. */

import { Chart } from "./chart.js";
import { h, write } from "./dom.js";
import { bytes, number, plural, score, spoken, whole } from "./format.js";

/** The least density the slider reaches. */
export const LEAST = 0.002;

export const share = (density) => `${number(density * 100, 3)} %`;

const FIGURES = {
  score: { title: "score", is: (point, metric) => score(metric, point.score) },
  drop: { title: "lost", is: (point, metric) => score(metric, Math.abs(point.drop)) },
  nonzero: { title: "connections", is: (point) => whole(point.nonzero) },
  units: { title: "units", is: (point) => whole(point.units) },
  columns: { title: "columns read", is: (point) => whole(point.columns) },
  file_bytes: { title: "model file", is: (point) => bytes(point.file_bytes) },
  flash_bytes: { title: "flash, as C", is: (point) => bytes(point.flash_bytes) },
  row_latency: { title: "a row takes", is: (point) => `${number(point.row_latency, 2)} µs` },
};

/** Whether a cut made the score better, as far as it is written down. */
const gains = (point, metric) => point.drop < 0 && score(metric, -point.drop) !== score(metric, 0);

/** The table: what is, and what would be. */
export class Figures {
  constructor() {
    this.rows = Object.entries(FIGURES).map(([name, { title, is }]) => {
      const [now, then] = [h("td", { class: "figure" }), h("td", { class: "figure strong" })];
      return { name, is, now, then, called: title, title: h("th", { scope: "row" }, title) };
    });
    const column = (words) => h("th", { scope: "col", class: "figure" }, words);
    this.root = h(
      "section",
      { "aria-labelledby": "h-figures" },
      h("h2", { id: "h-figures" }, "What it costs, and saves"),
      h(
        "table",
        { class: "before" },
        h(
          "thead",
          {},
          h(
            "tr",
            {},
            h("th", { scope: "col" }, h("span", { class: "unseen" }, "figure")),
            column("now"),
            column("if cut here"),
          ),
        ),
        h(
          "tbody",
          {},
          this.rows.map(({ title, now, then }) => h("tr", {}, title, now, then)),
        ),
      ),
    );
  }

  /** Show a point as what is now, or as what would be. */
  show(point, metric, now) {
    this.points = { ...this.points, [now ? "now" : "then"]: point };
    for (const row of this.rows) {
      if (row.name === "score") write(row.title, spoken(metric));
      if (row.name === "drop") this.lost(row, metric);
      else write(now ? row.now : row.then, row.is(point, metric));
    }
  }

  /** The row is called after the cut that is looked at; where the other went the other way, its cell says so. */
  lost(row, metric) {
    const { now, then } = this.points;
    const gained = gains(then ?? now, metric);
    write(row.title, gained ? "gained" : row.called);
    for (const [point, cell] of [
      [now, row.now],
      [then, row.then],
    ]) {
      if (!point) continue;
      const better = gains(point, metric);
      const even = row.is(point, metric) === score(metric, 0);
      const other = even || better === gained ? "" : better ? " gained" : " lost";
      write(cell, `${better ? "+" : ""}${row.is(point, metric)}${other}`);
    }
  }
}

/** The plot of score over density, of every cut that was looked at or made. */
export class Frontier {
  constructor() {
    this.chart = new Chart(210);
    this.seen = new Map();
    this.root = h(
      "section",
      { "aria-labelledby": "h-frontier" },
      h("h2", { id: "h-frontier" }, "What was seen"),
      h("figure", {}, this.chart.root),
    );
  }

  begin() {
    this.chart.begin();
  }

  remember(point, kept) {
    this.seen.set(`${point.density}/${point.criterion}/${kept}`, { ...point, kept });
  }

  show(metric, at) {
    const points = [...this.seen.values()].filter((point) => typeof point.score === "number");
    if (!points.length) return;
    const scores = points.map((point) => point.score);
    const [low, high] = [Math.min(...scores), Math.max(...scores)];
    const more = (high - low) * 0.1 || 0.02;
    const words = ({ density, score: found, retrained }) =>
      `${share(density)}: ${score(metric, found)}${retrained ? ", trained again" : ""}`;
    this.chart.show({
      label: `${plural(points.length, "cut")}: ${spoken(metric)} from ${score(metric, low)} to ${score(metric, high)}`,
      // From left to right as the slider goes: from all to few.
      x: { low: 1, high: LEAST, log: true, title: "connections kept", format: share },
      y: { low: low - more, high: high + more, title: spoken(metric), format: (value) => score(metric, value) },
      rule: at,
      marks: points
        .toSorted((one, other) => Number(one.kept) - Number(other.kept))
        .map((point) => ({
          x: Math.max(LEAST, point.density),
          y: point.score,
          r: point.kept ? 5 : 3,
          class: point.kept ? "kept" : "tried",
          title: words(point),
        })),
    });
  }

  close() {
    this.chart.close();
  }
}
