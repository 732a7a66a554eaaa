/** The first visit: a table, its target, how it was understood, the network to be; and the button that starts it. */

import { Gone, Refused, get, post, tried } from "./api.js";
import { choices } from "./choices.js";
import { columns } from "./columns.js";
import { field, fill, h, say, select } from "./dom.js";
import { called, plural, short, whole } from "./format.js";
import { go, listed, note, step } from "./routes.js";
import { shape } from "./shape.js";
import { chooser, marked } from "./tables.js";

const OPTIONS = ["activation", "initializer", "density", "optimizer", "learning_rate", "epochs", "seed", "pace"];
/** Two inputs need few units, and a network of few is one that can be looked at. */
const FOR_TOYS = { hidden: [8, 8], epochs: 200, pace: 10 };

/** What a person asked for of the columns, as the hash holds it, and back. */
function askedOf(parameters) {
  const asked = {};
  for (const pair of listed(parameters.as)) {
    const cut = pair.lastIndexOf("=");
    asked[pair.slice(0, cut)] = pair.slice(cut + 1);
  }
  for (const name of listed(parameters.drop)) asked[name] = "drop";
  return asked;
}
const kindsOf = (asked) => Object.entries(asked).filter(([, kind]) => kind !== "drop");
const dropsOf = (asked) => Object.keys(asked).filter((name) => asked[name] === "drop");

class Grow {
  constructor(main, route) {
    this.main = main;
    this.closing = new AbortController();
    this.tables = h("div", { class: "chooser" });
    this.about = h("div", { class: "about" });
    this.columns = h("div", {});
    this.wrong = h("p", { class: "wrongly", role: "alert" });
    this.plan = h("p", { class: "plan" });
    this.started = h("p", { class: "wrongly", role: "alert" });
    this.button = h("button", { type: "button", class: "go", onclick: () => this.train() }, "Train");
    this.shape = shape(() => this.noted());
    this.network = h(
      "section",
      { class: "network", "aria-labelledby": "h-network" },
      h("h2", { id: "h-network" }, "The network"),
      this.shape.root,
    );
    main.append(
      h("h1", { tabindex: "-1" }, "What should a network learn?"),
      h("p", { class: "lead" }, "Choose a table and press Train. Everything else is already set, and can be changed."),
      h(
        "div",
        { class: "sheet" },
        h(
          "section",
          { class: "choose", "aria-labelledby": "h-table" },
          h("h2", { id: "h-table" }, "The table"),
          this.tables,
        ),
        h(
          "aside",
          { class: "panel", "aria-label": "Start" },
          h("div", { class: "start" }, this.plan, this.button, this.started),
          this.network,
        ),
        h(
          "section",
          { class: "understood", "aria-labelledby": "h-columns" },
          h("h2", { id: "h-columns" }, "How it was understood"),
          this.about,
          this.wrong,
          this.columns,
        ),
      ),
    );
    this.route = route;
    this.begin().catch((error) => {
      if (error instanceof Refused) this.wrong.textContent = error.message;
      else if (!(error instanceof Gone)) throw error;
    });
  }

  async begin() {
    [this.answer, this.offered] = await Promise.all([get("/api/tables"), get("/api/choices")]);
    if (this.closed) return;
    this.choices = choices(this.offered, () => this.noted());
    this.network.append(this.choices.root);
    this.take(this.route.parameters);
    this.drawTables();
    await this.look();
  }

  drawTables() {
    chooser(this.tables, this.answer, this.table, {
      choose: (id) => this.choose(id),
      added: async (id) => {
        this.answer = await get("/api/tables");
        this.drawTables();
        this.choose(id);
      },
    });
  }

  get isToy() {
    return this.answer.tables.some((entry) => entry.id === this.table && entry.group === "toy");
  }

  get defaults() {
    return { ...this.offered.defaults, pace: null, ...(this.isToy ? FOR_TOYS : {}) };
  }

  /** Take everything from where we are. */
  take(parameters) {
    const first = this.answer.tables.find((entry) => entry.group === "toy") ?? this.answer.tables[0];
    this.table = parameters.table ?? this.answer.given ?? first?.id;
    this.target = parameters.target ?? null;
    this.asked = askedOf(parameters);
    const { defaults } = this;
    const hidden = parameters.hidden?.split(",").filter((words) => words && words !== "0");
    this.shape.set(hidden ?? defaults.hidden);
    this.choices.set({
      ...defaults,
      ...Object.fromEntries(OPTIONS.filter((name) => name in parameters).map((name) => [name, parameters[name]])),
    });
  }

  /** Everything that differs from the defaults, for the hash. */
  parameters() {
    const { defaults } = this;
    const hidden = this.shape.wrong() ? null : this.shape.get();
    const options = this.choices.wrong() ? {} : this.choices.get();
    return {
      table: this.table,
      target: this.target,
      as: kindsOf(this.asked).map(([name, kind]) => `${name}=${kind}`),
      drop: dropsOf(this.asked),
      hidden: hidden && hidden.join() !== defaults.hidden.join() ? hidden.join() || "0" : null,
      ...Object.fromEntries(
        OPTIONS.filter((name) => name in options && options[name] !== defaults[name]).map((name) => [
          name,
          options[name] ?? "full",
        ]),
      ),
    };
  }

  noted() {
    if (!this.choices || this.closed) return;
    note("grow", "", this.parameters());
    this.planned();
  }

  choose(id) {
    if (id === this.table) return;
    this.take({ table: id });
    step("grow", "", this.parameters());
    marked(this.tables, id);
    this.look();
  }

  update(route) {
    this.route = route;
    if (!this.choices) return;
    this.take(route.parameters);
    marked(this.tables, this.table);
    this.look();
  }

  /** Ask how the table is understood now, and show it. */
  async look() {
    this.closing.abort();
    this.closing = new AbortController();
    const { signal } = this.closing;
    if (!this.table) return;
    this.columns.setAttribute("aria-busy", "true");
    const table = await tried(this.wrong, () =>
      get(
        "/api/table",
        {
          id: this.table,
          target: this.target,
          as: kindsOf(this.asked).map(([name, kind]) => `${name}=${kind}`),
          drop: dropsOf(this.asked),
        },
        signal,
      ),
    );
    if (signal.aborted || this.closed) return;
    this.columns.removeAttribute("aria-busy");
    this.understood = table ?? null;
    this.button.disabled = !table;
    if (!table) {
      this.about.replaceChildren();
      this.columns.replaceChildren();
      this.plan.textContent = "";
      return;
    }
    this.target = table.target;
    this.described(table);
    columns(this.columns, table, this.asked, (name, kind) => this.correct(name, kind));
    this.noted();
  }

  described(table) {
    const target = field(
      "What is to be predicted",
      select(
        table.columns.map(({ name }) => ({ name, label: short(name, 40) })),
        table.target,
        (name) => this.aim(name),
      ),
      table.task === "classification" ? `one of ${plural(table.classes?.length ?? 2, "class", "classes")}` : "a number",
    );
    const focused = this.about.contains(document.activeElement);
    fill(
      this.about,
      target.root,
      h(
        "p",
        { class: "facts" },
        h("strong", {}, short(called(table.name), 40)),
        ` has ${plural(table.rows, "row")} and ${plural(table.columns.length, "column")}`,
        table.dialect ? ` (${table.dialect}).` : ".",
      ),
      table.notes.length > 0 &&
        h(
          "ul",
          { class: "notes" },
          table.notes.map((words) => h("li", {}, words)),
        ),
    );
    if (focused) target.control.focus();
    const inputs = table.columns.reduce((sum, column) => sum + (column.name === table.target ? 0 : column.inputs), 0);
    const outputs = table.task === "classification" && table.classes?.length > 2 ? table.classes.length : 1;
    this.shape.ends(inputs, outputs);
    this.inputs = inputs;
    say(`${called(table.name)}, ${plural(table.rows, "row")}: ${table.target} from ${plural(inputs, "input")}.`);
  }

  planned() {
    const table = this.understood;
    if (!table) return;
    fill(
      this.plan,
      h("span", {}, "Learn "),
      h("strong", {}, short(table.target, 32)),
      h("span", {}, " of "),
      h("strong", {}, short(called(table.name), 32)),
      h("span", {}, ` from ${plural(this.inputs, "input")} and ${whole(table.rows)} rows`),
    );
  }

  aim(name) {
    this.target = name;
    delete this.asked[name];
    step("grow", "", this.parameters());
    this.look();
  }

  correct(name, kind) {
    if (kind) this.asked[name] = kind;
    else delete this.asked[name];
    step("grow", "", this.parameters());
    this.look();
  }

  async train() {
    const wrong = this.shape.wrong() ?? this.choices.wrong();
    if (wrong) {
      this.started.textContent = "A number is mistyped: what is wrong stands beside it.";
      wrong.focus();
      return;
    }
    this.button.disabled = true;
    const answer = await tried(this.started, () =>
      post("/api/trainings", {
        table: this.table,
        target: this.target,
        kinds: Object.fromEntries(kindsOf(this.asked)),
        drop: dropsOf(this.asked),
        hidden: this.shape.get(),
        ...this.choices.get(),
      }),
    );
    this.button.disabled = false;
    if (!answer) return;
    dispatchEvent(new Event("trainings"));
    say("The training has begun.");
    go("watch", answer.id);
  }

  close() {
    this.closed = true;
    this.closing.abort();
  }
}

export const open = (main, route) => new Grow(main, route);
