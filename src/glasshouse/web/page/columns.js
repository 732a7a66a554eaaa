/** How each column was understood, and a hand on it: another kind, or left out. */

import { fill, h, s, select } from "./dom.js";
import { percent, plural, short, whole } from "./format.js";

const AT_ONCE = 40;

/** Small bars: how the values of a column are spread, or which are frequent. */
function bars(column) {
  const { bars: shares, kind } = column;
  if (!shares?.length) return h("span", { class: "muted" }, "–");
  const most = Math.max(...shares.map((bar) => bar.share));
  const width = 96 / shares.length;
  const words = shares
    .toSorted((one, other) => other.share - one.share)
    .slice(0, 3)
    .map((bar) => `${short(bar.label, 24)} ${percent(bar.share, 0)}`);
  return s(
    "svg",
    { viewBox: "0 0 96 24", class: "bars", role: "img", "aria-label": `most: ${words.join(", ")}` },
    s("title", {}, words.join(", ")),
    shares.map((bar, index) => {
      const height = Math.max(1, (22 * bar.share) / (most || 1));
      const gap = kind === "number" || kind === "date" ? 0.5 : Math.min(3, width / 4);
      return s("rect", { x: index * width, y: 24 - height, width: Math.max(0.5, width - gap), height });
    }),
  );
}

/** Why it was read so, without what one would type in a terminal: here the cure is the select beside it. */
const reason = (column) => (column.reason ?? "").replace(/,? or --(as|drop) .*$/, "");

const becomes = (column, isTarget) =>
  isTarget ? "the target" : column.dropped ? "left out" : plural(column.inputs, "input");

function row(column, kinds, asked, isTarget, change) {
  const read = column.dropped && asked !== "drop" ? `left out: ${column.kind}` : column.kind;
  const options = [
    { name: "", label: asked ? "as it was read" : read },
    ...kinds.filter((kind) => asked === kind || kind !== column.kind || column.dropped).map((name) => ({ name })),
    { name: "drop", label: "leave out" },
  ];
  const control = select(options, asked ?? "", (value) => change(column.name, value || null));
  control.setAttribute("aria-label", `Read ${column.name} as`);
  const missing = column.missing ? `${whole(column.missing)} missing` : "";
  const unreadable = column.unreadable ? `${whole(column.unreadable)} unreadable` : "";
  return h(
    "tr",
    { class: isTarget ? "target" : column.dropped ? "dropped" : null },
    h(
      "th",
      { scope: "row" },
      h("span", { title: column.name }, short(column.name, 40)),
      h("span", { class: "muted" }, reason(column)),
    ),
    h("td", { class: "as" }, isTarget ? h("span", { class: "muted" }, column.kind) : control),
    h(
      "td",
      { class: "spread" },
      bars(column),
      h("span", { class: "muted" }, `such as ${short(String(column.example ?? "–"), 18)}`),
    ),
    h(
      "td",
      { class: "missing" },
      [missing, unreadable].filter(Boolean).join(", ") || h("span", { class: "muted" }, "complete"),
    ),
    h("td", { class: "becomes" }, becomes(column, isTarget)),
  );
}

/** The table of columns; `asked` holds what a person asked for: a kind or "drop" by column. */
export function columns(place, table, asked, change) {
  // Only what is kept is built anew: a select that was just used keeps the focus by its place in the table.
  const focused = [...place.querySelectorAll("select")].indexOf(document.activeElement);
  const all = place.dataset.all === table.id || table.columns.length <= AT_ONCE + 5;
  const shown = all ? table.columns : table.columns.slice(0, AT_ONCE);
  if (!all && !shown.some((column) => column.name === table.target)) {
    shown.push(table.columns.find((column) => column.name === table.target));
  }
  fill(
    place,
    h(
      "table",
      { class: "columns" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Column", "Read as", "Values", "Missing", "Becomes"].map((title) => h("th", { scope: "col" }, title)),
        ),
      ),
      h(
        "tbody",
        {},
        shown
          .filter(Boolean)
          .map((column) => row(column, table.kinds, asked[column.name], column.name === table.target, change)),
      ),
    ),
    !all &&
      h(
        "button",
        {
          type: "button",
          class: "plain",
          onclick: () => {
            place.dataset.all = table.id;
            columns(place, table, asked, change);
          },
        },
        `Show all ${table.columns.length} columns`,
      ),
  );
  if (focused >= 0) place.querySelectorAll("select")[focused]?.focus();
}
