/** What a training is at, in numbers, and the hand on it: pause, step, stop, another learning rate. */

import { post, training, tried } from "./api.js";
import { PACES, numberField, paceOf, readNumber, searches } from "./choices.js";
import { fresh, h, say, select, write } from "./dom.js";
import { number, score, seconds, spoken, whole } from "./format.js";
import { isRunning, resume, stateWords } from "./trainings.js";

const fact = (title) => {
  const value = h("dd", {}, "–");
  return { value, root: h("div", {}, h("dt", {}, title), value) };
};

export class Controls {
  constructor(id) {
    this.id = id;
    this.state = "";
    this.problem = null;
    this.badge = h("span", { class: "badge" });
    this.bar = h("progress", { max: 1, "aria-label": "Epochs done" });
    this.facts = {
      epoch: fact("epoch"),
      loss: fact("loss"),
      score: fact("validation"),
      left: fact("time left"),
      rate: fact("learning rate"),
    };
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    this.pause = h(
      "button",
      { type: "button", class: "main", onclick: () => this.ask(this.state === "paused" ? "go" : "pause") },
      "Pause",
    );
    this.step = h(
      "button",
      { type: "button", title: "one step: one batch of rows", onclick: () => this.oneStep() },
      "Step",
    );
    this.stop = h(
      "button",
      { type: "button", title: "end it here and keep the best network so far", onclick: () => this.ask("stop") },
      "Stop",
    );
    this.again = h("button", { type: "button", class: "main", hidden: true, onclick: () => this.resume() }, "Resume");
    this.pace = select(PACES, "", (words) => this.ask("pace", paceOf(words)));
    this.pace.id = fresh("pace");
    this.rate = numberField("learning_rate", "New learning rate");
    this.set = h("button", { type: "submit" }, "Set");
    this.form = h("form", { class: "rate", onsubmit: (event) => this.setRate(event) }, this.rate.root, this.set);
    this.speed = h("div", { class: "speed" }, h("label", { for: this.pace.id }, "Speed"), this.pace);
    this.root = h(
      "div",
      { class: "controls" },
      h(
        "dl",
        { class: "facts" },
        Object.values(this.facts).map(({ root }) => root),
      ),
      h(
        "div",
        { class: "hand" },
        h("div", { class: "buttons" }, this.pause, this.step, this.stop, this.again),
        this.form,
        this.speed,
      ),
      this.wrong,
    );
  }

  /** Of the optimiser that searches along a line nothing is set, and a step is a whole iteration. */
  of(optimizer) {
    if (!searches(optimizer)) return;
    this.rateless = true;
    this.facts.rate.root.hidden = this.form.hidden = true;
    this.step.title = "one step: one iteration of L-BFGS, over all rows";
  }

  show(status, resumable = false) {
    const { facts } = this;
    // One step is a training that begins and pauses again: the buttons need not flicker with it.
    if (this.stepping && status.state === "training") status = { ...status, state: "paused" };
    else this.stepping = false;
    write(this.badge, stateWords(status.state));
    this.badge.dataset.state = status.state;
    this.bar.value = status.max_epochs ? Math.min(1, status.epoch / status.max_epochs) : 0;
    write(facts.epoch.value, status.max_epochs ? `${whole(status.epoch)} of ${whole(status.max_epochs)}` : "–");
    write(facts.loss.value, number(status.loss, 3));
    const metric = (status.metric ?? "").replace(/^validation_/, "");
    const isLoss = !metric || status.validation_score === null || metric.includes("loss");
    write(facts.score.root.firstChild, isLoss ? "validation loss" : `validation ${spoken(metric)}`);
    write(facts.score.value, isLoss ? number(status.validation_loss, 3) : score(metric, status.validation_score));
    const running = isRunning(status.state);
    if (document.activeElement !== this.pace && PACES.some(({ name }) => name === String(status.pace ?? "")))
      this.pace.value = String(status.pace ?? "");
    write(facts.left.root.firstChild, running ? "time left" : "took");
    write(
      facts.left.value,
      running ? (status.state === "paused" ? "paused" : seconds(status.left)) : seconds(status.seconds),
    );
    write(facts.rate.value, number(status.learning_rate, 3));
    this.rated(status);
    if (status.state !== this.state) this.turned(status.state);
    this.offer(resumable);
  }

  /** Another state: other buttons. Where the one in hand goes away, its neighbour takes the focus. */
  turned(state) {
    if (this.state) say(`The training is ${state === "done" ? "finished" : stateWords(state)}.`);
    const held = document.activeElement;
    this.state = state;
    const [running, paused] = [isRunning(state), state === "paused"];
    write(this.pause, paused ? "Go on" : "Pause");
    this.pause.disabled =
      this.step.disabled =
      this.stop.disabled =
      this.set.disabled =
        state === "judging" || state === "reading";
    this.pause.hidden = this.step.hidden = this.stop.hidden = this.speed.hidden = !running;
    this.form.hidden = !running || Boolean(this.rateless);
    if (running) this.again.hidden = true;
    if (held && this.root.contains(held) && (held.hidden || held.disabled)) document.querySelector("main h1")?.focus();
    dispatchEvent(new Event("trainings"));
  }

  /** A checkpoint waits: offer to go on from it. */
  offer(resumable) {
    this.again.hidden = !resumable || isRunning(this.state);
  }

  /** The field holds the rate that is asked for, unless a hand is on it; why it was refused stands beside it. */
  rated({ base_rate: rate, problem }) {
    const { control } = this.rate;
    if (rate && document.activeElement !== control && rate !== this.base) {
      this.base = rate;
      control.value = String(Number(rate.toPrecision(6)));
      this.rate.wrong("");
    }
    // What is said stays until another rate is typed or set: any other order makes the training forget it.
    if (problem && problem !== this.problem) this.rate.wrong(problem);
    this.problem = problem ?? null;
  }

  oneStep() {
    this.stepping = true;
    return this.ask("step");
  }

  ask(what, value, place = this.wrong) {
    return tried(place, () =>
      post(training(this.id, "control"), value === undefined ? { do: what } : { do: what, value }),
    );
  }

  async setRate(event) {
    event.preventDefault();
    const problem = this.rate.problem();
    this.rate.wrong(problem);
    if (problem) {
      this.rate.control.focus();
      return;
    }
    const value = readNumber(this.rate.control.value);
    this.problem = null;
    const { wrong } = this.rate;
    const beside = {
      set textContent(words) {
        wrong(words);
      },
    };
    if (await this.ask("rate", value, beside)) say(`The learning rate is to be ${number(value)}.`);
  }

  resume() {
    return tried(this.wrong, () => resume(this.id));
  }
}
