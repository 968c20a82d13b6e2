// The frame of a drawing: axes, grid, labels, and text that fits.

import { s } from "./dom.js";

const measure = document.createElement("canvas").getContext("2d");
const FONT = "12px system-ui, sans-serif";
const STRONG = "650 12px system-ui, sans-serif";

/** The room that names need at the left of a drawing, also where they are bold; at most a share of its width. */
export function nameRoom(names, width, share = 0.42) {
  return Math.min(Math.max(...names.map((name) => textWidth(name, STRONG))) + 8, width * share);
}

/** A name at the left of a line, shortened to fit its room; `how` it stands decides its look. */
export function nameText(name, room, y, how) {
  return s("text", { class: `name ${how}`, x: room, y, dy: "0.35em", "text-anchor": "end" }, fit(name, room - 2, how === "best" ? STRONG : FONT));
}

/** The width of a text in a drawing, in pixels. */
export function textWidth(text, font = FONT) {
  measure.font = font;
  return measure.measureText(text).width;
}

/** A text, shortened in its middle to fit a width. Names differ at both ends. */
export function fit(text, width, font = FONT) {
  if (textWidth(text, font) <= width) return text;
  const letters = [...text];
  for (let keep = letters.length - 1; keep > 1; keep -= 1) {
    const short = `${letters.slice(0, Math.ceil(keep / 2)).join("")}…${letters.slice(letters.length - Math.floor(keep / 2)).join("")}`;
    if (textWidth(short, font) <= width) return short;
  }
  return "…";
}

/** An empty drawing of this size. */
export function drawing(width, height, alternative) {
  return s("svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "img", tabindex: "0", "aria-label": alternative, class: "drawing",
  });
}

/** Ticks that have room beside each other: every second, third … where they would touch. */
function roomy(ticks, place, size) {
  for (let skip = 1; skip < ticks.length; skip += 1) {
    const kept = ticks.filter((_, index) => index % skip === 0);
    const free = kept.every((tick, index) => index === 0
      || Math.abs(place(tick.value) - place(kept[index - 1].value)) >= (size(tick) + size(kept[index - 1])) / 2 + 8);
    if (free) return kept;
  }
  return ticks.slice(0, 1);
}

/** The axis below: ticks with lines up to `top`. */
export function axisBelow(place, { left, right, top, bottom, label }) {
  const ticks = roomy(place.ticks(Math.max(3, (right - left) / 80)), place, (tick) => textWidth(tick.text));
  return s("g", { class: "axis" },
    ticks.map(({ value, text }) => [
      s("line", { class: "grid", x1: place(value), x2: place(value), y1: top, y2: bottom }),
      s("text", { x: place(value), y: bottom + 17, "text-anchor": "middle" }, text),
    ]),
    s("line", { class: "base", x1: left, x2: right, y1: bottom, y2: bottom }),
    label && belowLabel(label, left, right, bottom));
}

/** The label under an axis, moved to the left where it would stand out at the right. */
function belowLabel(label, left, right, bottom) {
  const text = fit(label, right);
  const middle = Math.min((left + right) / 2, right + 10 - textWidth(text) / 2);
  return s("text", { class: "label", x: middle, y: bottom + 36, "text-anchor": "middle" }, text);
}

/** The axis at the left, its label above it. */
export function axisLeft(place, { left, right, top, bottom, label }) {
  const ticks = place.ticks(Math.max(2, (bottom - top) / 46));
  return s("g", { class: "axis" },
    ticks.map(({ value, text }) => [
      s("line", { class: "grid", x1: left, x2: right, y1: place(value), y2: place(value) }),
      s("text", { x: left - 8, y: place(value), dy: "0.35em", "text-anchor": "end" }, text),
    ]),
    label && s("text", { class: "label", x: 2, y: top - 12, "text-anchor": "start" }, fit(label, right)));
}

/** The room that an axis at the left needs for its ticks. */
export function roomLeft(place, height) {
  return Math.ceil(Math.max(...place.ticks(Math.max(2, height / 46)).map(({ text }) => textWidth(text)), 12)) + 14;
}
