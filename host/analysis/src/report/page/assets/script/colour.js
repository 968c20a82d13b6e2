// Colours that people with any kind of colour vision can tell apart.

import { backbonePlace } from "./model.js";

/** Classes `series-0` … `series-15`, of which the first are Okabe and Ito's palette; of more backbones some share a colour, and differ in their marks. */
const SERIES = 16;
const SHAPES = 4;

/** How a backbone is drawn, wherever it is: the class with its colour, and the number of its mark's shape. */
export function lookOf(backbone) {
  const place = backbonePlace(backbone);
  return { colour: `series-${place % SERIES}`, shape: (place + Math.floor(place / SERIES)) % SHAPES };
}

// Viridis (Smith and van der Walt, Matplotlib), at equal steps.
const VIRIDIS = ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"];
// From vermillion over white to blue, for signed values.
const SIGNED = ["#b8450f", "#dd8452", "#f1c9ae", "#f7f7f7", "#b3d3ea", "#5a9fd0", "#0c5f9c"];

function channels(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function between(colours, share) {
  const at = Math.min(Math.max(share, 0), 1) * (colours.length - 1);
  const below = Math.min(Math.floor(at), colours.length - 2);
  const [from, to] = [channels(colours[below]), channels(colours[below + 1])];
  const mixed = from.map((channel, index) => Math.round(channel + (to[index] - channel) * (at - below)));
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}

/** The colour of a share from 0, the worst, to 1, the best. */
export function sequential(share) {
  return between(VIRIDIS, share);
}

/** The colour of a value from -1 to 1. */
export function signed(value) {
  return between(SIGNED, (value + 1) / 2);
}

/** The class of black or white text, whichever is better to read on a colour (WCAG's relative luminance). */
export function inkOn(colour) {
  const [red, green, blue] = channels(colour)
    .map((channel) => channel / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "black-ink" : "white-ink";
}
