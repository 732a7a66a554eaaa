/** Which table: the toy sets as pictures, the files in the folder, the examples, and one's own by button or drop. */

import { tried, upload } from "./api.js";
import { fill, fresh, h, say } from "./dom.js";
import { bytes, called } from "./format.js";
import { isToy, picture } from "./toys.js";

const MOST = 64e6;

function card(entry, chosen, choose, ...inside) {
  return h(
    "button",
    {
      type: "button",
      class: "card",
      "aria-pressed": String(entry.id === chosen),
      onclick: () => choose(entry.id),
      "data-id": entry.id,
    },
    ...inside,
  );
}

function group(title, entries, ...after) {
  const id = fresh("group");
  return h(
    "section",
    { class: "group", "aria-labelledby": id },
    h("h3", { id }, title),
    h("div", { class: "cards" }, entries),
    ...after,
  );
}

/** The button and the place to drop a file on, and what went wrong with it. */
function ownFile(done) {
  const wrong = h("p", { class: "wrongly", role: "alert" });
  const hidden = h("input", {
    type: "file",
    hidden: true,
    "aria-label": "A file of yours",
    accept: ".csv,.tsv,.txt,.gz,.parquet",
  });
  const button = h(
    "button",
    { type: "button", class: "plain", onclick: () => hidden.click() },
    "Open a file of yours…",
  );
  async function take(file) {
    if (!file) return;
    if (file.size > MOST) {
      wrong.textContent =
        `${file.name} has ${bytes(file.size)}, and at most ${bytes(MOST)} can be uploaded: ` +
        "put it into the folder that glasshouse serve was started in";
      return;
    }
    button.disabled = true;
    say(`Reading ${file.name}.`);
    const answer = await tried(wrong, () => upload(file));
    button.disabled = false;
    if (answer) await done(answer.id);
  }
  hidden.addEventListener("change", () => {
    take(hidden.files[0]);
    hidden.value = "";
  });
  const place = h(
    "div",
    {
      class: "drop",
      ondragover: (event) => {
        event.preventDefault();
        place.classList.add("over");
      },
      ondragleave: () => place.classList.remove("over"),
      ondrop: (event) => {
        event.preventDefault();
        place.classList.remove("over");
        take(event.dataTransfer.files[0]);
      },
    },
    button,
    hidden,
    h("span", { class: "muted" }, "or drop it here: CSV, TSV, Parquet. It stays on this computer."),
  );
  return [place, wrong];
}

/** Draw the choice into a place; `choose` hears an id, `added` that a file came. */
export function chooser(place, answer, chosen, { choose, added }) {
  const of = (name) => answer.tables.filter((entry) => entry.group === name);
  const toys = of("toy").map((entry) =>
    card(entry, chosen, choose, isToy(entry.name) && picture(entry.name), h("span", {}, entry.name)),
  );
  const line = (entry) =>
    card(
      entry,
      chosen,
      choose,
      h("span", {}, called(entry.name)),
      entry.bytes !== null && h("span", { class: "muted" }, bytes(entry.bytes)),
    );
  const files = [...of("upload"), ...of("file")].map(line);
  fill(
    place,
    h(
      "div",
      { class: "yours" },
      group(
        "Your tables",
        files,
        !files.length && h("p", { class: "muted" }, `There is no table in the folder ${answer.folder}.`),
        ...ownFile(added),
      ),
      group("Examples", of("example").map(line)),
    ),
    h("div", { class: "toys" }, group("Two columns, to see how learning works", toys)),
  );
}

/** Mark what is chosen without building anything anew: the focus stays where it is. */
export function marked(place, chosen) {
  for (const element of place.querySelectorAll(".card")) {
    element.setAttribute("aria-pressed", String(element.dataset.id === chosen));
  }
}
