// Every two loss networks against each other.

import { drawing, fit, textWidth } from "./axes.js";
import { scoreText } from "./describe.js";
import { bodyOf, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { exact, fixed, probability } from "./format.js";
import { pointable } from "./marks.js";
import { network } from "./model.js";
import { onChoice } from "./state.js";

const SHOWN = 30;
const LEAST = 17;
const ALPHA = 0.05;

/** Adds the matrix to the leaderboard. */
export function showPairs() {
  const figure = new Figure({
    id: "figure-pairs",
    title: "Pairwise tests",
    draw: (width) => (contenders().length > 1 ? { drawing: matrix(width) } : undefined),
    table: () => ({ columns: columns(currentBoard()), items: rows() }),
    empty: "No two of these loss networks were tested against each other.",
  });
  bodyOf("leaderboard").append(figure.node);
  const update = () => {
    const { pairs } = currentBoard();
    figure.node.hidden = !pairs.length;
    if (!pairs.length) return;
    const tests = [...new Set(pairs.map(({ test }) => test))].join(", ");
    figure.update({
      caption: `Is the row better (+) or worse (−) than the column? Filled: p < ${ALPHA} after Holm’s correction (${tests}, on the same samples); `
        + "a small dot: can’t be told apart; hatched: not tested.",
    });
  };
  onChoice((keys) => { if (filtersIn(keys)) update(); });
  update();
}

/** The contenders that are in any test, the best first. */
function contenders() {
  const tested = new Set(currentBoard().pairs.flatMap(({ networks }) => networks));
  return shownEntries(currentBoard()).map((entry) => entry.network).filter((position) => tested.has(position)).slice(0, SHOWN);
}

/** Each pair from its row's side: positive where the row is better. */
function table() {
  const board = currentBoard();
  const sign = board.higher_is_better ? 1 : -1;
  const cells = new Map();
  for (const pair of board.pairs) {
    const [a, b] = pair.networks;
    cells.set(`${a} ${b}`, { pair, gain: sign * pair.difference });
    cells.set(`${b} ${a}`, { pair, gain: -sign * pair.difference });
  }
  return cells;
}

/** What a test says, as a class. */
function verdict({ pair, gain }) {
  const apart = pair.p === null ? pair.interval && pair.interval[0] * pair.interval[1] > 0 : pair.p < ALPHA;
  if (!apart) return "same";
  return gain > 0 ? "row-better" : "row-worse";
}

function matrix(width) {
  const board = currentBoard();
  const cells = table();
  const all = contenders();
  const names = all.map((position) => network(position).label);
  const room = Math.min(Math.max(...names.map((name) => textWidth(name))) + 38, width * 0.42);
  // Smaller squares than these can't be read: a narrow page shows fewer of the best.
  const list = all.slice(0, Math.max(2, Math.floor((width - room - 8) / LEAST)));
  const size = Math.min(34, (width - room - 8) / list.length);
  const top = 26;
  const left = all.length - list.length;
  const height = top + size * list.length + (left ? 24 : 6);
  const picture = drawing(width, height, `Pairwise tests of ${list.length} loss networks on ${board.title}; the table view lists them.`);
  const marks = [];
  list.forEach((row, i) => {
    const y = top + i * size;
    picture.append(s("text", { class: "name", x: room - 30, y: y + size / 2, dy: "0.35em", "text-anchor": "end" }, fit(names[i], room - 34)));
    picture.append(s("text", { class: "name worse", x: room - 8, y: y + size / 2, dy: "0.35em", "text-anchor": "end" }, String(i + 1)));
    picture.append(s("text", { class: "name worse", x: room + (i + 0.5) * size, y: top - 8, "text-anchor": "middle" }, String(i + 1)));
    list.forEach((column, j) => {
      const box = { x: room + j * size, y, width: size - 1, height: size - 1 };
      const cell = cells.get(`${row} ${column}`);
      if (i === j) picture.append(s("rect", { class: "pair self", ...box }));
      else if (!cell) picture.append(s("rect", { class: "pair untested", ...box }));
      else picture.append(...pairShape(verdict(cell), box));
      if (i !== j) marks.push({ ...box, lines: () => pairLines(board, row, column, cell) });
    });
  });
  if (left) picture.append(s("text", { class: "name worse", x: room, y: height - 6 }, fit(`${left} more have no room here: see the table`, width - room)));
  pointable(picture, marks);
  return picture;
}

function pairShape(how, box) {
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  if (how === "same") return [s("rect", { class: "pair same", ...box }), s("circle", { class: "pair-dot", cx: x, cy: y, r: Math.min(2.5, box.width / 5) })];
  const arm = box.width / 5;
  const sign = how === "row-better" ? `M${x - arm} ${y}H${x + arm}M${x} ${y - arm}V${y + arm}` : `M${x - arm} ${y}H${x + arm}`;
  return [s("rect", { class: `pair ${how}`, ...box }), s("path", { class: "pair-sign", d: sign })];
}

function pairLines(board, row, column, cell) {
  const heading = `${network(row).label} against ${network(column).label}`;
  if (!cell) return [heading, "not tested"];
  const words = { same: "can’t be told apart", "row-better": "the first is better", "row-worse": "the first is worse" };
  const [a, b] = [cell.pair.networks[0] === row ? 1 : -1, cell.pair.interval];
  const interval = b && (a > 0 ? b : [-b[1], -b[0]]);
  return [
    heading,
    words[verdict(cell)],
    `difference of scores ${scoreText(board, a * cell.pair.difference)}${interval ? ` (95 % interval ${scoreText(board, interval[0])} to ${scoreText(board, interval[1])})` : ""}`,
    `${cell.pair.test}, corrected p ${probability(cell.pair.p)}`,
  ];
}

function rows() {
  const shown = new Set(contenders());
  return currentBoard().pairs.filter(({ networks }) => networks.every((position) => shown.has(position)));
}

function columns(board) {
  const name = (key, title, which) => ({ key, title, width: 32, value: ({ networks }) => network(networks[which]).label, text: ({ networks }) => network(networks[which]).label });
  const end = (key, title, which) => ({
    key, title, numeric: true, width: 12, value: ({ interval }) => interval?.[which] ?? null,
    text: ({ interval }) => scoreText(board, interval?.[which]), file: ({ interval }) => exact(interval?.[which]),
  });
  return [
    name("first", "First", 0), name("second", "Second", 1),
    { key: "difference", title: "First − second", numeric: true, width: 16, value: (pair) => pair.difference, text: (pair) => fixed(pair.difference, board.decimals), file: (pair) => exact(pair.difference) },
    end("interval_low", "95 % from", 0), end("interval_high", "to", 1),
    { key: "p", title: "p (Holm)", numeric: true, width: 11, value: ({ p }) => p, text: ({ p }) => probability(p), file: ({ p }) => exact(p) },
    { key: "test", title: "Test", width: 18, value: ({ test }) => test, text: ({ test }) => test },
  ];
}
