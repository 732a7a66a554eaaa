/** The arithmetic of one unit for one row, number by number: forward, activation, backward, a weight’s step. */

import { tried } from "./api.js";
import { fill, h, say } from "./dom.js";
import { aligned, plural, short } from "./format.js";

const cell = (value, places) => h("td", { class: "figure" }, aligned(value, places));

const head = (first, ...others) =>
  h(
    "thead",
    {},
    h(
      "tr",
      {},
      h("th", { scope: "col" }, first),
      others.map((title) => h("th", { scope: "col", class: "figure" }, title)),
    ),
  );

/** So many products are shown at first; the others are added up in one line, and shown when it is pressed. */
const SHOWN = 10;

/** Units of one layer are told apart by their number; the head of the column says the layer. */
const HIDDEN = /^(unit \d+) of (layer \d+)$/;
const brief = (name) => short(name.replace(HIDDEN, "$1"));
const layerOf = (terms) => HIDDEN.exec(terms[0]?.name ?? "")?.[2] ?? "";

/** One product: where it comes from, a weight, a value; the name is a button that leads on. */
function term(one, places, marked, means, press) {
  const name = h(
    "button",
    { type: "button", class: "link", title: `${one.name}: ${means}`, onclick: press },
    brief(one.name),
  );
  const figures = [cell(one.w), cell(one.value, places), cell(one.product, places)];
  return h("tr", { class: marked ? "near" : null }, h("th", { scope: "row" }, name), figures);
}

/** The products of one direction, the largest first, and what the smaller ones add. */
function products({ terms, others, rest }, places, row) {
  const listed = () => [
    ...terms.map(row),
    others > 0 && sum(`${plural(others, "smaller one")}, together`, rest, places),
  ];
  if (terms.length <= SHOWN + 2) return listed();
  const folded = terms.slice(SHOWN);
  const words = `${plural(folded.length + others, "smaller one")}, together`;
  const unfold = (event) => {
    const at = event.target.closest("tr");
    const place = at.parentElement;
    const more = [
      ...folded.map(row),
      others > 0 && sum(`${plural(others, "smaller one")}, together`, rest, places),
    ].filter(Boolean);
    at.replaceWith(...more);
    place.querySelectorAll("button")[SHOWN].focus();
  };
  const button = h("button", { type: "button", class: "link", "aria-expanded": "false", onclick: unfold }, words);
  return [
    ...terms.slice(0, SHOWN).map(row),
    sum(
      button,
      folded.reduce((all, one) => all + one.product, rest),
      places,
    ),
  ];
}

const sum = (words, value, places = 4, kind = null) =>
  h("tr", { class: kind }, h("th", { scope: "row", colspan: "3" }, words), cell(value, places));

const line = (title, formula, value, places = 4, kind = null) =>
  h(
    "tr",
    { class: kind },
    h("th", { scope: "row" }, title),
    h("td", { class: "formula" }, formula),
    cell(value, places),
  );

export class Arithmetic {
  /** `ask(at)` gets the numbers of a place; `move` hears where a person goes next; `shut` that it was closed. */
  constructor({ ask, move, shut }) {
    [this.ask, this.move] = [ask, move];
    this.rows = [];
    this.title = h("h2", { tabindex: "-1", id: "h-unit" });
    this.when = h("p", { class: "muted when", role: "status" });
    this.row = h("select", {
      id: "unit-row",
      onchange: (event) => this.move({ ...this.at, row: Number(event.target.value) }),
    });
    this.inside = h("div", { class: "numbers" });
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    this.root = h(
      "section",
      { class: "arithmetic", "aria-labelledby": "h-unit", hidden: true },
      h(
        "div",
        { class: "bar" },
        this.title,
        h("button", { type: "button", class: "small", "aria-label": "Close the arithmetic", onclick: shut }, "×"),
      ),
      h(
        "div",
        { class: "which" },
        h("label", { for: "unit-row" }, "For row"),
        this.row,
        h("button", { type: "button", class: "plain", onclick: () => this.load(this.at) }, "Work out again"),
      ),
      this.when,
      this.wrong,
      this.inside,
    );
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") shut();
    });
  }

  /** The rows that can be chosen. */
  sample(rows) {
    const words = rows.map((row, index) => `${index + 1}: ${short(String(row.target), 24)}`);
    if (words.join("\n") === this.rows.join("\n")) return;
    this.rows = words;
    fill(this.row, ...words.map((name, value) => h("option", { value }, name)));
    if (this.at) this.row.value = String(this.at.row);
  }

  /** Open it for a place {layer, unit, row, weight}; `focus` whether the keyboard goes there. */
  async open(at, focus) {
    const first = this.root.hidden;
    this.root.hidden = false;
    await this.load(at);
    if (focus) this.title.focus({ preventScroll: !first });
    if (focus && first) this.root.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.root.hidden = true;
    this.at = null;
  }

  /** What the training is at now: told apart from what the numbers are of. */
  now(epoch) {
    this.epoch = epoch;
    if (this.of !== undefined && epoch !== this.of)
      this.when.textContent = `Numbers of epoch ${this.of}; the training is at ${epoch}.`;
  }

  async load(at) {
    this.at = at;
    this.row.value = String(at.row);
    const unit = await tried(this.wrong, () => this.ask(at));
    if (!unit || this.at !== at) return;
    this.of = this.epoch;
    this.when.textContent = this.epoch ? `Numbers of epoch ${this.epoch}.` : "";
    this.show(unit);
  }

  show(unit) {
    this.title.textContent = unit.name;
    const parts = [
      this.forward(unit),
      this.activation(unit),
      unit.delta !== null && unit.delta !== undefined && this.backward(unit),
      this.weight(unit),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "plain", onclick: () => this.copy(unit.lines) }, "Copy as text"),
      ),
    ];
    fill(this.inside, ...parts.filter(Boolean));
  }

  forward(unit) {
    const weighed = (one) => this.move({ ...this.at, weight: one.unit });
    return h(
      "section",
      {},
      h("h3", {}, "Forward: what comes in, weighed and added up"),
      h(
        "table",
        {},
        head(`from ${layerOf(unit.forward.terms)}`, "weight w", "× input x", "= w x"),
        h(
          "tbody",
          {},
          products(unit.forward, 4, (one) =>
            term(one, 4, unit.weight?.source === one.unit, `how the weight from ${one.name} moves`, () => weighed(one)),
          ),
          sum("bias b", unit.b),
          sum("z, the sum of these", unit.z, 4, "result"),
        ),
      ),
    );
  }

  activation(unit) {
    const has = (value) => value !== null && value !== undefined;
    return h(
      "section",
      {},
      h("h3", {}, "Activation: what it hands on"),
      h(
        "table",
        {},
        h(
          "tbody",
          {},
          line("a = f(z)", `${unit.activation}: ${unit.formula}`, unit.a, 4, "result"),
          has(unit.slope) && line("slope f′(z)", unit.slope_formula, unit.slope),
          unit.loss &&
            has(unit.loss_value) &&
            line("loss", `of this row, whose target is ${short(String(unit.target), 30)}`, unit.loss_value),
        ),
      ),
    );
  }

  backward(unit) {
    const above = unit.backward;
    return h(
      "section",
      {},
      h("h3", {}, "Backward: how the loss would change with z"),
      h(
        "table",
        {},
        above && head(`to ${layerOf(above.terms)}`, "weight w", "× its delta", "= w delta"),
        h(
          "tbody",
          {},
          above &&
            products(above, 6, (one) =>
              term(one, 6, false, `the arithmetic of ${one.name}`, () =>
                this.move({ ...this.at, layer: unit.layer + 1, unit: one.unit, weight: null }),
              ),
            ),
          above && sum("dL/da, the sum of these", above.total, 6),
          above
            ? sum("delta = dL/da × slope", unit.delta, 6, "result")
            : sum(`delta = ${unit.loss ?? "dL/dz"}`, unit.delta, 6, "result"),
        ),
      ),
    );
  }

  weight(unit) {
    const { weight } = unit;
    if (!weight) return h("p", { class: "muted" }, "Press a name under Forward to see how its weight moves.");
    const plain =
      weight.optimizer === "sgd"
        ? "a plain step down"
        : `a plain step down; ${weight.optimizer} makes its own of this gradient`;
    return h(
      "section",
      { class: "step" },
      h("h3", {}, `The weight from ${short(weight.name)}`),
      h(
        "table",
        {},
        h(
          "tbody",
          {},
          line("w", "as it is", weight.w, 6),
          line("dL/dw", `delta × x = ${aligned(unit.delta, 6)} × ${aligned(weight.x)}`, weight.gradient, 6),
          line("rate", "how far a step goes now", weight.learning_rate, 6),
          line("w − rate × dL/dw", plain, weight.descended, 6, "result"),
        ),
      ),
    );
  }

  async copy(lines) {
    try {
      await navigator.clipboard.writeText(lines.join("\n"));
      say("Copied.");
    } catch {
      say("The browser does not let this page copy.");
    }
  }
}

/** The place of a unit in the hash, or null: {layer, unit, row, weight}. */
export function placeOf(parameters) {
  if (!/^\d+$/.test(parameters.layer ?? "") || !/^\d+$/.test(parameters.unit ?? "")) return null;
  return {
    layer: Number(parameters.layer),
    unit: Number(parameters.unit),
    row: /^\d+$/.test(parameters.row ?? "") ? Number(parameters.row) : 0,
    weight: /^\d+$/.test(parameters.weight ?? "") ? Number(parameters.weight) : null,
  };
}

/** The name of a unit where it has one: inputs and outputs. */
export const namer = (of) => (layer, unit) => {
  const known = of();
  if (!known) return null;
  if (layer === 0) return known.features[unit] === undefined ? null : short(known.features[unit], 40);
  if (layer === known.sizes.length - 1)
    return known.outputs[unit] === undefined ? null : short(String(known.outputs[unit]), 40);
  return null;
};
