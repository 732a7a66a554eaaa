/** The third visit: a slider over density; the network thins, and score, bytes and time move with it. */

import { Gone, Refused, get, post, pruning, tried } from "./api.js";
import { namer } from "./arithmetic.js";
import { field, fill, h, say, select, write } from "./dom.js";
import { bytes, plural, score, short, spoken, whole } from "./format.js";
import { Figures, Frontier, LEAST, share } from "./figures.js";
import { Graph } from "./graph.js";
import { downloads } from "./result.js";
import { note, written } from "./routes.js";

const STEPS = 200;

/** The slider is logarithmic: from all of the connections on the left to one of 500 on the right. */
const densityAt = (place) => nearly(LEAST ** (place / STEPS));
const placeOf = (density) => Math.round((Math.log(density) / Math.log(LEAST)) * STEPS);

const nearly = (density) => Number(density.toPrecision(3));

class Prune {
  constructor(main, route) {
    [this.model, this.main] = [route.id, main];
    this.seen = new Map();
    this.wanted = null;
    this.busy = false;
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    this.about = h("p", { class: "muted about" });
    this.graph = new Graph({
      pressed: (layer, unit) => this.press(layer, unit),
      names: namer(() => this.understood),
      invite: "Press a unit to read what it is and which lines it has.",
    });
    [this.figures, this.frontier] = [new Figures(), new Frontier()];
    this.title = h("h1", { tabindex: "-1" }, `Prune ${short(this.model, 40)}`);
    main.append(
      h("div", { class: "headline" }, this.title, this.about),
      this.wrong,
      this.hand(),
      h(
        "div",
        { class: "desk" },
        h(
          "div",
          { class: "pictures" },
          h("div", { class: "seen" }, h("h2", { class: "unseen" }, "The network"), this.graph.root),
        ),
        h("div", { class: "side" }, this.figures.root, this.frontier.root),
      ),
    );
    this.frontier.begin();
    this.route = route;
    this.begin().catch((error) => {
      if (error instanceof Refused) this.wrong.textContent = error.message;
      else if (!(error instanceof Gone)) throw error;
    });
  }

  hand() {
    this.slider = h("input", {
      type: "range",
      id: "density",
      min: 0,
      max: STEPS,
      step: 1,
      value: 0,
      oninput: () => this.want(densityAt(Number(this.slider.value))),
    });
    this.typed = h("input", {
      type: "text",
      inputmode: "decimal",
      autocomplete: "off",
      value: "1",
      onchange: () => this.type(),
    });
    this.exact = field("Density", this.typed);
    this.criterion = select([{ name: "", label: "…" }], "", () => this.want(this.density));
    this.train = h("input", { type: "checkbox", id: "retrain", checked: true });
    this.cut = h("button", { type: "button", class: "go", onclick: () => this.keep() }, "Cut here");
    this.undo = h("button", { type: "button", onclick: () => this.back(), disabled: true }, "Undo");
    this.state = h("p", { class: "state", role: "status" });
    this.export = h("details", { class: "export" }, h("summary", {}, "Export"), h("div", {}));
    return h(
      "section",
      { class: "hand", "aria-labelledby": "h-cut" },
      h("h2", { id: "h-cut", class: "unseen" }, "Where to cut"),
      h(
        "div",
        { class: "slide" },
        h("label", { for: "density" }, "Connections kept"),
        this.slider,
        h(
          "div",
          { class: "ends muted", "aria-hidden": "true" },
          [1, 0.1, 0.01, LEAST].map((density) => {
            const mark = h("span", {}, density === 1 ? "all" : share(density));
            if (density === 1 || density === LEAST) mark.className = density === 1 ? "first" : "last";
            mark.style.left = `${(100 * placeOf(density)) / STEPS}%`;
            return mark;
          }),
        ),
      ),
      this.exact.root,
      field("What goes first", this.criterion).root,
      h(
        "div",
        { class: "act" },
        this.cut,
        h("label", { class: "check" }, this.train, "train what is left"),
        this.undo,
        this.export,
      ),
      this.state,
    );
  }

  /** The pruning in the hash if the server still knows it, else a new one. */
  async begin() {
    const known = this.route.parameters.pruning;
    this.twin = known
      ? await get(pruning(known)).catch((error) => (error instanceof Refused ? null : Promise.reject(error)))
      : null;
    if (this.twin?.model !== this.model) this.twin = null;
    write(this.state, this.twin ? "" : "The model is being read and judged.");
    this.twin ??= await post("/api/prunings", { model: this.model });
    if (this.closed) return;
    write(this.state, "");
    fill(
      this.criterion,
      ...this.twin.criteria.map(({ name, says }) => h("option", { value: name, title: says }, spoken(name))),
    );
    fill(this.export.querySelector("div"), downloads(this.twin.id, { int8: true }));
    const model = await get("/api/model", { id: this.model }).catch((error) =>
      error instanceof Refused ? null : Promise.reject(error),
    );
    this.understood = model?.understood ?? null;
    const target = model?.summary?.target;
    if (target) write(this.title, `Prune ${short(this.model, 40)}, which tells ${short(String(target), 30)}`);
    this.took();
    const { criterion, density } = this.route.parameters;
    if (criterion) this.criterion.value = criterion;
    this.ready = true;
    this.want(density > 0 && density <= 1 ? Number(density) : this.twin.current.density);
    if (this.twin.busy) this.poll();
  }

  /** Show what the server says the pruning is at. */
  took() {
    const { current, kept, error } = this.twin;
    this.figures.show(current, this.metric, true);
    this.undo.disabled = this.twin.busy || kept.length === 0;
    this.cut.disabled = this.twin.busy;
    for (const point of [this.twin.whole, ...kept, current]) this.frontier.remember(point, true);
    const after = kept.length ? `, after ${plural(kept.length, "cut")}` : "";
    this.about.textContent =
      `${share(current.density)} of the connections are there${after}. ` +
      "Move the slider to see what a cut would do; nothing changes until you cut.";
    if (error) this.wrong.textContent = error;
    this.frontier.show(this.metric, this.shown?.density);
  }

  get metric() {
    return this.twin.metric ?? "score";
  }

  get density() {
    return this.wanted ?? this.shown?.density ?? 1;
  }

  type() {
    const value = Number(this.typed.value.trim().replace(",", "."));
    const wrong =
      this.typed.value.trim() === "" || Number.isNaN(value)
        ? `“${this.typed.value}” is no number: write a share, such as 0.1`
        : value < LEAST || value > 1
          ? `${this.typed.value} is out of range: a density is ${LEAST} to 1`
          : "";
    this.exact.wrong(wrong);
    if (!wrong) this.want(value);
  }

  /** Ask for a preview; while one is on its way, only the last wish is remembered. */
  want(density) {
    if (this.closed) return;
    this.wanted = density;
    this.slider.value = String(placeOf(density));
    this.slider.setAttribute("aria-valuetext", `${share(density)} of the connections`);
    if (document.activeElement !== this.typed) this.typed.value = String(nearly(density));
    this.exact.wrong("");
    note("prune", this.model, { density: nearly(density), criterion: this.criterion.value, pruning: this.twin?.id });
    if (!this.asking && this.twin && !this.twin.busy) this.ask();
  }

  async ask() {
    this.asking = true;
    while (this.wanted !== null && !this.closed && !this.twin.busy) {
      const [density, criterion] = [this.wanted, this.criterion.value];
      const point = await tried(this.wrong, () => get(pruning(this.twin.id, "cut"), { density, criterion }));
      if (point && !this.closed) this.show(point);
      if (this.wanted === density && this.criterion.value === criterion) break;
    }
    this.asking = false;
  }

  show(point) {
    const { picture, ...figures } = point;
    this.shown = figures;
    this.frontier.remember(figures, false);
    this.figures.show(figures, this.metric, false);
    if (picture) this.graph.show(picture);
    this.frontier.show(this.metric, this.shown?.density);
    clearTimeout(this.telling);
    const found = `${spoken(this.metric)} ${score(this.metric, figures.score)}, ${bytes(figures.file_bytes)}`;
    this.telling = setTimeout(() => say(`${share(figures.density)} of the connections: ${found}`), 700);
  }

  async keep() {
    if (this.exact.root.classList.contains("wrong")) {
      this.typed.focus();
      return;
    }
    this.cut.disabled = true;
    // The server does one thing at a time: a preview that is on its way comes first.
    this.wanted = this.density;
    while (this.asking) await new Promise((resolve) => setTimeout(resolve, 30));
    const twin = await tried(this.wrong, () =>
      post(pruning(this.twin.id, "keep"), {
        density: this.density,
        criterion: this.criterion.value,
        retrain: this.train.checked,
      }),
    );
    this.cut.disabled = false;
    if (!twin) return;
    this.twin = twin;
    this.took();
    await this.poll();
  }

  async poll() {
    this.main.classList.add("busy");
    while (this.twin.busy && !this.closed) {
      write(this.state, "What is left is being trained. This takes about as long as a part of the first training.");
      await new Promise((resolve) => setTimeout(resolve, 400));
      const twin = await tried(this.wrong, () => get(pruning(this.twin.id)));
      if (!twin) break;
      this.twin = twin;
    }
    this.main.classList.remove("busy");
    if (this.closed) return;
    this.took();
    const { current, metric } = this.twin;
    if (!this.twin.error)
      write(
        this.state,
        `Cut: ${whole(current.nonzero)} connections are left; ${spoken(metric)} ${score(metric, current.score)}.`,
      );
    this.want(Math.min(this.density, current.density));
  }

  async back() {
    this.undo.disabled = true;
    const twin = await tried(this.wrong, () => post(pruning(this.twin.id, "undo")));
    if (!twin) return;
    this.twin = twin;
    this.took();
    write(this.state, `Undone: ${whole(twin.current.nonzero)} connections are there again.`);
    this.want(twin.current.density);
    if (this.undo.disabled) this.cut.focus();
  }

  press(layer, unit) {
    write(this.graph.words, this.graph.said(layer, unit));
    this.graph.select([layer, unit, null]);
  }

  update(route) {
    this.route = route;
    if (!this.ready) return;
    if (route.parameters.criterion) this.criterion.value = route.parameters.criterion;
    const density = Number(route.parameters.density);
    if (density > 0 && density <= 1) this.want(density);
  }

  close() {
    this.closed = true;
    clearTimeout(this.telling);
    this.graph.close();
    this.frontier.close();
  }
}

/** Nothing is chosen yet: the networks there are. */
class Choice {
  constructor(main) {
    const wrong = h("p", { class: "wrongly", role: "alert" });
    const place = h("div", {});
    main.append(h("h1", { tabindex: "-1" }, "What is to be pruned?"), place, wrong);
    tried(wrong, async () => {
      const [{ trainings }, { models }] = await Promise.all([get("/api/trainings"), get("/api/tables")]);
      const found = [
        ...trainings
          // One that was stopped has left a model as well.
          .filter((entry) => entry.state === "done" || entry.state === "stopped")
          .map((entry) => [entry.id, `${short(entry.table)} → ${short(entry.target)}`, entry.id]),
        ...models.map((model) => [model.id, model.name, "model in the folder"]),
      ];
      fill(
        place,
        found.length
          ? h(
              "ul",
              { class: "trainings" },
              found.map(([id, name, what]) =>
                h("li", {}, h("a", { href: written("prune", id) }, name), h("span", { class: "muted" }, what)),
              ),
            )
          : h(
              "p",
              {},
              "Nothing is trained yet. ",
              h("a", { href: written("grow") }, "Grow a network"),
              " first: what is pruned is a finished one.",
            ),
      );
    });
  }

  update() {}

  close() {}
}

export const open = (main, route) => (route.id ? new Prune(main, route) : new Choice(main));
