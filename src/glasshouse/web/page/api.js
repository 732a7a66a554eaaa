/** What the server is asked, and what is shown when it does not answer. */

import { fill, h } from "./dom.js";

/** What the server said no to, in its own words. */
export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

/** The server does not answer at all; the banner says so, and no view needs to. */
export class Gone extends Error {}

const GONE = "The server was stopped. The training’s last checkpoint is kept; start `glasshouse serve` again.";
const SHUT =
  "This page is not known to the server any more. Open the link that `glasshouse serve` printed in the terminal again.";

let away = false;

function banner(words) {
  const place = document.getElementById("banner");
  if ((place.firstChild?.textContent ?? "") === (words ?? "")) return;
  fill(place, ...(words ? [h("p", {}, words)] : []));
}

function missing() {
  banner(GONE);
  if (!away) {
    away = true;
    setTimeout(knock, 1500);
  }
}

/** Ask again and again until somebody answers; then let the views begin anew. */
async function knock() {
  try {
    const answer = await fetch("/api");
    away = false;
    if (answer.status === 401) banner(SHUT);
    else {
      banner(null);
      dispatchEvent(new Event("back"));
    }
  } catch {
    setTimeout(knock, 2000);
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    missing();
    throw new Gone("the server does not answer");
  }
  let said;
  try {
    said = await answer.json();
  } catch {
    throw new Refused(answer.status, `the server answered ${answer.status} without words`);
  }
  if (answer.status === 401) banner(SHUT);
  if (!answer.ok) throw new Refused(answer.status, said.error ?? `the server answered ${answer.status}`);
  return said;
}

/** A file to keep: its bytes and the name that the server gives it. */
export async function file(path) {
  let answer;
  try {
    answer = await fetch(path);
  } catch {
    missing();
    throw new Gone("the server does not answer");
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => ({}));
    if (answer.status === 401) banner(SHUT);
    throw new Refused(answer.status, said.error ?? `the server answered ${answer.status}`);
  }
  const name = /filename="([^"]*)"/.exec(answer.headers.get("content-disposition") ?? "");
  return { bytes: await answer.blob(), name: name?.[1] ?? "model" };
}

/** A path with its parameters; a list is the same name several times. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  const words = query.toString();
  return words ? `${path}?${words}` : path;
}

export const get = (path, parameters, signal) => ask(address(path, parameters), { signal });

export const post = (path, body) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) });

export const upload = (file) =>
  ask(address("/api/tables", { name: file.name }), {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: file,
  });

const one = (id) => encodeURIComponent(id);
export const training = (id, part = "") => `/api/trainings/${one(id)}${part && `/${part}`}`;
export const pruning = (id, part = "") => `/api/prunings/${one(id)}${part && `/${part}`}`;

const EVENTS = "history understood status epoch picture findings surface result failed".split(" ");

/** Listen to a training: handlers by the name of the event. Returns what ends it. */
export function listen(id, handlers) {
  let source;
  let again;
  let over = false;
  function open() {
    source = new EventSource(training(id, "events"));
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => handlers[name]?.(JSON.parse(event.data)));
    }
    source.onopen = () => banner(null);
    source.onerror = () => {
      // A stream that merely broke off is opened again by the browser; one that was refused is not.
      if (over || source.readyState !== EventSource.CLOSED) return;
      again = setTimeout(
        () =>
          get("/api").then(
            () => !over && open(),
            () => {},
          ),
        1500,
      );
    };
  }
  open();
  return () => {
    over = true;
    clearTimeout(again);
    source.close();
  };
}

/** Run what a person asked for and say beside it what went wrong; what is gone the banner says already. */
export async function tried(place, work) {
  place.textContent = "";
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) place.textContent = error.message;
    else if (!(error instanceof Gone) && error.name !== "AbortError") throw error;
    return undefined;
  }
}
