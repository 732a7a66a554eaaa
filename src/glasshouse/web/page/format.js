/** Numbers in words and figures, as people read them. */

const MINUS = "\u2212";
const THIN = "\u202f";

/** A number with at most `digits` figures that count; an en dash for what is not there. */
export function number(value, digits = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  if (value === 0) return "0";
  const size = Math.abs(value);
  let words;
  if (size >= 1e7 || size < 1e-4) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    words = `${trimmed(mantissa)}e${Number(exponent)}`;
  } else if (size >= 10 ** digits) words = whole(Math.round(size));
  else words = trimmed(size.toPrecision(digits));
  return (value < 0 ? MINUS : "") + words;
}

const trimmed = (words) => (words.includes(".") ? words.replace(/0+$/, "").replace(/\.$/, "") : words);

/** A whole number, thousands apart. */
export const whole = (value) =>
  value === null || value === undefined ? "–" : String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, THIN);

/** A number in a column of numbers: always the same count of figures behind the point. */
export function aligned(value, places = 4) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e5 || size < 10 ** -places)) return number(value, 3);
  return (value < 0 ? MINUS : "") + size.toFixed(places);
}

export const percent = (share, places = 1) =>
  share === null || share === undefined
    ? "–"
    : `${share < 0 ? MINUS : ""}${Math.abs(share * 100).toFixed(places)}${THIN}%`;

/** Bytes as a person says them: 812 B, 61 kB, 4.2 MB. */
export function bytes(count) {
  if (count === null || count === undefined) return "–";
  if (count < 1000) return `${count}${THIN}B`;
  if (count < 1e6) return `${trimmed((count / 1e3).toPrecision(3))}${THIN}kB`;
  return `${trimmed((count / 1e6).toPrecision(3))}${THIN}MB`;
}

/** Seconds as a person says them: 0.8 s, 42 s, 3 min 5 s, 2 h 10 min. */
export function seconds(count) {
  if (count === null || count === undefined) return "–";
  if (count < 10) return `${count.toFixed(1)} s`;
  if (count < 90) return `${Math.round(count)} s`;
  if (count < 5400) return `${Math.floor(count / 60)} min ${Math.round(count % 60)} s`;
  return `${Math.floor(count / 3600)} h ${Math.round((count % 3600) / 60)} min`;
}

export const plural = (count, one, many = `${one}s`) => `${whole(count)} ${count === 1 ? one : many}`;

/** Names of scores as words: log_loss becomes log loss. */
export const spoken = (name) => (name ?? "").replaceAll("_", " ");

/** Scores that are shares are easier to read in percent. */
const SHARES = new Set(["accuracy", "balanced_accuracy", "f1", "precision", "recall"]);
export const score = (name, value) => (SHARES.has(name) ? percent(value) : number(value));

/** Whether a larger score of this name is better. */
const LESS = new Set(["log_loss", "rmse", "mae", "loss", "mse", "brier", "calibration_error"]);
export const rises = (name) => !LESS.has((name ?? "").replace("validation_", ""));

/** A long name, cut in the middle, as both ends tell things apart. */
export const short = (name, most = 28) =>
  name.length <= most ? name : `${name.slice(0, Math.ceil(most * 0.6) - 1)}…${name.slice(-Math.floor(most * 0.4))}`;

/** The name of a table as people call it: example:iris is iris. */
export const called = (id) => (id ?? "").replace(/^(example|upload):/, "");
