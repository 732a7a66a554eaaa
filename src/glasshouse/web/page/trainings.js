/** The list of trainings, running, finished and resumable: in the corner of every visit, and on an empty one. */

import { Gone, Refused, get, post, training } from "./api.js";
import { fill, h, say, write } from "./dom.js";
import { called, plural } from "./format.js";
import { go, written } from "./routes.js";

const RUNNING = new Set(["reading", "training", "paused", "judging"]);
const WORDS = {
  reading: "reading the table",
  training: "training",
  paused: "paused",
  judging: "being judged",
  done: "finished",
  stopped: "stopped",
  failed: "failed",
  waiting: "interrupted",
};

export const stateWords = (state) => WORDS[state] ?? state;
export const isRunning = (state) => RUNNING.has(state);

/** Go on from the last checkpoint, and watch. */
export async function resume(id) {
  await post(training(id, "control"), { do: "resume" });
  say("The training goes on from its last checkpoint.");
  go("watch", id);
}

function row(entry, wrong) {
  const name = `${called(entry.table)} → ${entry.target}`;
  const done = entry.max_epochs ? `epoch ${entry.epoch} of ${entry.max_epochs}` : "";
  return h(
    "li",
    { class: entry.state },
    h(
      "a",
      { href: written("watch", entry.id) },
      h("span", { class: "what" }, name),
      ` `,
      h("span", { class: "muted" }, entry.id),
    ),
    h("span", { class: "muted" }, [stateWords(entry.state), done].filter(Boolean).join(", ")),
    entry.resumable &&
      h(
        "button",
        {
          type: "button",
          "aria-label": `Resume ${entry.id}: ${name}`,
          onclick: () =>
            resume(entry.id).catch((error) => {
              if (!(error instanceof Gone)) write(wrong, error.message);
            }),
        },
        "Resume",
      ),
  );
}

/** The trainings as a list of links, in the order of the server: the newest first. */
export function list(entries) {
  const wrong = h("p", { class: "wrongly", role: "alert" });
  if (!entries.length) return [h("p", { class: "muted" }, "Nothing was trained yet.")];
  return [
    h(
      "ul",
      { class: "trainings" },
      entries.map((entry) => row(entry, wrong)),
    ),
    wrong,
  ];
}

/** The disclosure in the corner; it asks every few seconds while the page is looked at. */
export function trainings(place) {
  const count = h("span", {});
  const inside = h("div", { class: "inside" });
  const details = h("details", {}, h("summary", {}, count), inside);
  let shown = "";
  place.append(details);

  async function look() {
    try {
      const { trainings: entries } = await get("/api/trainings");
      const running = entries.filter((entry) => isRunning(entry.state)).length;
      const waiting = entries.filter((entry) => entry.resumable).length;
      write(
        count,
        running ? `${running} running` : waiting ? `${waiting} to resume` : plural(entries.length, "training"),
      );
      details.classList.toggle("running", running > 0);
      const now = JSON.stringify(entries);
      // Nothing is built anew under a hand or a reader that is inside.
      if (now !== shown && !inside.contains(document.activeElement)) {
        fill(inside, ...list(entries));
        shown = now;
      }
    } catch (error) {
      if (!(error instanceof Gone || error instanceof Refused)) throw error;
    }
  }

  const shut = () => (details.open = false);
  details.addEventListener("toggle", () => details.open && look());
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      shut();
      details.querySelector("summary").focus();
    }
  });
  addEventListener("hashchange", shut);
  addEventListener("trainings", look);
  document.addEventListener("pointerdown", (event) => !details.contains(event.target) && shut());
  setInterval(() => document.visibilityState === "visible" && look(), 4000);
  look();
}
