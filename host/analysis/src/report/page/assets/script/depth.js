// How the score goes with the depth of the layer, a line for each backbone.

import { lookOf } from "./colour.js";
import { entryColumns, entryLines } from "./describe.js";
import { bodyOf } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { scoreRange } from "./forest.js";
import { legend, lineChart } from "./lines.js";
import { better, direction, namedBaselines, network, scoreLabel, variantOf } from "./model.js";
import { linear } from "./scale.js";
import { onChoice } from "./state.js";

// More lines than these in one panel can't be followed, nor more panels compared.
const LINES = 6;
const PANELS = 12;
// More bands than these cover each other.
const BANDS = 3;

/** Adds the curves to the section on layers. */
export function showDepth() {
  let chart;
  const figure = new Figure({
    id: "figure-depth",
    title: "Score by depth of the layer",
    draw: (width) => {
      const shown = arranged();
      if (!shown) return undefined;
      chart = draw(shown, width);
      return { drawing: chart.picture };
    },
    legend: () => legend(entriesOf(arranged()), chart.emphasize),
    table: () => ({ columns: entryColumns(currentBoard(), [DEPTH]), items: known() }),
    empty: "No backbone has results at two layers whose depth is known.",
  });
  bodyOf("layers").append(figure.node);
  const update = () => {
    const there = currentBoard().entries.filter(hasDepth);
    figure.node.hidden = !there.some((entry) => there.some((other) => differInDepth(entry, other)));
    const said = arranged()?.said ?? "";
    figure.update({ caption: `${direction(currentBoard())}. ${said}Bands: 95 % intervals, of few lines or of what is pointed at.`.replace(/^./, (letter) => letter.toUpperCase()) });
  };
  onChoice((keys) => { if (filtersIn(keys)) update(); });
  update();
}

const DEPTH = {
  key: "depth", title: "Depth", numeric: true, width: 9, value: (entry) => (entry.baseline ? null : network(entry.network).depth),
  text: (entry) => network(entry.network).depth.toFixed(2), file: (entry) => String(network(entry.network).depth),
};

function hasDepth(entry) {
  return entry.value !== null && network(entry.network).depth !== null;
}

function known() {
  return shownEntries(currentBoard()).filter(hasDepth);
}

function differInDepth(first, second) {
  const [a, b] = [network(first.network), network(second.network)];
  return a.backbone === b.backbone && a.depth !== b.depth;
}

/** A line for each backbone and whatever else but the layer varies, the one with the best score first. */
function allSeries() {
  const board = currentBoard();
  const found = new Map();
  // Entries are the best first, and so are the lines.
  for (const entry of known()) {
    const { backbone, depth, ...contender } = network(entry.network);
    const variant = variantOf(contender);
    const key = `${backbone}\n${variant}`;
    if (!found.has(key)) found.set(key, { group: backbone, variant, best: null, look: lookOf(backbone), points: [] });
    const series = found.get(key);
    if (better(board, entry.value, series.best)) series.best = entry.value;
    series.points.push({ x: depth, y: entry.value, interval: entry.interval, lines: () => entryLines(board, entry), entry });
  }
  for (const { points } of found.values()) points.sort((a, b) => a.x - b.x);
  return [...found.values()];
}

/** The lines in one panel if they are few, else a panel for each variant, else the best of each of the best backbones. */
function arranged() {
  const series = allSeries();
  if (!series.some(({ points }) => points.some(({ x }) => x !== points[0].x))) return undefined;
  const groups = [...new Set(series.map(({ group }) => group))];
  const variants = [...new Set(series.map(({ variant }) => variant))];
  // What all variants say need not be said of each.
  const common = variants.map((variant) => variant.split(" · ")).reduce((kept, parts) => kept.filter((part) => parts.includes(part)));
  const title = (variant) => variant.split(" · ").filter((part) => variants.length === 1 || !common.includes(part)).join(" · ") || variant;
  if (series.length <= LINES) {
    const dashed = series.map((one) => ({ ...one, dash: variants.indexOf(one.variant), band: series.length <= BANDS }));
    return { groups, variants: variants.length > 1 ? variants.map(title) : [], panels: [{ series: dashed }], said: "A line for each backbone. " };
  }
  if (groups.length <= LINES && variants.length <= PANELS) {
    const panels = variants.map((variant) => {
      const own = series.filter((one) => one.variant === variant);
      return { title: title(variant), series: own.map((one) => ({ ...one, band: own.length <= BANDS })) };
    });
    return { groups, variants: [], panels, said: "A panel for each variant, a line for each backbone, on the same axes. " };
  }
  const best = groups.slice(0, LINES).map((group) => series.find((one) => one.group === group));
  const which = variants.length > 1 ? ", each with its best variant (see the legend)" : "";
  return {
    groups: best.map(({ group }) => group), names: best.map(({ group, variant }) => (variants.length > 1 ? `${group} (${title(variant)})` : group)), variants: [],
    panels: [{ series: best }], said: `The ${best.length} best of ${groups.length} backbones${which}: filters choose others. `,
  };
}

function entriesOf({ groups, names = groups, variants }) {
  return [
    ...groups.map((group, index) => ({ group, name: names[index], look: lookOf(group) })),
    ...variants.map((name, dash) => ({ name, dash })),
  ];
}

function draw({ panels, groups }, width) {
  const board = currentBoard();
  const scores = scoreRange(board, panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(({ entry }) => entry))));
  const several = panels.length > 1;
  return lineChart({
    panels, width, height: several ? 190 : width < 500 ? 320 : 400,
    scales: (left, right, top, bottom) => [linear([0, 1], [left, right], { room: 0.02 }), linear(scores, [bottom, top])],
    baselines: namedBaselines(board),
    xLabel: "depth of the deepest layer: 0 the first, 1 the last",
    yLabel: scoreLabel(board),
    alternative: `Score by depth of the layer for ${groups.length} backbones on ${board.title}; the best are ${groups.slice(0, 3).join(", ")}.`,
  });
}
