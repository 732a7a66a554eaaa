/** The page: which visit is open, the links between them, and the list of trainings beside all of them. */

import { fill, h } from "./dom.js";
import * as grow from "./grow.js";
import * as prune from "./prune.js";
import { read, written } from "./routes.js";
import { trainings } from "./trainings.js";
import * as watch from "./watch.js";

const VISITS = {
  grow: { open: grow.open, title: "Grow", says: "choose a table, shape a network" },
  watch: { open: watch.open, title: "Watch", says: "see it learn" },
  prune: { open: prune.open, title: "Prune", says: "make it small, take it away" },
};

const main = document.getElementById("main");
const nav = document.getElementById("visits");
let open = null;
let at = null;

/** The links lead to what was last seen there: from Watch to Prune is the same training. */
const last = { grow: "", watch: "", prune: "" };

function links(visit) {
  fill(
    nav,
    ...Object.entries(VISITS).map(([name, { title, says }]) =>
      h("a", { href: last[name] || written(name), "aria-current": name === visit ? "page" : null, title: says }, title),
    ),
  );
}

function show({ focus }) {
  const route = read();
  if (!(route.visit in VISITS)) {
    history.replaceState(null, "", written("grow"));
    return show({ focus });
  }
  last[route.visit] = location.hash;
  if (route.visit === "watch" && /^t\d+$/.test(route.id)) last.prune = written("prune", route.id);
  const place = `${route.visit}/${route.id}/${route.visit === "watch" ? (route.parameters.id ?? "") : ""}`;
  if (open && place === at) {
    open.update(route);
    return links(route.visit);
  }
  open?.close();
  at = place;
  links(route.visit);
  main.replaceChildren();
  main.className = route.visit;
  open = VISITS[route.visit].open(main, route);
  document.title = `${VISITS[route.visit].title} · Glasshouse`;
  scrollTo(0, 0);
  if (focus) (main.querySelector("h1") ?? main).focus();
}

addEventListener("hashchange", () => show({ focus: true }));
addEventListener("noted", () => {
  const { visit } = read();
  last[visit] = location.hash;
  links(visit);
});
addEventListener("back", () => {
  at = null;
  show({ focus: false });
});
document.querySelector(".skip").addEventListener("click", (event) => {
  // The hash is where we are: a jump to #main would lose it.
  event.preventDefault();
  main.focus();
});

trainings(document.getElementById("trainings"));
show({ focus: false });
