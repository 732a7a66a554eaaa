/** The second visit: a training as it runs, or a network from a file: seen whole, and unit by unit. */

import { Gone, Refused, get, listen, training, tried } from "./api.js";
import { Arithmetic, namer, placeOf } from "./arithmetic.js";
import { Controls } from "./controls.js";
import { Curves } from "./curves.js";
import { fill, h, write } from "./dom.js";
import { Findings } from "./findings.js";
import { called, plural, short, whole } from "./format.js";
import { Graph } from "./graph.js";
import { downloads, outcome } from "./result.js";
import { note, step, written } from "./routes.js";
import { Strips } from "./strips.js";
import { Surface } from "./surface.js";
import { list } from "./trainings.js";

/** A network that is looked at: graph, strips, arithmetic; what is pressed stands in the hash. */
class Looking {
  constructor(id, route, ask) {
    [this.id, this.route] = [id, route];
    this.understood = null;
    this.base = route.parameters.id ? { id: route.parameters.id } : {};
    const names = namer(() => this.understood);
    const pressed = (layer, unit, source) => this.go({ layer, unit, row: this.at?.row ?? 0, weight: source }, true);
    this.graph = new Graph({ pressed, names, longest: 2000 });
    this.strips = new Strips({ pressed: (layer, unit, row) => this.go({ layer, unit, row, weight: null }, true) });
    this.arithmetic = new Arithmetic({ ask, move: (at) => this.go(at, false), shut: () => this.shut() });
    this.at = null;
    this.place = h(
      "div",
      { class: "seen", hidden: true },
      h("h2", { class: "unseen" }, "The network"),
      this.graph.root,
    );
    this.below = h(
      "section",
      { class: "handed", "aria-labelledby": "h-strips", hidden: true },
      h("h2", { id: "h-strips" }, "What each layer hands on"),
      h("p", { class: "muted" }, "A column is a unit, a line is one of 24 rows. Press one to see its arithmetic."),
      this.strips.root,
    );
  }

  picture(picture) {
    this.graph.show(picture);
    this.strips.show(picture);
    const first = !this.layers;
    this.place.hidden = this.below.hidden = false;
    this.layers = picture.layers;
    if (first) this.follow(this.route);
  }

  knows(understood) {
    this.understood = understood;
    this.arithmetic.sample(understood.sample ?? []);
  }

  go(at, focus) {
    if (at.layer === 0) {
      write(this.graph.words, `${this.graph.said(0, at.unit)}. An input has no arithmetic: it is what the row says.`);
      return;
    }
    step("watch", this.id, { ...this.base, layer: at.layer, unit: at.unit, row: at.row, weight: at.weight ?? null });
    this.open(at, focus);
  }

  open(at, focus) {
    this.at = at;
    this.graph.select([at.layer, at.unit, at.weight]);
    this.strips.select(at.row);
    this.arithmetic.open(at, focus);
  }

  /** What the hash says: another unit, or none. */
  follow(route) {
    this.route = route;
    // Before there is a picture there is nothing to mark; whoever brings it asks again.
    if (!this.layers) return;
    const at = placeOf(route.parameters);
    if (JSON.stringify(at) === JSON.stringify(this.at)) return;
    if (at) this.open(at, false);
    else this.hide();
  }

  hide() {
    this.at = null;
    this.graph.select(null);
    this.strips.select(null);
    this.arithmetic.close();
  }

  shut() {
    this.hide();
    step("watch", this.id, this.base);
    this.graph.focus();
  }

  close() {
    this.graph.close();
    this.strips.close();
  }
}

class Training {
  constructor(main, route) {
    this.id = route.id;
    this.main = main;
    this.controls = new Controls(this.id);
    this.looking = new Looking(this.id, route, (at) => this.ask(at));
    this.judged = new Promise((resolve) => (this.judgedNow = resolve));
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
    const [twin, { trainings }] = await Promise.all([get(training(this.id)), get("/api/trainings")]);
    if (this.closed) return;
    this.resumable = trainings.find((entry) => entry.id === this.id)?.resumable ?? false;
    const { options } = twin;
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
    if (twin.error) this.fail(twin.error);
    // What was interrupted may be resumed, here or by another page: whoever is not done is listened to.
    if (!twin.result && !twin.error) this.listen();
  }

  listen() {
    this.end = listen(this.id, {
      history: (rows) => this.curves.take(rows),
      epoch: (row) => this.curves.add(row),
      status: (status) => this.status(status),
      understood: (understood) => this.understood(understood),
      picture: (picture) => this.picture(picture),
      findings: (findings) => this.findings.show(findings.findings ?? findings),
      surface: (surface) => this.surface(surface),
      result: (result) => this.result(result),
      failed: (failed) => this.fail(failed.error ?? failed),
    });
  }

  status(status) {
    this.state = status.state;
    this.controls.show(status, this.resumable);
    this.curves.of(status.metric ?? "", status.max_epochs ?? 1);
    this.looking.arithmetic.now(status.epoch);
    this.follow();
  }

  /** The arithmetic of a unit: from the training while it runs, from the model it left once it is done. */
  async ask(at) {
    const place = { layer: at.layer, unit: at.unit, row: at.row, weight: at.weight };
    // Who judges does not answer; it does not take long.
    if (this.state === "judging") await this.judged;
    if (this.done) return get("/api/model/unit", { id: this.id, ...place });
    for (let again = 0; ; again++) {
      try {
        return await get(training(this.id, "unit"), place);
      } catch (error) {
        if (!(error instanceof Refused) || error.status !== 409 || again === 20) throw error;
        await new Promise((resolve) => setTimeout(resolve, 400));
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
        : this.state === "waiting"
          ? "It was interrupted: Resume goes on from its last checkpoint."
          : "The table is being read.",
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
    this.judgedNow();
    this.findings.show(result.findings ?? []);
    this.findings.over();
    fill(this.outcome, outcome(result));
    dispatchEvent(new Event("trainings"));
  }

  fail(words) {
    this.end?.();
    this.judgedNow();
    this.failed.textContent = `The training ended: ${words}`;
    dispatchEvent(new Event("trainings"));
  }

  update(route) {
    this.looking.follow(route);
  }

  close() {
    this.closed = true;
    this.end?.();
    this.looking.close();
    this.curves.close();
    this.drawn?.close();
  }
}

/** A model file: the same graph and arithmetic, and no training to steer. */
class File {
  constructor(main, route) {
    const { id } = route.parameters;
    this.failed = h("p", { class: "wrongly", role: "alert" });
    this.about = h("p", { class: "muted about" });
    this.looking = new Looking("file", route, (at) =>
      get("/api/model/unit", { id, layer: at.layer, unit: at.unit, row: at.row, weight: at.weight }),
    );
    main.append(
      h("div", { class: "headline" }, h("h1", { tabindex: "-1" }, short(id, 50)), this.about),
      this.failed,
      h(
        "div",
        { class: "next" },
        h("a", { class: "button go", href: written("prune", id) }, "Prune it"),
        downloads(id),
      ),
      h(
        "div",
        { class: "desk" },
        h("div", { class: "pictures" }, this.looking.place),
        h("div", { class: "side" }, this.looking.arithmetic.root),
        this.looking.below,
      ),
    );
    this.begin(id);
  }

  async begin(id) {
    const model = await tried(this.failed, () => get("/api/model", { id }));
    if (!model) return;
    this.looking.knows(model.understood ?? { features: [], outputs: [], sizes: [], sample: [] });
    this.looking.picture(model.picture);
    const weights = model.picture.edges.length;
    const sizes = model.picture.layers.map((layer) => whole(layer.units)).join(" – ");
    this.about.textContent = `${sizes} units; the strongest ${plural(weights, "weight")} drawn.`;
    // Without the table there are no rows, and nothing that a layer hands on.
    this.looking.below.hidden = !model.picture.strips.length;
  }

  update(route) {
    this.looking.follow(route);
  }

  close() {
    this.looking.close();
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
