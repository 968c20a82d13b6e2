// How the score goes with the depth of the layer, a line for each backbone.

import { entryColumns, entryLines } from "./describe.js";
import { bodyOf } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { legend, lineChart } from "./lines.js";
import { better, direction, network, scoreLabel, variantOf } from "./model.js";
import { linear } from "./scale.js";
import { onChoice } from "./state.js";

/** Adds the curves to the section on layers. */
export function showDepth() {
  let chart;
  let order = [];
  const figure = new Figure({
    id: "figure-depth",
    title: "Score by depth of the layer",
    draw: (width) => {
      const entries = known();
      if (!entries.some((entry) => entries.some((other) => differInDepth(entry, other)))) return undefined;
      order = backbones(entries);
      chart = draw(entries, order, width);
      return { drawing: chart.picture };
    },
    legend: () => legend(order, chart.emphasize, { grey: "other backbones" }),
    table: () => ({ columns: entryColumns(currentBoard(), [DEPTH]), items: known() }),
    empty: "No backbone has results at two layers whose depth is known.",
  });
  bodyOf("layers").append(figure.node);
  const update = () => figure.update({
    caption: `${direction(currentBoard())}. A line for each backbone and variant. The best backbones have colours; the bands are the 95 % intervals of the best three, and of what is pointed at.`.replace(/^./, (letter) => letter.toUpperCase()),
  });
  onChoice((keys) => { if (filtersIn(keys)) update(); });
  update();
}

const DEPTH = {
  key: "depth", title: "Depth", numeric: true, width: 9, value: (entry) => network(entry.network).depth,
  text: (entry) => network(entry.network).depth.toFixed(2), file: (entry) => String(network(entry.network).depth),
};

function known() {
  return shownEntries(currentBoard()).filter((entry) => entry.value !== null && network(entry.network).depth !== null);
}

function differInDepth(first, second) {
  const [a, b] = [network(first.network), network(second.network)];
  return a.backbone === b.backbone && a.depth !== b.depth;
}

/** Backbones, the one with the best score first. */
function backbones(entries) {
  const board = currentBoard();
  const best = new Map();
  for (const entry of entries) {
    const { backbone } = network(entry.network);
    if (!best.has(backbone) || better(board, entry.value, best.get(backbone))) best.set(backbone, entry.value);
  }
  return [...best].sort(([, a], [, b]) => (better(board, a, b) ? -1 : 1)).map(([name]) => name);
}

function draw(entries, order, width) {
  const board = currentBoard();
  const series = new Map();
  for (const entry of entries) {
    const contender = network(entry.network);
    const key = `${contender.backbone} ${variantOf(contender)}`;
    if (!series.has(key)) series.set(key, { group: contender.backbone, points: [] });
    series.get(key).points.push({ x: contender.depth, y: entry.value, interval: entry.interval, lines: () => entryLines(board, entry) });
  }
  for (const { points } of series.values()) points.sort((a, b) => a.x - b.x);
  const scores = entries.flatMap((entry) => [entry.value, ...(entry.interval ?? [])]);
  return lineChart({
    series: [...series.values()], order, width, height: width < 500 ? 320 : 400,
    scales: (left, right, top, bottom) => [linear([0, 1], [left, right], { room: 0.02 }), linear(scores, [bottom, top])],
    xLabel: "depth of the deepest layer: 0 the first, 1 the last",
    yLabel: scoreLabel(board),
    alternative: `Score by depth of the layer for ${order.length} backbones on ${board.title}; the best are ${order.slice(0, 3).join(", ")}.`,
  });
}
