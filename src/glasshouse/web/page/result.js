/** What came out: scores of rows that chose nothing, with intervals, beside the baselines; and where to go next. */

import { address, file } from "./api.js";
import { h } from "./dom.js";
import { plural, rises, score, spoken } from "./format.js";
import { written } from "./routes.js";

const EXTRA = new Set(["rows", "source"]);

/** An interval as the server gives it: {low, high} or [low, high]. */
function ends(interval) {
  if (!interval) return null;
  const [low, high] = Array.isArray(interval) ? interval : [interval.low, interval.high];
  return typeof low === "number" && typeof high === "number" ? [low, high] : null;
}

/** Have a file made and kept; until then, and where it cannot be made, a line says so. */
async function take(path, words, said) {
  said.textContent = `Making ${words} …`;
  try {
    const found = await file(path);
    const link = h("a", { href: URL.createObjectURL(found.bytes), download: found.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    said.textContent = `${found.name} was handed to the browser.`;
  } catch (error) {
    said.textContent = error.message;
  }
}

/** Links that download: a model, C, ONNX, a report. */
export function downloads(id, { int8 = false } = {}) {
  const to = [
    ["glass", "Model"],
    ["c", "C"],
    ...(int8 ? [["c8", "C, 8 bits"]] : []),
    ["onnx", "ONNX"],
    ["report", "Report"],
  ];
  const said = h("p", { class: "muted", role: "status" });
  const one = ([format, words]) => {
    const path = address("/api/download", format === "c8" ? { id, to: "c", int8: 1 } : { id, to: format });
    const link = h("a", { class: "button", download: "", href: path }, words);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      take(path, words, said);
    });
    return h("li", {}, link);
  };
  return h("div", {}, h("ul", { class: "downloads", "aria-label": "Download" }, to.map(one)), said);
}

export function table(result) {
  const test = result.scores?.test ?? {};
  const names = Object.keys(test).filter((name) => !EXTRA.has(name) && typeof test[name] === "number");
  const rows = [
    ...Object.entries(result.baselines ?? {}).map(([name, scores]) => [name, scores, false]),
    ["this network", test, true],
  ];
  const best = Object.fromEntries(
    names.map((name) => {
      const known = rows.map(([, scores]) => scores[name]).filter((value) => typeof value === "number");
      return [name, rises(name) ? Math.max(...known) : Math.min(...known)];
    }),
  );
  const figure = (name, scores, ours) => {
    const interval = ours && ends(result.intervals?.[name]);
    return h(
      "td",
      { class: scores[name] === best[name] ? "figure best" : "figure" },
      typeof scores[name] === "number" ? score(name, scores[name]) : "–",
      interval && h("span", { class: "muted" }, `${score(name, interval[0])} to ${score(name, interval[1])}`),
    );
  };
  return h(
    "div",
    { class: "wide" },
    h(
      "table",
      { class: "scores" },
      h(
        "caption",
        { class: "muted" },
        `Scores of ${plural(test.rows ?? 0, "row")} that chose nothing; small, their 95 % intervals.`,
      ),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          h("th", { scope: "col" }, ""),
          names.map((name) =>
            h(
              "th",
              { scope: "col", class: "figure" },
              spoken(name),
              " ",
              h("span", { class: "muted" }, rises(name) ? "↑" : "↓"),
            ),
          ),
        ),
      ),
      h(
        "tbody",
        {},
        rows.map(([name, scores, ours]) =>
          h(
            "tr",
            { class: ours ? "ours" : null },
            h("th", { scope: "row" }, name),
            names.map((metric) => figure(metric, scores, ours)),
          ),
        ),
      ),
    ),
  );
}

/** The section that appears when a training is done. */
export function outcome(result) {
  return h(
    "section",
    { class: "outcome", "aria-labelledby": "h-outcome" },
    h("h2", { id: "h-outcome" }, "How good it is"),
    h(
      "p",
      {},
      result.best_epoch && result.epochs
        ? `The best network was that of epoch ${result.best_epoch} of ${result.epochs}; it is kept as ${result.file}.`
        : `It is kept as ${result.file}.`,
    ),
    table(result),
    h(
      "div",
      { class: "next" },
      h("a", { class: "button go", href: written("prune", result.model) }, "Prune it"),
      downloads(result.model),
    ),
  );
}
