/** What the doctor found, as it arises: evidence, cause, remedy, and a button that starts the remedied training. */

import { post, training, tried } from "./api.js";
import { fill, h, say } from "./dom.js";
import { number, spoken } from "./format.js";
import { go } from "./routes.js";

const MARKS = { severe: "▲", warning: "△", note: "·" };

const spelled = (value) =>
  typeof value === "number" ? number(value) : Array.isArray(value) ? value.join(", ") : String(value);

export const changes = (options) =>
  Object.entries(options)
    .map(([name, value]) => `${spoken(name)} ${spelled(value)}`)
    .join(", ");

export class Findings {
  /** `point` shows a unit in the graph; `id` is the training a remedy starts from, or null. */
  constructor({ id, point }) {
    this.id = id;
    this.point = point;
    this.known = "";
    this.list = h("ol", {});
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    this.none = h("p", { class: "muted" }, "The doctor has found nothing so far.");
    this.root = h(
      "section",
      { class: "findings", "aria-labelledby": "h-findings" },
      h("h2", { id: "h-findings" }, "The doctor"),
      this.none,
      this.list,
      this.wrong,
    );
  }

  show(findings) {
    const now = JSON.stringify(findings);
    if (now === this.known) return;
    const before = new Set(this.known ? JSON.parse(this.known).map((one) => `${one.kind}/${one.layer}`) : []);
    this.known = now;
    const fresh = findings.filter((one) => !before.has(`${one.kind}/${one.layer}`));
    if (fresh.length) say(fresh.map((one) => `The doctor found ${spoken(one.kind)}: ${one.evidence}`).join(". "));
    this.none.hidden = findings.length > 0;
    const focused = this.list.contains(document.activeElement)
      ? [...this.list.querySelectorAll("button")].indexOf(document.activeElement)
      : -1;
    fill(this.list, ...findings.map((one, index) => this.entry(one, index)));
    if (focused >= 0) this.list.querySelectorAll("button")[focused]?.focus();
  }

  /** Nothing more will come: say so if nothing was found. */
  over() {
    this.none.textContent = "Healthy: the doctor found nothing.";
  }

  failed() {
    this.none.textContent = "The doctor found nothing before it ended.";
  }

  /** It goes on, or begins: what was found of it comes. */
  awaited() {
    this.none.textContent = "The doctor has found nothing so far.";
  }

  entry(finding, index) {
    const { kind, severity, evidence, cause, remedy, layer, units, cure, since_epoch: since } = finding;
    return h(
      "li",
      { class: severity },
      h(
        "h3",
        {},
        h("span", { class: "mark", "aria-hidden": "true" }, MARKS[severity] ?? "·"),
        spoken(kind),
        h(
          "span",
          { class: "muted" },
          [severity, since !== null && since !== undefined && `since epoch ${since}`].filter(Boolean).join(", "),
        ),
      ),
      h("p", {}, evidence),
      cause && h("p", {}, h("span", { class: "muted" }, "Cause: "), cause),
      remedy && h("p", {}, h("span", { class: "muted" }, "Remedy: "), remedy),
      h(
        "div",
        { class: "buttons" },
        this.id &&
          cure &&
          h(
            "button",
            { type: "button", onclick: (event) => this.remedy(index, event.currentTarget) },
            `Train again with ${changes(cure.options)}`,
          ),
        layer > 0 &&
          units?.length > 0 &&
          h(
            "button",
            { type: "button", class: "plain", onclick: () => this.point(layer, units[0]) },
            units.length === 1 ? "Show the unit" : "Show the first of them",
          ),
      ),
    );
  }

  async remedy(index, button) {
    button.disabled = true;
    const answer = await tried(this.wrong, () => post(training(this.id, "remedy"), { finding: index }));
    button.disabled = false;
    if (!answer) return;
    dispatchEvent(new Event("trainings"));
    say(`A new training has begun with ${changes(answer.changed)}.`);
    go("watch", answer.id);
  }
}
