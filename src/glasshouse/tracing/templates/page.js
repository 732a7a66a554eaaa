"use strict";

{
  const paths = read("data");
  const said = document.querySelector(".said");
  const listed = new Map(); // where each name stands in the list
  const homes = new Map(); // where each number is worked out, or given
  const rows = new Map();
  const put = (map, key, element) => map.set(key, [...(map.get(key) ?? []), element]);

  for (const element of document.querySelectorAll("main [data-name], .givens [data-name]")) {
    put(listed, element.dataset.name, element);
    if (element.classList.contains("home")) put(homes, element.dataset.name, element);
  }
  for (const row of document.querySelectorAll("[data-row]")) rows.set(row.dataset.row, row);

  let kept = null; // what was tapped or clicked stays lit

  function show(name) {
    putOut();
    const found = path(paths, name);
    for (const [other, strength] of found) {
      for (const element of homes.get(other) ?? []) light(element, strength);
      if (rows.has(other)) light(rows.get(other), strength);
    }
    for (const element of listed.get(name) ?? []) light(element, "focus");
    for (const element of rows.get(name)?.querySelectorAll("td [data-name]") ?? []) light(element, "near");
    lightDrawing(paths, found);
    said.textContent = `${name}: ${paths[name].words}`;
  }

  /** Light every line that belongs to an element of the drawing. */
  function showElement(at) {
    putOut();
    for (const element of drawn.get(at) ?? []) light(element, "focus");
    for (const [name, { at: its }] of Object.entries(paths)) {
      if (its !== at) continue;
      for (const element of homes.get(name) ?? []) light(element, "near");
      if (rows.has(name)) light(rows.get(name), "near");
    }
    said.textContent = at;
  }

  function rest() {
    putOut();
    said.textContent = "";
    kept?.();
  }

  /** What is to be done about the place that an event points at. */
  function meant(target) {
    const named = target.closest?.("[data-name]");
    if (!named) return null;
    const name = named.dataset.name;
    if (named.closest(".network")) return () => showElement(name);
    return paths[name] ? () => show(name) : null;
  }

  document.addEventListener("mouseover", (event) => (meant(event.target) ?? rest)());
  document.addEventListener("focusin", (event) => (meant(event.target) ?? rest)());
  document.addEventListener("focusout", rest);
  document.addEventListener("click", (event) => {
    kept = meant(event.target);
    rest();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      kept = null;
      rest();
    }
  });
}
