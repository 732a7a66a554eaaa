/** Canvases: their size in real pixels, and the colours of the house as numbers. */

import { sized } from "./dom.js";

const NAMES =
  "paper ink muted rule accent near far right doubt wrong series-1 series-2 series-3 series-4 series-5 series-6".split(
    " ",
  );
let kept = null;

/** The colours of the palette as they are now, light or dark: {"paper": "#fff", …}. */
export function colours() {
  if (!kept) {
    const style = getComputedStyle(document.documentElement);
    kept = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || "#888"]));
  }
  return kept;
}

const watchers = new Set();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  kept = null;
  for (const call of watchers) call();
});

/** Hear when light becomes dark; returns what ends it. */
export function recoloured(call) {
  watchers.add(call);
  return () => watchers.delete(call);
}

/** Red, green and blue of a colour of the palette. */
export function rgb(name) {
  const context = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  context.fillStyle = colours()[name];
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** 256 colours from one to another over a third, as bytes. */
export function ramp(from, over, to) {
  const ends = [rgb(from), rgb(over), rgb(to)];
  const bytes = new Uint8ClampedArray(256 * 4);
  for (let k = 0; k < 256; k++) {
    const place = k / 127.5;
    const [one, other] = place <= 1 ? [ends[0], ends[1]] : [ends[1], ends[2]];
    const share = place <= 1 ? place : place - 1;
    for (let c = 0; c < 3; c++) bytes[4 * k + c] = one[c] + (other[c] - one[c]) * share;
    bytes[4 * k + 3] = 255;
  }
  return bytes;
}

/** The bytes in base64. */
export function unpacked(words) {
  const text = atob(words);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

/** Real pixels for one of CSS; more than two cost time and show nothing. */
export const ratio = () => Math.min(devicePixelRatio || 1, 2);

/** Keep a canvas as large as the element round it; `call` hears the size and draws. Returns what ends it. */
export function fitted(canvas, around, call) {
  return sized(around, (width, height) => {
    const scale = ratio();
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    call(width, height);
  });
}
