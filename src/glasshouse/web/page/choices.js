/** What else is chosen before a training: activation, initialiser, density, optimiser, rate, epochs, seed. */

import { field, h, select } from "./dom.js";

const WHOLE = /^\d+$/;

/** A decimal comma is a point to whoever types it. */
const read = (words) => (words.trim() === "" ? NaN : Number(words.trim().replace(",", ".")));

const LIMITS = {
  density: {
    low: 0,
    above: true,
    high: 1,
    says: "the share of connections that are there: above 0, at most 1",
    such: "0.2",
  },
  learning_rate: { low: 0, above: true, high: 1000, says: "how far a step goes: above 0", such: "0.005" },
  epochs: { low: 1, high: 100000, whole: true, says: "how often every row is seen: a whole number from 1", such: "60" },
  seed: { low: 0, high: 4294967295, whole: true, says: "a whole number from 0", such: "0" },
};

/** What is wrong with a number that was typed, in words; "" if nothing is. */
export function wrongNumber(name, words) {
  const { low, above, high, whole, says, such } = LIMITS[name];
  const value = read(words);
  if (Number.isNaN(value)) return `“${words}” is no number: write ${says}, such as ${such}`;
  if (whole && !WHOLE.test(words.trim())) return `${words} is no whole number: write ${says}, such as ${such}`;
  if (value < low || (above && value <= low) || value > high) return `${words} is out of range: it is ${says}`;
  return "";
}

export const readNumber = read;

/** A field for a number, that answers at once and in words. */
export function numberField(name, label, change, hint = "") {
  const input = h("input", { type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false" });
  const made = field(label, input, hint);
  input.addEventListener("input", () => {
    const said = wrongNumber(name, input.value);
    made.wrong(said);
    if (!said) change?.(read(input.value));
  });
  return { ...made, problem: () => wrongNumber(name, input.value) };
}

/** How fast a training may go: slow enough to be watched, or as fast as it can. */
export const PACES = [
  { name: "", label: "full speed" },
  { name: "10", label: "10 epochs / s" },
  { name: "2", label: "2 epochs / s" },
  { name: "0.5", label: "1 epoch / 2 s" },
];
export const paceOf = (words) => (Number(words) > 0 ? Number(words) : null);

/** The one optimiser that searches along a line: its steps are iterations, and their lengths are its own. */
export const searches = (optimizer) => optimizer === "lbfgs";

/** A longer explanation does not fit beside a field; it is the title of its option. */
const MOST_HINT = 48;

/** The form. `get` gives the options by name, `set` shows others, `wrong` is the first field that is mistyped. */
export function choices(answer, change) {
  const of = (list, label) => {
    const control = select(list, list[0].name, () => {
      hinted();
      change();
    });
    return field(label, control);
  };
  const selects = {
    activation: of(answer.activations, "Activation"),
    initializer: of(answer.initializers, "First weights"),
    optimizer: of(answer.optimizers, "Optimiser"),
  };
  const pace = field("Speed", select(PACES, "", change));
  const numbers = {
    density: numberField("density", "Density", change, "share of connections"),
    learning_rate: numberField("learning_rate", "Learning rate", change),
    epochs: numberField("epochs", "Epochs, at most", change),
    seed: numberField("seed", "Seed", change),
  };
  const lists = { activation: answer.activations, initializer: answer.initializers, optimizer: answer.optimizers };
  function hinted() {
    for (const [name, list] of Object.entries(lists)) {
      const says = list.find((one) => one.name === selects[name].control.value)?.says ?? "";
      selects[name].hinted(says.length > MOST_HINT ? "" : says);
    }
    const { control, hinted: said, wrong, problem } = numbers.learning_rate;
    control.disabled = searches(selects.optimizer.control.value);
    said(control.disabled ? "none: L-BFGS searches how far each step goes" : "");
    wrong(control.disabled ? "" : problem());
  }
  /** The fields that count: L-BFGS has no learning rate. */
  const counting = () => Object.entries(numbers).filter(([, { control }]) => !control.disabled);
  const root = h(
    "div",
    { class: "choices" },
    [
      selects.activation,
      numbers.density,
      selects.initializer,
      selects.optimizer,
      numbers.learning_rate,
      numbers.epochs,
      pace,
      numbers.seed,
    ].map((made) => made.root),
  );
  return {
    root,
    get: () => ({
      pace: paceOf(pace.control.value),
      ...Object.fromEntries(Object.entries(selects).map(([name, { control }]) => [name, control.value])),
      ...Object.fromEntries(counting().map(([name, { control }]) => [name, read(control.value)])),
    }),
    set(options) {
      for (const [name, { control }] of Object.entries({ ...selects, ...numbers })) {
        if (options[name] !== undefined) control.value = String(options[name]);
      }
      const asked = String(options.pace ?? "");
      pace.control.value = PACES.some(({ name }) => name === asked) ? asked : "";
      for (const made of Object.values(numbers)) made.wrong(made.problem());
      hinted();
    },
    wrong: () => counting().find(([, made]) => made.problem())?.[1].control ?? null,
  };
}
