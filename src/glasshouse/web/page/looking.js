/** A network that is looked at: its graph, what its layers hand on, and the arithmetic of what is pressed. */

import { Arithmetic, namer, placeOf } from "./arithmetic.js";
import { h, write } from "./dom.js";
import { Graph } from "./graph.js";
import { step } from "./routes.js";
import { Strips } from "./strips.js";

/** What is said where the rows are not: `who` was trained on a table that is not in the folder. */
export const rowless = (who) =>
  `The table ${who} was trained on is not in the folder, so there is no row to work out: ` +
  "put it there, and open this again.";

/** Graph, strips, arithmetic; what is pressed stands in the hash. */
export class Looking {
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
    this.without = "";
    this.handed = h(
      "p",
      { class: "muted" },
      "A column is a unit, a line is one of 24 rows. Press one to see its arithmetic.",
    );
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
      this.handed,
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

  /** There are no rows, and `words` says why: what is pressed is named and marked, and nothing is worked out. */
  barren(words) {
    this.without = words;
    write(this.handed, words);
    this.graph.invite = "Press a unit to read what it is; there is no row to work out its arithmetic for.";
    this.graph.rest();
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
    if (this.without) {
      write(this.graph.words, `${this.graph.said(at.layer, at.unit)}. ${this.without}`);
      this.graph.select([at.layer, at.unit, at.weight]);
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
    if (at && this.without) this.go(at, false);
    else if (at) this.open(at, false);
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
