/** A model file that is watched: there is no training to steer, and perhaps no table to take rows from. */

import { get, tried } from "./api.js";
import { h } from "./dom.js";
import { plural, short, whole } from "./format.js";
import { Looking, rowless } from "./looking.js";
import { downloads } from "./result.js";
import { written } from "./routes.js";

/** A model file: the same graph and arithmetic, and no training to steer. */
export class File {
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
    if (model.rows === null) this.looking.barren(rowless(short(id, 50)));
    this.looking.picture(model.picture);
    const weights = model.picture.edges.length;
    const sizes = model.picture.layers.map((layer) => whole(layer.units)).join(" – ");
    this.about.textContent = `${sizes} units; the strongest ${plural(weights, "weight")} drawn.`;
  }

  update(route) {
    this.looking.follow(route);
  }

  close() {
    this.looking.close();
  }
}
