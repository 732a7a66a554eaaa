"use strict";

const read = (id) => JSON.parse(document.getElementById(id).textContent);

/** Everything in the drawing by the name it bears. */
const drawn = new Map();
for (const element of document.querySelectorAll(".network [data-name]")) {
  const name = element.dataset.name;
  drawn.set(name, [...(drawn.get(name) ?? []), element]);
}

/** What is lit now, so that it can be put out without a look at the whole page. */
let lit = new Set();

const STRENGTHS = ["far", "near", "focus"];

/** Light an element; of two strengths the stronger stays. */
function light(element, strength) {
  const now = STRENGTHS.findIndex((name) => element.classList.contains(name));
  if (STRENGTHS.indexOf(strength) > now) {
    element.classList.remove(...STRENGTHS);
    element.classList.add(strength);
  }
  lit.add(element);
}

function putOut() {
  for (const element of lit) element.classList.remove(...STRENGTHS);
  lit = new Set();
}

/** A name, what it reads, and whatever that was made of, each with how strongly it is to be lit. */
function path(paths, name) {
  const found = new Map([[name, "focus"]]);
  const waiting = [];
  for (const read of paths[name].reads) {
    found.set(read, "near");
    waiting.push(read);
  }
  while (waiting.length) {
    for (const read of paths[waiting.pop()]?.reads ?? []) {
      if (!found.has(read)) {
        found.set(read, "far");
        waiting.push(read);
      }
    }
  }
  return found;
}

/** Light where the numbers of a path belong in the drawing. */
function lightDrawing(paths, found) {
  for (const [name, strength] of found) {
    for (const element of drawn.get(paths[name]?.at) ?? []) light(element, strength);
  }
}
