// The report's data, and names for what is in it.

import { read } from "./document.js";

/** The document that lossnet wrote. */
export const report = await read();

// An interval whose ends are not finite numbers says nothing: it is taken for none.
function withoutOpenIntervals(items) {
  for (const item of items) {
    if (item.interval?.includes(null) || item.value === null) {
      item.interval = null;
      delete item.text.interval;
    }
  }
}

for (const board of report.boards) {
  for (const items of [board.entries, board.pairs, board.correlations]) withoutOpenIntervals(items);
}
withoutOpenIntervals(report.overall.between_boards.map(({ correlation }) => correlation));
for (const key of ["backbones", "networks", "layers"]) withoutOpenIntervals(report.overall[key]);

function joined(parts) {
  return parts.filter((part) => part !== "").join(" · ");
}

/** The leaderboards, each with its address and its names. */
export const boards = report.boards.map((board, index) => ({
  ...board,
  index,
  id: [board.task, board.variant, board.dataset, board.metric, board.split].join("/"),
  title: joined([board.task, board.variant, board.dataset, board.metric, board.split]),
  // Where it is from: boards of one place stand together.
  place: joined([board.task, board.variant, board.dataset]),
}));

/** What the axis of a board's scores says. */
export function scoreLabel(board) {
  const unit = board.unit ? ` (${board.unit})` : "";
  return `${board.metric}${unit}`;
}

/** The direction of a board in words. */
export function direction(board) {
  return board.higher_is_better ? "higher is better" : "lower is better";
}

/** The direction as a sign. */
export function arrow(board) {
  return board.higher_is_better ? "↑" : "↓";
}

/** The contender at this position. */
export function network(position) {
  return report.networks[position];
}

const backbones = [...new Set(report.networks.map(({ backbone }) => backbone))].sort();

/** The place of a backbone among all of the report in the order of their names, by which it has its colour everywhere. */
export function backbonePlace(backbone) {
  return backbones.indexOf(backbone);
}

/** Whether one value of a board is better than another; what is missing is never better. */
export function better(board, a, b) {
  if (a === null) return false;
  if (b === null) return true;
  return board.higher_is_better ? a > b : a < b;
}

/** All in which contenders may differ besides backbone and layers. */
export function variantOf(contender) {
  const others = Object.entries(contender.others).map(([key, value]) => `${key}=${value}`);
  return joined([contender.weights, contender.comparison, ...others]);
}

/** The baselines of a board as lines between its entries: they have a name, a score and a place behind what is better, and no rank. */
export function baselineEntries(board) {
  const place = (value) => board.entries.filter((entry) => better(board, entry.value, value)).length + 0.5;
  return board.baselines.map((baseline) => ({ ...baseline, baseline: true, interval: null, place: place(baseline.value) }));
}

/** The baselines of a board with their scores in their names, for the edges of charts. */
export function namedBaselines(board) {
  return board.baselines.map(({ name, value, text }) => ({ name: `${name} ${text.value}`, value }));
}

/** What a line of a board is called. */
export function nameOf(entry) {
  return entry.baseline ? entry.name : network(entry.network).label;
}

/** How an entry stands: the best, not told from the best, or worse; a baseline has no standing. */
export function standing(entry) {
  if (entry.baseline) return "baseline";
  if (entry.value === null) return "missing";
  if (entry.rank === 1) return "best";
  return entry.tied_with_best ? "tied" : "worse";
}

/** The boards that count, one per task; all where none is said to be a main one. */
export const mainBoards = (() => {
  const counted = report.overall.boards.map((position) => boards[position]);
  if (counted.length) return counted;
  const main = boards.filter((board) => board.main);
  return main.length ? main : boards.slice(0, 6);
})();

/** Whether the answer at the head of the report has this sentence already. */
export function isSaid(sentence) {
  return report.answer.some((part) => part.includes(sentence));
}
