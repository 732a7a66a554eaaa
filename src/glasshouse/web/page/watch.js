/** The second visit: a training as it runs, or a network from a file: seen whole, and unit by unit. */

import { Gone, Refused, get, listen, training, tried } from "./api.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { fill, h, write } from "./dom.js";
import { File } from "./file.js";
import { Findings } from "./findings.js";
import { called, short, whole } from "./format.js";
import { Looking, rowless } from "./looking.js";
import { outcome } from "./result.js";
import { note, written } from "./routes.js";
import { Surface } from "./surface.js";
import { isRunning, list } from "./trainings.js";

/** What there is to say before it is known what the table became. */
const UNREAD = {
  reading: "The table is being read.",
  waiting: "It was interrupted: Resume goes on from its last checkpoint.",
};

/** Who reads has no network yet; who judges is about to end, and would leave a question without an answer. */
const MUTE = new Set(["reading", "judging"]);

const RESUME_FIRST = "It stands still and left no model yet: resume it to have its numbers worked out.";
const NO_MODEL = "It left no model: there is nothing to work out.";

/** Milliseconds between two questions about what is about to change. */
const SOON = 300;
const soon = () => new Promise((resolve) => setTimeout(resolve, SOON));

class Training {
  constructor(main, route) {
    this.id = route.id;
    this.main = main;
    this.controls = new Controls(this.id);
    this.looking = new Looking(this.id, route, (at) => this.ask(at));
    this.waiting = [];
    this.curves = new Curves();
    this.findings = new Findings({
      id: this.id,
      point: (layer, unit) => this.looking.go({ layer, unit, row: this.looking.at?.row ?? 0, weight: null }, true),
    });
    this.title = h("h1", { tabindex: "-1" }, `Training ${this.id}`);
    this.about = h("p", { class: "muted about" });
    this.failed = h("p", { class: "wrongly", role: "alert" });
    this.outcome = h("div", {});
    this.side = h(
      "div",
      { class: "side" },
      this.looking.arithmetic.root,
      h("section", { "aria-labelledby": "h-curves" }, h("h2", { id: "h-curves" }, "How it learns"), this.curves.root),
      this.findings.root,
    );
    this.look = h("div", { class: "pictures" }, this.looking.place);
    main.append(
      h("div", { class: "headline" }, h("div", { class: "titled" }, this.title, this.controls.badge), this.about),
      this.controls.bar,
      this.controls.root,
      this.failed,
      this.outcome,
      h("div", { class: "desk" }, this.look, this.side, this.looking.below),
    );
    this.curves.begin();
    this.begin().catch((error) => {
      if (error instanceof Refused) this.failed.textContent = error.message;
      else if (!(error instanceof Gone)) throw error;
    });
  }

  async begin() {
    const twin = await get(training(this.id));
    if (this.closed) return;
    this.resumable = twin.resumable;
    const { options } = twin;
    this.controls.of(options.optimizer);
    write(this.title, `${short(called(options.table ?? this.id), 30)} → ${short(options.target ?? "", 30)}`);
    document.title = `${called(options.table)} → ${options.target} · Glasshouse`;
    this.origin = twin.remedied_from;
    this.target = options.target;
    if (twin.status) this.status(twin.status);
    if (twin.understood) this.understood(twin.understood);
    else this.described();
    this.curves.take(twin.history ?? []);
    if (twin.surface) this.surface(twin.surface);
    if (twin.picture) this.looking.picture(twin.picture);
    this.findings.show(twin.findings ?? []);
    if (twin.result) this.result(twin.result);
    if (this.left) await this.model(twin);
    // What was interrupted may be resumed, here or by another page: whoever is not over is listened to.
    else if (this.state !== "failed" || twin.resumable) this.listen();
  }

  /** Whether it left a model: one that an earlier server saw end may have no result to show. */
  get left() {
    return this.done || this.state === "done" || this.state === "stopped";
  }

  /** What it left: the picture, where no process is there any more that could make one; whether there are rows. */
  async model(twin) {
    this.findings.over();
    if (twin.picture && twin.understood) return;
    const model = await tried(this.failed, () => get("/api/model", { id: this.id }));
    if (!model || this.closed) return;
    if (model.rows === null) this.looking.barren(rowless(this.id));
    if (!this.looking.understood && model.understood) this.understood(model.understood);
    if (!twin.picture && model.picture) this.looking.picture(model.picture);
  }

  listen() {
    if (this.closed) return;
    this.end = listen(this.id, {
      history: (rows) => this.curves.take(rows),
      epoch: (row) => this.curves.add(row),
      status: (status) => this.status(status),
      understood: (understood) => this.understood(understood),
      picture: (picture) => this.picture(picture),
      findings: (findings) => this.findings.show(findings.findings ?? findings),
      surface: (surface) => this.surface(surface),
      result: (result) => this.result(result),
      failed: () => this.fail(),
    });
  }

  status(status) {
    if (isRunning(status.state) && !isRunning(this.state)) this.goesOn();
    const turned = this.state !== status.state;
    this.state = status.state;
    if (turned) this.turned();
    if (turned && this.state === "failed") this.fail();
    this.controls.show(status, this.resumable);
    this.curves.of(status.metric ?? "", status.max_epochs ?? 1);
    this.looking.arithmetic.now(status.epoch);
    this.follow();
  }

  /** It begins, or goes on from a checkpoint: what was said of its end is no more. */
  goesOn() {
    this.resumable = false;
    write(this.failed, "");
    this.findings.awaited();
  }

  /** Until it is in another state. */
  turns() {
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  turned() {
    for (const go of this.waiting.splice(0)) go();
  }

  /** The arithmetic of a unit: from the training while it runs, from the model it left once it is done. */
  async ask(at) {
    const place = { layer: at.layer, unit: at.unit, row: at.row, weight: at.weight };
    for (let again = 0; ; again++) {
      while (MUTE.has(this.state) && !this.done && !this.closed) await this.turns();
      if (this.left) return get("/api/model/unit", { id: this.id, ...place });
      if (!isRunning(this.state)) throw new Refused(409, this.resumable ? RESUME_FIRST : NO_MODEL);
      try {
        return await get(training(this.id, "unit"), place);
      } catch (error) {
        // It ended meanwhile, or is busy: what it is at now is told in a moment.
        if (!(error instanceof Refused) || error.status !== 409 || again === 20) throw error;
        await Promise.race([this.turns(), soon()]);
      }
    }
  }

  picture(picture) {
    this.looking.picture(picture);
    this.stepped = picture.step;
    this.follow();
  }

  /** While it stands still the numbers follow each single step; while it runs, a person is reading them. */
  follow() {
    const { at, arithmetic } = this.looking;
    if (!at || this.state !== "paused" || this.stepped === this.read) return;
    this.read = this.stepped;
    arithmetic.load(at);
  }

  understood(understood) {
    this.looking.knows(understood);
    this.described(understood);
  }

  described(understood) {
    fill(
      this.about,
      understood
        ? this.learns(understood)
        : (UNREAD[this.state] ?? ""),
      this.origin
        ? h("span", {}, " Begun by a remedy for ", h("a", { href: written("watch", this.origin) }, this.origin), ".")
        : "",
    );
  }

  learns({ task, rows, sizes }) {
    const what = `${short(this.target ?? "the target", 40)} (${task === "classification" ? "a class" : "a number"})`;
    return `Learns ${what} from ${whole(rows)} rows: ${sizes.map(whole).join(" – ")} units.`;
  }

  surface(surface) {
    if (!this.drawn) {
      this.drawn = new Surface();
      this.look.prepend(this.drawn.root);
      this.look.classList.add("two");
    }
    this.drawn.show(surface);
  }

  result(result) {
    this.end?.();
    this.done = true;
    this.turned();
    this.findings.show(result.findings ?? []);
    this.findings.over();
    fill(this.outcome, outcome(result));
    dispatchEvent(new Event("trainings"));
  }

  /** It failed: ask what it is at now, as a checkpoint may wait; as long as one does, somebody may resume it. */
  async fail() {
    if (this.failing) return;
    this.failing = true;
    let twin;
    // The process tells why before it ends; only then is it known whether it can be resumed.
    do {
      if (twin) await soon();
      twin = await tried(this.controls.wrong, () => get(training(this.id)));
    } while (twin?.error && isRunning(twin.status.state) && !this.closed);
    if (twin?.error && !this.closed) this.over(twin);
    this.failing = false;
  }

  over(twin) {
    this.resumable = twin.resumable;
    if (!this.resumable) this.end?.();
    this.status(twin.status);
    this.findings.show(twin.findings ?? []);
    this.findings.failed();
    const again = this.resumable ? ". Resume goes on from its last checkpoint." : "";
    write(this.failed, `It failed: ${twin.error}${again}`);
    dispatchEvent(new Event("trainings"));
  }

  update(route) {
    this.looking.follow(route);
  }

  close() {
    this.closed = true;
    this.turned();
    this.end?.();
    this.looking.close();
    this.curves.close();
    this.drawn?.close();
  }
}

/** Nothing is chosen yet: what there is to look at. */
class Choice {
  constructor(main) {
    this.trainings = h("div", {});
    this.models = h("div", {});
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    main.append(
      h("h1", { tabindex: "-1" }, "What is to be watched?"),
      h("section", { "aria-labelledby": "h-trainings" }, h("h2", { id: "h-trainings" }, "Trainings"), this.trainings),
      h("section", { "aria-labelledby": "h-models" }, h("h2", { id: "h-models" }, "Models in the folder"), this.models),
      this.wrong,
    );
    tried(this.wrong, async () => {
      const [{ trainings }, { models }] = await Promise.all([get("/api/trainings"), get("/api/tables")]);
      fill(this.trainings, ...list(trainings), h("p", {}, h("a", { href: written("grow") }, "Grow a new one")));
      fill(
        this.models,
        models.length
          ? h(
              "ul",
              { class: "trainings" },
              models.map((model) =>
                h("li", {}, h("a", { href: written("watch", "file", { id: model.id }) }, model.name)),
              ),
            )
          : h("p", { class: "muted" }, "There is none."),
      );
    });
  }

  update() {}

  close() {}
}

export function open(main, route) {
  if (route.id === "file" && route.parameters.id) return new File(main, route);
  if (route.id && route.id !== "file") return new Training(main, route);
  if (route.id) note("watch");
  return new Choice(main);
}
