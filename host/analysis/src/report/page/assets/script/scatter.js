// Score against what is known of a network: accuracy on ImageNet, size, work, depth, time, memory.

import { axisBelow, axisLeft, drawing, fit, roomLeft, textWidth } from "./axes.js";
import { entryColumns, entryLines } from "./describe.js";
import { bodyOf, byId, h, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { scoreRange } from "./forest.js";
import { bytes, count, duration, exact, fixed, short } from "./format.js";
import { references } from "./lines.js";
import { pointable } from "./marks.js";
import { better, direction, namedBaselines, network, scoreLabel, standing } from "./model.js";
import { linear, logarithmic } from "./scale.js";
import { onChoice } from "./state.js";

const TOP = 34;
const BELOW = 46;
const HEIGHT = 330;
const NAMED = 3;
// More whiskers than these hide the points.
const WHISKERS = 120;

const PREDICTORS = [
  { key: "imagenet_top1", title: () => "ImageNet top-1 (%)", name: "ImageNet accuracy", text: (value) => `${fixed(value, 2)} %`, of: (entry) => network(entry.network).imagenet_top1 },
  { key: "parameters", title: () => "parameters of the backbone", name: "Parameters", text: (value) => short(value), of: (entry) => network(entry.network).parameters, log: true },
  { key: "multiply_adds", title: () => "multiply-adds up to the layer, 224×224", name: "Multiply-adds", text: (value) => short(value), of: (entry) => network(entry.network).multiply_adds, log: true },
  { key: "depth", title: () => "depth of the deepest layer, 0 to 1", name: "Depth", text: (value) => fixed(value, 2), of: (entry) => network(entry.network).depth },
];

const ALONE = "One image alone in its batch, the features of its target known, on the device that computed the cell; the quickest of a few passes.";
const COUNTED = "Counted from the shapes of the network’s values: without weights, and without what the kernels need meanwhile.";
const COSTS = [
  cost("forward_seconds", "Forward", (size) => `from one image${size} to its distance`, duration, { unit: "ms", plot: (value) => value * 1000, said: `Without gradients. ${ALONE}` }),
  cost("backward_seconds", "Backward", (size) => `from the distance back to one image${size}`, duration, { unit: "ms", plot: (value) => value * 1000, said: ALONE }),
  cost("backward_memory", "Memory", (size) => `of one image${size}, forward and backward`, bytes, { unit: "MiB", plot: (value) => value / 2 ** 20, said: `With what is kept for the gradients. ${COUNTED}` }),
];

/** What a loss network costs for one image of the size that the task gave it. */
function cost(key, name, meaning, text, { unit, ...rest }) {
  const sizes = (board) => [...new Set(board.entries.filter((entry) => entry.cost).map(({ cost: { height, width } }) => `${height}×${width}`))];
  const title = (board) => `${meaning(sizes(board).length === 1 ? ` of ${sizes(board)[0]}` : "")} (${unit})`;
  return { key, name, title, text, of: (entry) => entry.cost?.[key] ?? null, log: true, front: true, ...rest };
}

/** Fills the section on what goes with a good score. */
export function showPredictors() {
  fill("predictors", PREDICTORS);
}

/** Fills the section on speed and memory. */
export function showCost() {
  fill("cost", COSTS);
}

/** The section is hidden on boards where there is nothing to draw. */
function fill(section, kinds) {
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
  bodyOf(section).append(h("div", { class: "tiles two" }, plots.map(({ figure }) => figure.node)));
  const update = () => {
    let any = false;
    for (const { kind, figure } of plots) {
      // One value for all goes with nothing.
      const there = new Set(currentBoard().entries.filter((entry) => entry.value !== null && placed(kind, kind.of(entry))).map(kind.of)).size > 1;
      any ||= there;
      figure.node.hidden = !there;
      if (there) figure.update({ caption: kind.front ? frontCaption(kind) : correlationCaption(kind) });
    }
    byId(section).hidden = !any;
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

function frontCaption({ said }) {
  return `${direction(currentBoard())}. Dashed: the Pareto front, which nothing cheaper beats. ${said}`.replace(/^./, (letter) => letter.toUpperCase());
}

const SIGNS = { pearson: "Pearson r", spearman: "Spearman ρ", kendall: "Kendall τ" };

/** What the whole board's correlation is, as lossnet computed it. */
function correlationCaption(kind) {
  const all = currentBoard().correlations.filter((correlation) => correlation.with === kind.key && correlation.value !== null);
  if (!all.length) return "No correlation was computed.";
  const texts = all.map(({ kind: name, text }) => {
    const range = text.interval ? ` (95 % interval ${text.interval.join(" to ")})` : text.p ? ` (p ${text.p})` : "";
    return `${SIGNS[name] ?? name} ${text.value}${range}`;
  });
  return `${texts.join("; ")}; ${count(all[0].count)} points. Positive: larger values go with better scores. Filters don’t change it.`;
}

function scatter(board, kind, points, width) {
  const bottom = HEIGHT - BELOW;
  const whiskers = points.length <= WHISKERS;
  const y = linear(scoreRange(board, points.map(({ entry }) => (whiskers ? entry : { ...entry, interval: null }))), [bottom, TOP]);
  const left = roomLeft(y, bottom - TOP);
  const right = width - 14;
  const x = (kind.log ? logarithmic : linear)(points.map((point) => point.x), [left, right]);
  const alternative = `${scoreLabel(board)} against ${kind.title(board)} for ${points.length} loss networks. ${kind.front ? "" : correlationCaption(kind)}`;
  const picture = drawing(width, HEIGHT, alternative);
  picture.append(axisLeft(y, { left, right, top: TOP, bottom, label: scoreLabel(board) }), axisBelow(x, { left, right, top: TOP, bottom, label: kind.title(board) }));
  const marks = points.map((point) => ({ x: x(point.x), y: y(point.entry.value), lines: () => [...entryLines(board, point.entry), `${kind.name}: ${point.said}`] }));
  if (whiskers) {
    const within = (value) => Math.min(Math.max(y(value), TOP), bottom);
    const path = points.map(({ entry }, index) => (entry.interval ? `M${marks[index].x} ${within(entry.interval[0])}V${within(entry.interval[1])}` : "")).join("");
    picture.append(s("path", { class: "scatter-whiskers", d: path }));
  }
  const lines = references(namedBaselines(board), y, { left, right, top: TOP, bottom });
  picture.append(...lines.nodes);
  if (kind.front) picture.append(s("path", { class: "front", d: front(board, points, x, y) }));
  // One path for each standing: thousands of circles would be slow.
  for (const how of ["worse", "tied", "best"]) {
    const path = points.map(({ entry }, index) => (standing(entry) === how ? `M${marks[index].x.toFixed(1)} ${marks[index].y.toFixed(1)}h0` : "")).join("");
    if (path) picture.append(s("path", { class: `scatter-dots ${how}${points.length > 400 ? " many" : ""}`, d: path }));
  }
  picture.append(...names(points, marks, { left, right, bottom }, lines.boxes));
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

/** Names of the best, beside their points where they touch neither each other nor any point; others are told when pointed at. */
function names(points, marks, { left, right, bottom }, taken) {
  const boxes = [...taken, ...marks.map(({ x, y }) => [x - 5, y - 5, x + 5, y + 5])];
  const free = ([x0, y0, x1, y1]) => x0 >= left && x1 <= right + 10 && y0 >= TOP - 8 && y1 <= bottom
    && boxes.every((other) => x1 < other[0] || x0 > other[2] || y1 < other[1] || y0 > other[3]);
  return points
    .map((point, index) => ({ point, mark: marks[index] }))
    .sort((a, b) => a.point.entry.rank - b.point.entry.rank)
    .slice(0, NAMED)
    .flatMap(({ point, mark }) => {
      const text = fit(network(point.entry.network).label, 230);
      const size = textWidth(text);
      const box = [[8, -14], [-8 - size, -14], [8, 14], [-8 - size, 14], [10, 0], [-10 - size, 0], [-size / 2, -17], [-size / 2, 17]]
        .map(([dx, dy]) => [mark.x + dx, mark.y + dy - 8, mark.x + dx + size, mark.y + dy + 8])
        .find(free);
      if (!box) return [];
      boxes.push(box);
      return [s("text", { class: "point-name", x: box[0], y: box[1] + 8, dy: "0.35em" }, text)];
    });
}
