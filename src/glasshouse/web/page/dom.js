/** Elements are built here and nowhere from markup: a name from a table is only ever the text of a node. */

const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "indeterminate", "open"]);
const SVG = "http://www.w3.org/2000/svg";

function dressed(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.setAttribute("class", value);
    else if (!PROPERTIES.has(name)) element.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  // After the children: the value of a select is one of its options.
  for (const name of PROPERTIES) {
    if (attributes && name in attributes && attributes[name] !== undefined) element[name] = attributes[name];
  }
  return element;
}

/** An element of HTML: h("p", {class: "muted"}, "text", other). */
export const h = (tag, attributes, ...children) => dressed(document.createElement(tag), attributes, children);

/** An element of SVG. */
export const s = (tag, attributes, ...children) => dressed(document.createElementNS(SVG, tag), attributes, children);

/** Put children, and nothing else, into an element; what is false or null is no child. */
export function fill(element, ...children) {
  element.replaceChildren();
  return dressed(element, null, children);
}

let ids = 0;
/** A name for an id that no other element bears. */
export const fresh = (stem) => `${stem}-${++ids}`;

/** Say one sentence to whoever listens instead of looks. */
export function say(words) {
  document.getElementById("said").textContent = words;
}

/** Write words only where they differ: what is unchanged keeps its selection and is not read aloud anew. */
export function write(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** A label over its control, with a place for one sentence about what is wrong or what is meant. */
export function field(label, control, hint = "") {
  control.id ||= fresh("field");
  const note = h("p", { class: "note", id: `${control.id}-note` }, hint);
  control.setAttribute("aria-describedby", note.id);
  const root = h("div", { class: "field" }, h("label", { for: control.id }, label), control, note);
  const wrong = (words) => {
    control.toggleAttribute("aria-invalid", Boolean(words));
    if (words) control.setAttribute("aria-invalid", "true");
    root.classList.toggle("wrong", Boolean(words));
    write(note, words || hint);
  };
  const hinted = (words) => {
    hint = words;
    if (!root.classList.contains("wrong")) write(note, words);
  };
  return { root, control, wrong, hinted };
}

/** A select of options: [{name, label, title}]. */
export function select(options, value, change) {
  const made = options.map(({ name, label, says }) => h("option", { value: name, title: says }, label ?? name));
  return h("select", { value, onchange: (event) => change?.(event.target.value) }, made);
}

/** Whether somebody asked for less motion. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Call back with the size of an element now and whenever it changes; returns what ends it. */
export function sized(element, call) {
  const observer = new ResizeObserver((entries) => {
    const { width, height } = entries[entries.length - 1].contentRect;
    if (width > 0) call(width, height);
  });
  observer.observe(element);
  return () => observer.disconnect();
}
