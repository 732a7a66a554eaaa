/** Loss and score over the epochs: training and validation. */

import { Chart } from "./chart.js";
import { h } from "./dom.js";
import { number, score, spoken } from "./format.js";

const finite = (values) => values.filter((value) => Number.isFinite(value));

function span(values, around = 0.06) {
  const known = finite(values);
  if (!known.length) return [0, 1];
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const more = (high - low) * around || Math.abs(high) * 0.1 || 0.1;
  return [low - more, high + more];
}

/** Losses that fall over decades are read on a logarithmic scale. */
function lossScale(values) {
  const known = finite(values);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return known.length && low > 0 && high / low > 30 ? { low: low * 0.9, high: high * 1.1, log: true } : null;
}

export class Curves {
  constructor() {
    [this.loss, this.score] = [new Chart(178), new Chart(150)];
    this.history = [];
    this.metric = "";
    this.epochs = 1;
    const key = h(
      "ul",
      { class: "legend key", "aria-hidden": "true" },
      h("li", { class: "training" }, "training"),
      h("li", { class: "validation" }, "validation"),
    );
    this.root = h(
      "div",
      { class: "curves" },
      key,
      h("figure", {}, this.loss.root),
      h("figure", { class: "second" }, this.score.root),
    );
  }

  begin() {
    this.loss.begin();
    this.score.begin();
  }

  /** Take the whole history, or one epoch more. */
  take(rows) {
    this.history = rows;
    this.draw();
  }

  add(row) {
    // After a break the stream may repeat what is known.
    while (this.history.length && this.history.at(-1).epoch >= row.epoch) this.history.pop();
    this.history.push(row);
    this.draw();
  }

  of(metric, epochs) {
    if (metric === this.metric && epochs === this.epochs) return;
    [this.metric, this.epochs] = [metric, epochs];
    this.draw();
  }

  draw() {
    if (this.waiting) return;
    this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.drawNow();
    });
  }

  drawNow() {
    const { history } = this;
    const across = {
      low: 0,
      high: Math.max(1, this.history.length > this.epochs * 0.25 ? this.epochs : Math.max(10, history.length * 2)),
      title: "epoch",
    };
    across.high = Math.min(across.high, Math.max(this.epochs, 1));
    const of = (name) => history.map((row) => [row.epoch, row[name]]);
    const losses = [...history.map((row) => row.loss), ...history.map((row) => row.validation_loss)];
    const [low, high] = span(losses);
    const last = history.at(-1);
    this.loss.show({
      label: last
        ? `Loss after epoch ${last.epoch}: training ${number(last.loss)}, validation ${number(last.validation_loss)}`
        : "Loss: no epoch yet",
      x: across,
      y: { title: "loss", ...(lossScale(losses) ?? { low: Math.max(0, low), high }) },
      lines: [
        { points: of("validation_loss"), class: "validation" },
        { points: of("loss"), class: "training" },
      ],
    });
    const scores = history.map((row) => row.validation_score);
    const shown = finite(scores).length > 0 && !/loss/.test(this.metric);
    this.root.querySelector(".second").hidden = !shown;
    if (!shown) return;
    const [worst, best] = span(scores);
    this.score.show({
      label: `Epoch ${last.epoch}: validation ${spoken(this.metric)} ${score(this.metric, last.validation_score)}`,
      x: across,
      y: {
        title: `validation ${spoken(this.metric).replace("validation ", "")}`,
        low: worst,
        high: best,
        format: (value) => score(this.metric, value),
      },
      lines: [{ points: of("validation_score"), class: "validation" }],
    });
  }

  close() {
    cancelAnimationFrame(this.waiting);
    this.loss.close();
    this.score.close();
  }
}
