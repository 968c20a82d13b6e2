// Lines with bands, in one panel or in several that share their axes.

import { axisBelow, axisLeft, drawing, fit, roomLeft, textWidth } from "./axes.js";
import { h, s } from "./dom.js";
import { pointable } from "./marks.js";

const TOP = 34;
const BELOW = 46;
const TITLE = 20;
const GAP = 14;
const DOTS = 40;
const SMALL = "11.5px system-ui, sans-serif";
const DASHES = ["", "7 4", "2 4", "9 3 2 3", "4 2", "12 4", "2 2", "6 2 2 2 2 2"];

/**
 * Lines. A panel is `{title, series}`, a series `{group, look: {colour, shape}, dash, quiet, band, points: [{x, y, interval, lines()}]}`: series of
 * one group are brought out together, `quiet` ones stay in the background, a `band` shows intervals. `scales(left, right, top, bottom)`
 * gives `[x, y]`. `y` of a point is null where the line is broken; `baselines` are drawn through all panels. Returns the
 * drawing and a function that emphasizes a group, or none.
 */
export function lineChart({ panels, scales, width, height, xLabel, yLabel, alternative, baselines = [] }) {
  const several = panels.length > 1;
  const across = several ? Math.min(panels.length, Math.max(2, Math.floor(width / 300))) : 1;
  const down = Math.ceil(panels.length / across);
  const trial = scales(0, width, TOP, height - BELOW)[1];
  const left = roomLeft(trial, height - TOP - BELOW);
  const panelWidth = (width - left - 12 - GAP * (across - 1)) / across;
  const whole = several ? TOP - 12 + down * height + BELOW - 20 : height;
  const picture = drawing(width, whole, alternative);
  const groups = [];
  const marks = [];
  panels.forEach(({ title, series }, index) => {
    const [column, row] = [index % across, Math.floor(index / across)];
    const from = left + column * (panelWidth + GAP);
    const to = from + panelWidth;
    const top = several ? TOP - 12 + row * height + TITLE : TOP;
    const bottom = several ? TOP - 12 + (row + 1) * height - 24 : height - BELOW;
    const last = index + across >= panels.length;
    const [x, y] = scales(from, to, top, bottom);
    picture.append(
      axisLeft(y, { left: from, right: to, top, bottom, bare: column > 0 }),
      axisBelow(x, { left: from, right: to, top, bottom, label: several ? undefined : xLabel, bare: several && !last }));
    if (title) picture.append(s("text", { class: "name panel-title", x: from, y: top - 6 }, fit(title, panelWidth)));
    picture.append(...references(baselines, y, { left: from, right: to, top, bottom }, index === across - 1 || !several).nodes);
    const sorted = [...series].sort((a, b) => Number(Boolean(b.quiet)) - Number(Boolean(a.quiet)));
    for (const one of sorted) {
      const node = s("g", { class: `line ${one.look.colour}${one.quiet ? " quiet" : ""}${one.band ? " banded" : ""}` }, shapes(one, x, y, [top, bottom], marks));
      groups.push({ group: one.group, node });
      picture.append(node);
    }
  });
  picture.append(
    s("text", { class: "label", x: 2, y: several ? 10 : TOP - 12, "text-anchor": "start" }, fit(yLabel, width - 4)),
    several && s("text", { class: "label", x: (left + width) / 2, y: whole - 6, "text-anchor": "middle" }, fit(xLabel, width - left)) || "");
  const emphasize = (group) => {
    for (const one of groups) {
      one.node.classList.toggle("dim", group !== undefined && one.group !== group);
      one.node.classList.toggle("strong", one.group === group);
    }
    // On top of the others, but under the ring that marks the point.
    const ring = picture.querySelector(".ring");
    for (const { node } of groups.filter((one) => group !== undefined && one.group === group)) picture.insertBefore(node, ring);
  };
  pointable(picture, marks, (mark) => emphasize(mark?.group));
  return { picture, emphasize };
}

/**
 * Baselines `{name, value}` as lines across a panel, named at their right ends where there is room; those beyond the axis are named at its
 * edge. Gives the nodes, and the boxes that names take.
 */
export function references(baselines, y, { left, right, top, bottom }, named = true) {
  const nodes = [];
  const boxes = [];
  const write = (text, places) => {
    const short = fit(text, right - left - 8, SMALL);
    const size = textWidth(short, SMALL);
    const place = places.find((at) => at - 9 >= top - 4 && at + 3 <= bottom && boxes.every((box) => at + 3 < box[1] || at - 11 > box[3]));
    if (!named || place === undefined) return;
    boxes.push([right - 2 - size, place - 11, right - 2, place + 3]);
    nodes.push(s("text", { class: "baseline-name", x: right - 2, y: place, "text-anchor": "end" }, short));
  };
  const places = baselines.map((baseline) => ({ ...baseline, at: y(baseline.value) }));
  const above = places.filter(({ at }) => at < top).map(({ name }) => name);
  const below = places.filter(({ at }) => at > bottom).map(({ name }) => name);
  if (above.length) write(`↑ ${above.join(", ")}`, [top + 12]);
  if (below.length) write(`↓ ${below.join(", ")}`, [bottom - 5]);
  for (const { name, at } of places.filter((place) => place.at >= top && place.at <= bottom)) {
    nodes.push(s("line", { class: "baseline-line", x1: left, x2: right, y1: at, y2: at }));
    write(name, [at - 4, at + 13]);
  }
  return { nodes, boxes };
}

/** A mark of a series: a circle, a square, a triangle or a diamond. */
export function mark(shape, x, y) {
  if (shape === 1) return s("rect", { class: "mark", x: x - 3.4, y: y - 3.4, width: 6.8, height: 6.8 });
  if (shape === 2) return s("path", { class: "mark", d: `M${x} ${y - 4.4}L${x - 4.2} ${y + 3.2}H${x + 4.2}Z` });
  if (shape === 3) return s("path", { class: "mark", d: `M${x} ${y - 4.6}L${x + 4.6} ${y}L${x} ${y + 4.6}L${x - 4.6} ${y}Z` });
  return s("circle", { class: "mark", cx: x, cy: y, r: 3.4 });
}

function shapes({ group, look, dash = 0, quiet, points }, x, y, [top, bottom], marks) {
  const parts = [];
  const placed = points.map((point) => (point.y === null || !Number.isFinite(y(point.y)) ? undefined : { point, px: x(point.x), py: y(point.y) }));
  let path = "";
  placed.forEach((at, index) => {
    if (at) path += `${index && placed[index - 1] ? "L" : "M"}${at.px.toFixed(1)} ${at.py.toFixed(1)}`;
  });
  if (!quiet && points.length > 1 && points.every(({ interval }) => interval)) {
    // One that is much wider than usual goes on beyond the axis.
    const within = (value) => Math.min(Math.max(y(value), top), bottom).toFixed(1);
    const upper = points.map((point) => `${x(point.x).toFixed(1)} ${within(point.interval[1])}`);
    const lower = points.map((point) => `${x(point.x).toFixed(1)} ${within(point.interval[0])}`).reverse();
    parts.push(s("path", { class: "band", d: `M${upper.join("L")}L${lower.join("L")}Z` }));
  }
  parts.push(s("path", { class: "stroke", d: path, "stroke-dasharray": DASHES[dash % DASHES.length] || undefined }));
  for (const [index, at] of placed.entries()) {
    if (!at) continue;
    const alone = !placed[index - 1] && !placed[index + 1];
    if (alone || (!quiet && points.length <= DOTS)) parts.push(mark(look.shape, at.px, at.py));
    marks.push({ x: at.px, y: at.py, group, lines: at.point.lines });
  }
  return parts;
}

/**
 * A legend: pointing at an entry emphasizes its group, pressing keeps it so. Entries are `{group, name, look, dash}`; without a group they
 * only explain. `others` is how many lines stay in the background.
 */
export function legend(entries, emphasize, others = 0) {
  let kept;
  const sample = ({ look, dash = 0 }) => s("svg", { width: 28, height: 12, viewBox: "0 0 28 12", "aria-hidden": "true", class: `line ${look?.colour ?? "series-ink"}` },
    s("path", { class: "stroke", d: "M1 6H27", "stroke-dasharray": DASHES[dash % DASHES.length] || undefined }), look && mark(look.shape, 14, 6));
  const groups = entries.filter(({ group }) => group !== undefined);
  const buttons = groups.map((entry) => h("button", {
    type: "button", class: "entry", "aria-pressed": "false", title: entry.name,
    onpointerenter: () => emphasize(entry.group), onpointerleave: () => emphasize(kept), onfocus: () => emphasize(entry.group), onblur: () => emphasize(kept),
    onclick: () => {
      kept = kept === entry.group ? undefined : entry.group;
      buttons.forEach((button, place) => button.setAttribute("aria-pressed", groups[place].group === kept));
      emphasize(kept);
    },
  }, sample(entry), fit(entry.name, 240)));
  const explained = entries.filter(({ group }) => group === undefined).map((entry) => h("span", { class: "entry" }, sample(entry), fit(entry.name, 240)));
  return [...buttons, ...explained, others > 0 && h("span", { class: "entry quiet" }, `grey: ${others} more`)].filter((item) => item);
}
