/** The network to be: its hidden layers, each a number of units, drawn small beside the words. */

import { fill, fresh, h, s } from "./dom.js";
import { plural, whole } from "./format.js";

export const MOST_UNITS = 4096;
const MOST_LAYERS = 12;

/** A small drawing: a column of dots a layer, at most nine dots each. */
function sketch(sizes) {
  const width = 300;
  const height = 92;
  const step = width / sizes.length;
  const dots = sizes.map((size) => Math.min(size, 9));
  const at = (layer, unit) => [step * (layer + 0.5), height / 2 + (unit - (dots[layer] - 1) / 2) * 9.5];
  const lines = [];
  for (let layer = 1; layer < sizes.length; layer++) {
    for (let to = 0; to < dots[layer]; to++) {
      for (let from = 0; from < dots[layer - 1]; from++) {
        const [[x1, y1], [x2, y2]] = [at(layer - 1, from), at(layer, to)];
        lines.push(`M${x1} ${y1}L${x2} ${y2}`);
      }
    }
  }
  return s(
    "svg",
    { viewBox: `0 0 ${width} ${height}`, class: "sketch", "aria-hidden": "true" },
    s("path", { d: lines.join("") }),
    dots.map((count, layer) =>
      Array.from({ length: count }, (_, unit) => {
        const [cx, cy] = at(layer, unit);
        return s("circle", { cx, cy, r: 3.2, class: layer === 0 || layer === dots.length - 1 ? "end" : null });
      }),
    ),
  );
}

/** What is wrong with a number of units, in words; "" if nothing is. */
export function wrongUnits(words) {
  if (!/^\d+$/.test(words.trim()))
    return `“${words}” is no whole number: write how many units the layer has, such as 32`;
  const count = Number(words);
  return count < 1 || count > MOST_UNITS ? `${words} units: a layer has 1 to ${MOST_UNITS} of them` : "";
}

/** The editor. `get` gives what was typed, `set` shows other layers, `ends` hears how many inputs and outputs are. */
export function shape(change) {
  let layers = [];
  let [inputs, outputs] = [null, 1];
  const list = h("ol", { class: "layers" });
  const drawn = h("div", {});
  const sum = h("p", { class: "muted sum" });
  const add = h(
    "button",
    { type: "button", class: "plain", onclick: () => put([...layers, layers.at(-1) ?? "16"], layers.length) },
    "Add a layer",
  );
  const root = h("div", { class: "shape" }, drawn, sum, list, add);

  const wrong = () => layers.findIndex((words) => wrongUnits(words));

  function summed() {
    add.disabled = layers.length >= MOST_LAYERS;
    if (wrong() >= 0) return;
    const sizes = [inputs ?? 2, ...layers.map(Number), outputs];
    fill(drawn, sketch(sizes));
    const weights = sizes.slice(1).reduce((total, size, layer) => total + size * (sizes[layer] + 1), 0);
    sum.textContent = inputs === null ? "" : `${sizes.map(whole).join(" – ")}: ${plural(weights, "weight")}`;
  }

  function line(words, index) {
    const id = fresh("units");
    const note = h("p", { class: "note", id: `${id}-note` });
    const input = h("input", {
      id,
      type: "text",
      inputmode: "numeric",
      autocomplete: "off",
      value: words,
      "aria-describedby": note.id,
      oninput: () => {
        layers[index] = input.value;
        const said = wrongUnits(input.value);
        note.textContent = said;
        item.classList.toggle("wrong", Boolean(said));
        if (said) input.setAttribute("aria-invalid", "true");
        else input.removeAttribute("aria-invalid");
        summed();
        if (!said) change();
      },
    });
    const by = (factor) => () => {
      const now = Number(layers[index]) || 16;
      input.value = String(Math.min(MOST_UNITS, Math.max(1, Math.round(now * factor))));
      input.dispatchEvent(new Event("input"));
    };
    const item = h(
      "li",
      {},
      h("label", { for: id }, `Hidden layer ${index + 1}`),
      h(
        "button",
        { type: "button", class: "small", "aria-label": `Half the units of layer ${index + 1}`, onclick: by(0.5) },
        "−",
      ),
      input,
      h(
        "button",
        { type: "button", class: "small", "aria-label": `Twice the units of layer ${index + 1}`, onclick: by(2) },
        "+",
      ),
      h(
        "button",
        {
          type: "button",
          class: "small",
          "aria-label": `Remove layer ${index + 1}`,
          onclick: () => put(layers.toSpliced(index, 1), index),
        },
        "×",
      ),
      note,
    );
    return item;
  }

  function build() {
    fill(list, ...layers.map(line));
    summed();
  }

  function put(now, focus) {
    layers = now.map(String);
    build();
    (list.querySelectorAll("input")[Math.min(focus, layers.length - 1)] ?? add).focus();
    change();
  }

  return {
    root,
    get: () => layers.map(Number),
    wrong: () => (wrong() < 0 ? null : list.querySelectorAll("input")[wrong()]),
    set(now) {
      if (now.map(String).join() === layers.join()) return;
      layers = now.map(String);
      build();
    },
    ends(into, out) {
      [inputs, outputs] = [into, out];
      summed();
    },
  };
}
