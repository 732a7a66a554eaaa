"use strict";

const f = {
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  tanh: Math.tanh,
  abs: Math.abs,
  max: Math.max,
  min: Math.min,
  sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  relu: (z) => Math.max(0, z),
  leaky_relu: (z) => Math.max(z / 100, z),
  elu: (z) => (z > 0 ? z : Math.expm1(z)),
  softplus: (z) => Math.max(0, z) + Math.log1p(Math.exp(-Math.abs(z))),
  gelu: (z) => (z * (1 + f.erf(z / Math.SQRT2))) / 2,
  silu: (z) => z / (1 + Math.exp(-z)),
  sign: (z) => (z > 0 ? 1 : -1),
  /** A series whose terms are all of one sign, so that nothing cancels; beyond 6, erf is 1 to 16 digits. */
  erf: (x) => {
    if (Math.abs(x) > 6) return Math.sign(x);
    let term = x;
    let total = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(total); n += 1) {
      term *= (2 * x * x) / (2 * n + 1);
      total += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * total;
  },
};

const NUMBER = /^([+-]?)(\d+(?:[.,](\d*))?|[.,](\d+))(?:e([+-]?\d{1,3}))?$/i;

/** What was typed: its value and how many decimals it has; null if it is no number. */
function typed(text) {
  const plain = text.replace(/\s/g, "").replace(/[−–]/g, "-");
  const found = NUMBER.exec(plain);
  if (!found) return null;
  return {
    value: Number(plain.replace(",", ".")),
    digits: Math.max(0, (found[3] ?? found[4] ?? "").length - Number(found[5] ?? 0)),
  };
}

const shift = (digits) => Math.min(1e-9, 10 ** (-digits - 3));

/** Whether a value is the exact one rounded to its digits; a tie may go either way. */
function rounds(exact, { value, digits }) {
  return Math.abs(exact - value) <= 0.5 * 10 ** -digits + shift(digits);
}

/** Whether a value is the exact one with the digits behind it left out. */
function cuts(exact, { value, digits }) {
  if (value !== 0 && Math.sign(value) !== Math.sign(exact)) return false;
  const rest = Math.abs(exact) - Math.abs(value);
  return rest >= -shift(digits) && rest < 10 ** -digits + shift(digits);
}

/** Decimals in doubles are off by some 1e-16; no more than that may be made up for, or 0.9999999 would become 1. */
const NOISE = 2e-15;
const to = (up) => (digits) => (x) =>
  (Math.sign(x) * Math.floor((Math.abs(x) + NOISE) * 10 ** digits + up)) / 10 ** digits;
const rounded = to(0.5);
const cutOff = to(0);

/** The verdicts on the answers there are, by name; each is judged after those above it. */
function marked(data, answers) {
  const verdicts = new Map();
  const stains = new Map();

  /** What each name stands for: as answered, else worked out from the answers, each such line changed by `each`. */
  function workedOut(given, each) {
    const values = new Map();
    const value = (name) => values.get(name) ?? data.values[name];
    for (const name of data.steps) {
      values.set(name, given.has(name) ? given.get(name).value : each(formulas[name].ways[0](value)));
    }
    return value;
  }

  /** The values, or none of them if rounding leads to what nobody writes down: a quotient by 0, or nearly so. */
  const onPaper = (value) => (data.steps.every((name) => Math.abs(value(name)) < 1e12) ? value : () => NaN);

  const plainly = workedOut(answers, (x) => x);
  const exactly = (name) => (answers.has(name) ? answers.get(name).value : data.values[name]);
  const byDigits = new Map();
  const carried = (digits) => {
    if (!byDigits.has(digits)) {
      byDigits.set(digits, {
        own: workedOut(answers, rounded(digits)),
        rounded: onPaper(workedOut(new Map(), rounded(digits))),
        cut: onPaper(workedOut(new Map(), cutOff(digits))),
      });
    }
    return byDigits.get(digits);
  };

  /** Whether the worst of some numbers is wrong, or comes from a wrong one, or is cut off. */
  const worst = (names) => {
    const found = new Set(names.map((name) => stains.get(name)));
    return found.has("wrong") ? "wrong" : found.has("truncated") ? "truncated" : "";
  };
  const STAINS = { truncated: "truncated", follows: "wrong", wrong: "wrong" };

  function judged(name, answer) {
    const { ways, reads } = formulas[name];
    const exact = data.values[name];
    if (rounds(exact, answer)) return "right";
    const at = carried(answer.digits);
    const own = ways.flatMap((way, k) =>
      [plainly, at.own, exactly].map((number) => ({ value: way(number), stain: worst(reads[k]) })),
    );
    if (own.some((found) => found.stain === "" && rounds(found.value, answer))) return "rounding";
    if (Math.abs(at.rounded(name) - answer.value) < shift(answer.digits)) return "rounding";
    if (cuts(exact, answer)) return "truncated";
    if (own.some((found) => found.stain !== "wrong" && cuts(found.value, answer))) return "truncated";
    if (Math.abs(at.cut(name) - answer.value) < shift(answer.digits)) return "truncated";
    const comes = ({ value }) => rounds(value, answer) || cuts(value, answer);
    return own.some((found) => found.stain && comes(found)) ? "follows" : "wrong";
  }

  for (const name of data.steps) {
    if (answers.has(name)) {
      verdicts.set(name, judged(name, answers.get(name)));
      stains.set(name, STAINS[verdicts.get(name)] ?? "");
    } else {
      stains.set(name, worst(formulas[name].reads[0]));
    }
  }
  return verdicts;
}

{
  const data = read("data");
  const form = document.querySelector("form");
  const score = document.querySelector(".score");
  const lines = new Map([...document.querySelectorAll("li[data-step]")].map((line) => [line.dataset.step, line]));
  const WORDS = {
    right: "right",
    rounding: "right, rounded on the way",
    truncated: "cut off, not rounded",
    follows: "follows from a number above",
    wrong: "wrong",
    unreadable: "not a number",
  };

  function mark() {
    const answers = new Map();
    const unreadable = new Set();
    for (const [name, line] of lines) {
      const text = line.querySelector("input").value.trim();
      if (!text) continue;
      const answer = typed(text);
      if (answer) answers.set(name, answer);
      else unreadable.add(name);
    }
    const verdicts = marked(data, answers);
    for (const [name, line] of lines) {
      line.dataset.verdict = unreadable.has(name) ? "unreadable" : (verdicts.get(name) ?? "");
      line.querySelector(".verdict").textContent = WORDS[line.dataset.verdict] ?? "";
    }
    showScore(verdicts);
  }

  function showScore(verdicts) {
    let points = 0;
    let possible = 0;
    for (const [name, worth] of Object.entries(data.points)) {
      possible += worth;
      points += worth * (data.shares[verdicts.get(name)] ?? 0);
    }
    const brief = (x) => String(Math.round(x * 100) / 100);
    const first = data.steps.find((name) => verdicts.get(name) === "wrong");
    score.textContent =
      `${brief(points)} of ${brief(possible)} points, ${verdicts.size} of ${lines.size} lines filled in` +
      (first ? `; the first wrong one is ${first}` : "");
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    mark();
  });
  form.addEventListener("change", mark);
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT") return;
    event.preventDefault(); // on to the next blank, as on paper
    const blanks = [...form.querySelectorAll("input")];
    blanks[blanks.indexOf(event.target) + 1]?.focus();
  });
  form.addEventListener("focusin", (event) => {
    putOut();
    const name = event.target.closest("li")?.dataset.step;
    if (!name) return;
    const found = path(data.paths, name);
    for (const [other, strength] of found) if (strength === "far") found.delete(other);
    lightDrawing(data.paths, found);
  });
  form.addEventListener("focusout", putOut);
  mark();
}
