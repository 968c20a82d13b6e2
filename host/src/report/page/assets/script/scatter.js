// Score against what is known of a network: accuracy on ImageNet, size, work, depth, time, memory.

import { axisBelow, axisLeft, drawing, fit, roomLeft, textWidth } from "./axes.js";
import { entryColumns, entryLines } from "./describe.js";
import { bodyOf, h, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { bytes, count, duration, exact, fixed, probability, short } from "./format.js";
import { pointable } from "./marks.js";
import { better, direction, network, scoreLabel, standing } from "./model.js";
import { linear, logarithmic } from "./scale.js";
import { onChoice } from "./state.js";

const TOP = 34;
const BELOW = 46;
const HEIGHT = 330;
const NAMED = 3;
// More whiskers than these hide the points.
const WHISKERS = 120;

const PREDICTORS = [
  { key: "imagenet_top1", title: "ImageNet top-1 (%)", name: "ImageNet accuracy", text: (value) => `${fixed(value, 2)} %`, of: (entry) => network(entry.network).imagenet_top1 },
  { key: "parameters", title: "parameters of the backbone", name: "Parameters", text: (value) => short(value), of: (entry) => network(entry.network).parameters, log: true },
  { key: "multiply_adds", title: "multiply-adds up to the layer, 224×224", name: "Multiply-adds", text: (value) => short(value), of: (entry) => network(entry.network).multiply_adds, log: true },
  { key: "depth", title: "depth of the deepest layer, 0 to 1", name: "Depth", text: (value) => fixed(value, 2), of: (entry) => network(entry.network).depth },
];

const COSTS = [
  { key: "seconds", title: "time of a cell (s)", name: "Time", text: duration, of: (entry) => entry.seconds, log: true, front: true },
  { key: "peak_memory", title: "peak memory (MiB)", name: "Memory", text: bytes, of: (entry) => entry.peak_memory, plot: (value) => value / 2 ** 20, log: true, front: true },
];

/** Fills the section on what goes with a good score. */
export function showPredictors() {
  fill("predictors", PREDICTORS, "Nothing is known of these networks’ accuracy, size or depth, or there is one only.");
}

/** Fills the section on speed and memory. */
export function showCost() {
  fill("cost", COSTS, "Neither time nor memory was measured, or there is one loss network only.");
}

function fill(section, kinds, nothing) {
  const none = h("p", { class: "nothing" }, nothing);
  const plots = kinds.map((kind) => {
    const figure = new Figure({
      id: `figure-by-${kind.key.replaceAll("_", "-")}`,
      title: kind.name,
      draw: (width) => {
        const points = pointsOf(kind);
        return points.length ? { drawing: scatter(currentBoard(), kind, points, width) } : undefined;
      },
      table: () => ({ columns: entryColumns(currentBoard(), [column(kind)]), items: pointsOf(kind).map(({ entry }) => entry) }),
      empty: "No loss network matches the filters.",
    });
    return { kind, figure };
  });
  bodyOf(section).append(h("div", { class: "tiles two" }, plots.map(({ figure }) => figure.node)), none);
  const update = () => {
    let any = false;
    for (const { kind, figure } of plots) {
      const there = currentBoard().entries.filter((entry) => entry.value !== null && placed(kind, kind.of(entry))).length > 1;
      any ||= there;
      figure.node.hidden = !there;
      if (there) figure.update({ caption: kind.front ? frontCaption() : correlationCaption(kind) });
    }
    none.hidden = any;
  };
  onChoice((keys) => { if (filtersIn(keys)) update(); });
  update();
}

function known(value) {
  return value !== null && value !== undefined && Number.isFinite(value);
}

/** Whether a value has a place on the axis. */
function placed(kind, value) {
  return known(value) && (!kind.log || value > 0);
}

function pointsOf(kind) {
  return shownEntries(currentBoard())
    .map((entry) => ({ entry, x: kind.of(entry) }))
    .filter(({ entry, x }) => entry.value !== null && placed(kind, x))
    .map(({ entry, x }) => ({ entry, x: (kind.plot ?? ((value) => value))(x), said: kind.text(x) }));
}

function column(kind) {
  return {
    key: kind.key === "depth" ? "network_depth" : `${kind.key}_of_network`, title: kind.name, numeric: true, width: 15, value: kind.of,
    text: (entry) => kind.text(kind.of(entry)), file: (entry) => exact(kind.of(entry)),
  };
}

function frontCaption() {
  return `${direction(currentBoard())}. The line joins those that nothing cheaper beats.`.replace(/^./, (letter) => letter.toUpperCase());
}

const SIGNS = { pearson: "Pearson r", spearman: "Spearman ρ", kendall: "Kendall τ" };

/** What the whole board's correlation is, as lossnet computed it. */
function correlationCaption(kind) {
  const all = currentBoard().correlations.filter((correlation) => correlation.with === kind.key && correlation.value !== null);
  if (!all.length) return "No correlation was computed.";
  const texts = all.map(({ kind: name, value, interval, p }) => {
    const range = interval ? ` (95 % interval ${fixed(interval[0], 2)} to ${fixed(interval[1], 2)})` : p === null ? "" : ` (p ${probability(p)})`;
    return `${SIGNS[name] ?? name} ${fixed(value, 2)}${range}`;
  });
  return `${texts.join("; ")}; ${count(all[0].count)} points. Positive: more goes with a better score. Filters don’t change it.`;
}

function scatter(board, kind, points, width) {
  const bottom = HEIGHT - BELOW;
  const whiskers = points.length <= WHISKERS;
  const y = linear(points.flatMap(({ entry }) => [entry.value, ...(whiskers ? entry.interval ?? [] : [])]), [bottom, TOP]);
  const left = roomLeft(y, bottom - TOP);
  const right = width - 14;
  const x = (kind.log ? logarithmic : linear)(points.map((point) => point.x), [left, right]);
  const alternative = `${scoreLabel(board)} against ${kind.title} for ${points.length} loss networks. ${kind.front ? "" : correlationCaption(kind)}`;
  const picture = drawing(width, HEIGHT, alternative);
  picture.append(axisLeft(y, { left, right, top: TOP, bottom, label: scoreLabel(board) }), axisBelow(x, { left, right, top: TOP, bottom, label: kind.title }));
  const marks = points.map((point) => ({ x: x(point.x), y: y(point.entry.value), lines: () => [...entryLines(board, point.entry), `${kind.name}: ${point.said}`] }));
  if (whiskers) {
    const path = points.map(({ entry }, index) => (entry.interval ? `M${marks[index].x} ${y(entry.interval[0])}V${y(entry.interval[1])}` : "")).join("");
    picture.append(s("path", { class: "scatter-whiskers", d: path }));
  }
  if (kind.front) picture.append(s("path", { class: "front", d: front(board, points, x, y) }));
  // One path for each standing: thousands of circles would be slow.
  for (const how of ["worse", "tied", "best"]) {
    const path = points.map(({ entry }, index) => (standing(entry) === how ? `M${marks[index].x.toFixed(1)} ${marks[index].y.toFixed(1)}h0` : "")).join("");
    if (path) picture.append(s("path", { class: `scatter-dots ${how}${points.length > 400 ? " many" : ""}`, d: path }));
  }
  picture.append(...names(points, marks, { left, right, bottom }));
  pointable(picture, marks);
  return picture;
}

/** Those that nothing cheaper beats, joined by steps. */
function front(board, points, x, y) {
  let best = null;
  let path = "";
  for (const { entry, x: cost } of [...points].sort((a, b) => a.x - b.x || (better(board, a.entry.value, b.entry.value) ? -1 : 1))) {
    if (!better(board, entry.value, best)) continue;
    best = entry.value;
    path += path ? `H${x(cost)}V${y(entry.value)}` : `M${x(cost)} ${y(entry.value)}`;
  }
  return path;
}

/** Names of the best, where they fit beside their points without touching each other. */
function names(points, marks, { left, right, bottom }) {
  const boxes = [];
  return points
    .map((point, index) => ({ point, mark: marks[index] }))
    .sort((a, b) => a.point.entry.rank - b.point.entry.rank)
    .slice(0, NAMED)
    .flatMap(({ point, mark }) => {
      const text = fit(network(point.entry.network).label, 170);
      const size = textWidth(text);
      const after = mark.x + 2 + size <= right + 10;
      const start = after ? mark.x + 2 : mark.x - 2 - size;
      const y = mark.y - 13;
      const box = [start, y - 8, start + size, y + 8];
      const free = start >= left && box[3] <= bottom && boxes.every((other) => box[2] < other[0] || box[0] > other[2] || box[3] < other[1] || box[1] > other[3]);
      if (!free) return [];
      boxes.push(box);
      return [s("text", { class: "point-name", x: start, y, dy: "0.35em" }, text)];
    });
}
