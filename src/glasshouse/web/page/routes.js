/** Where we are stands in the hash: #/VISIT/ID?name=value. The back button and a reload need nothing else. */

export function read(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [visit = "", id = ""] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  const parameters = {};
  for (const [name, value] of new URLSearchParams(query)) {
    // A list (drop, as) is the same name several times.
    parameters[name] = name in parameters ? [parameters[name], value].flat() : value;
  }
  return { visit, id, parameters };
}

export function written(visit, id = "", parameters = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  // Commas and colons are allowed in a fragment, and read better as themselves.
  const words = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return `#/${visit}${id && `/${encodeURIComponent(id)}`}${words && `?${words}`}`;
}

export const listed = (value) => (value === undefined ? [] : [value].flat());

/** Go somewhere: a new entry in the history, and the views hear of it. */
export function go(visit, id, parameters) {
  location.hash = written(visit, id, parameters);
}

/** Write down where we are without a new entry and without a view hearing of it. */
export function note(visit, id, parameters) {
  const hash = written(visit, id, parameters);
  if (hash === location.hash) return;
  history.replaceState(null, "", hash);
  dispatchEvent(new Event("noted"));
}

/** A new entry in the history for a view that already shows it. */
export function step(visit, id, parameters) {
  const hash = written(visit, id, parameters);
  if (hash === location.hash) return;
  history.pushState(null, "", hash);
  dispatchEvent(new Event("noted"));
}
