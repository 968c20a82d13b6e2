// Lines with bands, of which a few have colours and the others stay in the background.

import { axisBelow, axisLeft, drawing, fit, roomLeft } from "./axes.js";
import { seriesClass } from "./colour.js";
import { h, s } from "./dom.js";
import { pointable } from "./marks.js";

const TOP = 34;
const BELOW = 46;
const DOTS = 40;

/**
 * Lines. A series is `{group, name, points: [{x, y, interval, lines()}]}`; series of one group have one colour. `order`
 * lists the groups, those with a colour first. `scales(left, right, top, bottom)` gives `[x, y]`. `y` of a point is null where
 * the line is broken. Returns the drawing and a function that emphasizes a group, or none.
 */
export function lineChart({ series, order, scales, width, height, xLabel, yLabel, alternative }) {
  const bottom = height - BELOW;
  const trial = scales(0, width, TOP, bottom)[1];
  const left = roomLeft(trial, bottom - TOP);
  const right = width - 12;
  const [x, y] = scales(left, right, TOP, bottom);
  const picture = drawing(width, height, alternative);
  picture.append(axisLeft(y, { left, right, top: TOP, bottom, label: yLabel }), axisBelow(x, { left, right, top: TOP, bottom, label: xLabel }));
  const groups = new Map();
  const marks = [];
  // From the background to the best, which lies on top.
  const sorted = [...series].sort((a, b) => order.indexOf(b.group) - order.indexOf(a.group));
  for (const one of sorted) {
    if (!groups.has(one.group)) groups.set(one.group, s("g", { class: `line ${seriesClass(order.indexOf(one.group))}` }));
    const coloured = seriesClass(order.indexOf(one.group)) !== "series-grey";
    groups.get(one.group).append(...shapes(one, x, y, coloured, marks));
  }
  picture.append(...groups.values());
  const emphasize = (group) => {
    for (const [name, node] of groups) {
      node.classList.toggle("dim", group !== undefined && name !== group);
      node.classList.toggle("strong", name === group);
    }
    if (group !== undefined) {
      // On top of the others, but under the ring that marks the point.
      const ring = picture.querySelector(".ring");
      if (groups.has(group)) picture.insertBefore(groups.get(group), ring);
    }
  };
  pointable(picture, marks, (mark) => emphasize(mark?.group));
  return { picture, emphasize };
}

function shapes({ group, points }, x, y, coloured, marks) {
  const parts = [];
  const placed = points.map((point) => (point.y === null || !Number.isFinite(y(point.y)) ? undefined : { point, px: x(point.x), py: y(point.y) }));
  let path = "";
  placed.forEach((at, index) => {
    if (at) path += `${index && placed[index - 1] ? "L" : "M"}${at.px.toFixed(1)} ${at.py.toFixed(1)}`;
  });
  if (coloured && points.length > 1 && points.every(({ interval }) => interval)) {
    const upper = points.map((point) => `${x(point.x).toFixed(1)} ${y(point.interval[1]).toFixed(1)}`);
    const lower = points.map((point) => `${x(point.x).toFixed(1)} ${y(point.interval[0]).toFixed(1)}`).reverse();
    parts.push(s("path", { class: "band", d: `M${upper.join("L")}L${lower.join("L")}Z` }));
  }
  parts.push(s("path", { class: "stroke", d: path }));
  for (const [index, at] of placed.entries()) {
    if (!at) continue;
    const alone = !placed[index - 1] && !placed[index + 1];
    if (alone || (coloured && points.length <= DOTS)) parts.push(s("circle", { cx: at.px, cy: at.py, r: 3.2 }));
    marks.push({ x: at.px, y: at.py, group, lines: at.point.lines });
  }
  return parts;
}

/** A legend of the groups that have a colour; pointing at one emphasizes it, pressing keeps it so. */
export function legend(order, emphasize, { grey = "others" } = {}) {
  let kept;
  const coloured = order.filter((_, index) => seriesClass(index) !== "series-grey");
  const buttons = coloured.map((group, index) => h("button", {
    type: "button", class: `entry ${seriesClass(index)}`, "aria-pressed": "false", title: group,
    onpointerenter: () => emphasize(group), onpointerleave: () => emphasize(kept), onfocus: () => emphasize(group), onblur: () => emphasize(kept),
    onclick: () => {
      kept = kept === group ? undefined : group;
      buttons.forEach((button, place) => button.setAttribute("aria-pressed", coloured[place] === kept));
      emphasize(kept);
    },
  }, h("span", { class: "swatch" }), fit(group, 220)));
  const left = order.length - coloured.length;
  return [...buttons, left > 0 && h("span", { class: "entry series-grey" }, h("span", { class: "swatch" }), `${left} ${grey}`)].filter((item) => item);
}
