// The frame of a drawing: axes, grid, labels, and text that fits.

import { s } from "./dom.js";

const measure = document.createElement("canvas").getContext("2d");
const FONT = "12px system-ui, sans-serif";
const STRONG = "650 12px system-ui, sans-serif";

function longest(names) {
  return Math.max(...names.map((name) => textWidth(name, STRONG)));
}

const ABOVE = 15;

/**
 * Lines of a drawing with their names: beside the lines where there is room for all of them, else above each line, whole. A name
 * that lacks its middle may lack what tells it from others. Gives the left end of what is beside the names, the height of a
 * line, `middle(index)`, where what belongs to a line is drawn, `name(index, how)`, and `gutter`, where `spare` pixels are left free.
 */
export function lines(names, width, top, height, spare = 0) {
  const room = longest(names) + 8;
  if (room <= width * 0.42) {
    const middle = (index) => top + (index + 0.5) * height;
    const name = (index, how) => nameText(names[index], room, middle(index), how);
    return { gutter: room, left: room + spare + 14, height, bottom: top + names.length * height, middle, name };
  }
  const broken = names.map((name) => wrapped(name, width - spare - 8));
  const above = ABOVE * Math.max(...broken.map((parts) => parts.length));
  const whole = height + above - 4;
  const name = (index, how) => s("g", {}, broken[index].map((part, row) => s("text", {
    class: `name ${how}`, x: spare + 2, y: top + index * whole + ABOVE * (row + 1) - 3 + above - ABOVE * broken[index].length, "text-anchor": "start",
  }, part)));
  return { gutter: 0, left: spare + 10, height: whole, bottom: top + names.length * whole, middle: (index) => top + index * whole + above + height / 2 - 3, name };
}

/** A name in one or two lines of a width, broken between its parts where that is enough. */
export function wrapped(name, width, font = STRONG) {
  if (textWidth(name, font) <= width) return [name];
  const parts = name.split(" · ");
  for (let kept = parts.length - 1; kept > 0; kept -= 1) {
    const first = `${parts.slice(0, kept).join(" · ")} ·`;
    if (textWidth(first, font) <= width) return [first, fit(parts.slice(kept).join(" · "), width, font)];
  }
  return [fit(name, width, font)];
}

/** A name at the left of a line, shortened to fit its room; `how` it stands decides its look. */
function nameText(name, room, y, how) {
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

/** The axis below: ticks with lines up to `top`; a bare one has no numbers. */
export function axisBelow(place, { left, right, top, bottom, label, bare = false }) {
  const ticks = roomy(place.ticks(Math.max(3, (right - left) / 80)), place, (tick) => textWidth(tick.text));
  return s("g", { class: "axis" },
    ticks.map(({ value, text }) => [
      s("line", { class: "grid", x1: place(value), x2: place(value), y1: top, y2: bottom }),
      !bare && s("text", { x: place(value), y: bottom + 17, "text-anchor": "middle" }, text),
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

/** The axis at the left, its label above it; a bare one has no numbers. */
export function axisLeft(place, { left, right, top, bottom, label, bare = false }) {
  const ticks = place.ticks(Math.max(2, (bottom - top) / 46));
  return s("g", { class: "axis" },
    ticks.map(({ value, text }) => [
      s("line", { class: "grid", x1: left, x2: right, y1: place(value), y2: place(value) }),
      !bare && s("text", { x: left - 8, y: place(value), dy: "0.35em", "text-anchor": "end" }, text),
    ]),
    label && s("text", { class: "label", x: 2, y: top - 12, "text-anchor": "start" }, fit(label, right)));
}

/** The room that an axis at the left needs for its ticks. */
export function roomLeft(place, height) {
  return Math.ceil(Math.max(...place.ticks(Math.max(2, height / 46)).map(({ text }) => textWidth(text)), 12)) + 14;
}
