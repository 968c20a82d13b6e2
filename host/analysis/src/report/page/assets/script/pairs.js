// Tested pairs of loss networks: a matrix where all were tested, else how far the others are from the best.

import { axisBelow, drawing, fit, lines, textWidth, wrapped } from "./axes.js";
import { withInterval } from "./describe.js";
import { bodyOf, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { scoreMark } from "./forest.js";
import { count, exact, plural } from "./format.js";
import { pointable } from "./marks.js";
import { network, scoreLabel } from "./model.js";
import { linear, usualRange } from "./scale.js";
import { onChoice } from "./state.js";

const SHOWN = 30;
const DIFFERENCES = 15;
const LINE = 24;
const LEAST = 17;
// Names in two lines need rows of this height.
const TALL = 30;
const ALPHA = 0.05;

/** Adds the figure to the leaderboard. */
export function showPairs() {
  const figure = new Figure({
    id: "figure-pairs",
    title: "Pairwise tests",
    draw: (width) => {
      const picture = contenders().length > 1 && (common() !== undefined ? differences(common(), width) : anyApart() && matrix(width));
      return picture ? { drawing: picture } : undefined;
    },
    table: () => ({ columns: columns(), items: rows() }),
    empty: () => (rows().length
      ? `None of ${plural(rows().length, "pair")} of these loss networks can be told apart, after Holm’s correction; the table has the differences.`
      : "No two of these loss networks were tested against each other."),
  });
  bodyOf("leaderboard").append(figure.node);
  const update = () => {
    const { pairs } = currentBoard();
    figure.node.hidden = !pairs.length;
    if (!pairs.length) return;
    const tests = [...new Set(pairs.map(({ test }) => test))].join(", ");
    const after = `p < ${ALPHA} after Holm’s correction (${tests}, on the same samples)`;
    const one = common();
    figure.update(one === undefined
      ? { title: "Pairwise tests", caption: !anyApart() ? "" : `Is the row better (+) or worse (−) than the column? Filled: ${after}; a small dot: can’t be told apart.` }
      : {
        title: `Differences from ${network(one).label}`,
        caption: `Only pairs with ${network(one).label} were tested. Left of 0: worse than it; filled and light: can’t be told from it, a ring: ${after}. `
          + `Lines: 95 % intervals of single differences, not corrected.${moreText(contenders().length - 1 - DIFFERENCES)}`,
      });
  };
  onChoice((keys) => { if (filtersIn(keys)) update(); });
  update();
}

function moreText(number) {
  return number > 0 ? ` The first ${DIFFERENCES} are drawn; ${count(number)} more are in the table.` : "";
}

/** The contender that is in all tests, where the best was tested against the others only. */
function common() {
  const { pairs } = currentBoard();
  if (pairs.length < 2) return undefined;
  return pairs[0].networks.find((position) => pairs.every(({ networks }) => networks.includes(position)));
}

/** The contenders that are in any test, the best first. */
function contenders() {
  const tested = new Set(currentBoard().pairs.flatMap(({ networks }) => networks));
  return shownEntries(currentBoard()).map((entry) => entry.network).filter((position) => tested.has(position));
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

/** Whether a test tells any two of those that are shown apart. */
function anyApart() {
  return rows().some((pair) => verdict({ pair, gain: pair.difference }) !== "same");
}

/** What a test says, as a class. */
function verdict({ pair, gain }) {
  const apart = pair.p === null ? pair.interval && pair.interval[0] * pair.interval[1] > 0 : pair.p < ALPHA;
  if (!apart) return "same";
  return gain > 0 ? "row-better" : "row-worse";
}

/** How much better or worse than one contender the others are, each with the interval of the difference. */
function differences(one, width) {
  const board = currentBoard();
  const cells = table();
  const shown = contenders().filter((position) => cells.has(`${position} ${one}`)).slice(0, DIFFERENCES);
  if (!shown.length) return undefined;
  const items = shown.map((position) => {
    const cell = cells.get(`${position} ${one}`);
    return { position, cell, value: cell.gain, interval: gainInterval(board, cell) };
  });
  const layout = lines(shown.map((position) => network(position).label), width, 8, LINE);
  const [left, right] = [layout.left, width - 14];
  const values = items.map(({ value }) => value);
  const place = linear([0, ...usualRange(values, items.map(({ interval }) => interval).filter((interval) => interval))], [left, right]);
  const picture = drawing(width, layout.bottom + 44, `Differences of ${shown.length} loss networks from ${network(one).label} on ${board.title}; the table view lists them.`);
  picture.append(
    axisBelow(place, { left, right, top: 8, bottom: layout.bottom, label: `better by (${scoreLabel(board)}), below 0 worse` }),
    s("line", { class: "reference", x1: place(0), x2: place(0), y1: 8, y2: layout.bottom }));
  const marks = items.map(({ position, cell, ...score }, index) => {
    const how = { same: "tied", "row-better": "best", "row-worse": "worse" }[verdict(cell)];
    picture.append(layout.name(index, how), scoreMark(score, how, place, [left, right], layout.middle(index)));
    return { x: 0, y: 8 + index * layout.height, width, height: layout.height, lines: () => pairLines(position, one, cell) };
  });
  pointable(picture, marks);
  return picture;
}

/** The interval of a difference from its row's side. */
function gainInterval(board, { pair, gain }) {
  if (!pair.interval) return null;
  return gain === pair.difference ? pair.interval : [-pair.interval[1], -pair.interval[0]];
}

function matrix(width) {
  const board = currentBoard();
  const cells = table();
  const all = contenders().slice(0, SHOWN);
  const names = all.map((position) => network(position).label);
  const most = width * (width < 480 ? 0.5 : 0.42);
  const room = Math.min(Math.max(...names.map((name) => textWidth(name))) + 38, most);
  // Smaller squares than these can't be read: a narrow page shows fewer of the best.
  const twoLines = names.some((name) => textWidth(name) > room - 34);
  const least = twoLines ? TALL : LEAST;
  const list = all.slice(0, Math.max(2, Math.floor((width - room - 8) / LEAST)));
  const across = Math.min(34, (width - room - 8) / list.length);
  const size = Math.max(across, least);
  const top = 26;
  const left = all.length - list.length;
  const height = top + size * list.length + (left ? 24 : 6);
  const picture = drawing(width, height, `Pairwise tests of ${list.length} loss networks on ${board.title}; the table view lists them.`);
  const marks = [];
  list.forEach((row, i) => {
    const y = top + i * size;
    const parts = wrapped(names[i], room - 34, "12px system-ui, sans-serif");
    parts.forEach((part, line) => picture.append(
      s("text", { class: "name", x: room - 30, y: y + size / 2 + (line - (parts.length - 1) / 2) * 14, dy: "0.35em", "text-anchor": "end" }, part)));
    picture.append(s("text", { class: "name worse", x: room - 8, y: y + size / 2, dy: "0.35em", "text-anchor": "end" }, String(i + 1)));
    picture.append(s("text", { class: "name worse", x: room + (i + 0.5) * across, y: top - 8, "text-anchor": "middle" }, String(i + 1)));
    list.forEach((column, j) => {
      const box = { x: room + j * across, y, width: across - 1, height: size - 1 };
      const cell = cells.get(`${row} ${column}`);
      if (i === j) picture.append(s("rect", { class: "pair self", ...box }));
      else if (!cell) picture.append(s("rect", { class: "pair untested", ...box }));
      else picture.append(...pairShape(verdict(cell), box));
      if (i !== j) marks.push({ ...box, lines: () => pairLines(row, column, cell) });
    });
  });
  if (left) picture.append(s("text", { class: "name worse", x: 2, y: height - 6 }, fit(`${left} more have no room here: see the table`, width - 4)));
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

function pairLines(row, column, cell) {
  const heading = `${network(row).label} against ${network(column).label}`;
  if (!cell) return [heading, "not tested"];
  const words = { same: "can’t be told apart", "row-better": "the first is better", "row-worse": "the first is worse" };
  const [first, second] = cell.pair.networks.map((position) => network(position).label);
  const { text, test } = cell.pair;
  return [heading, words[verdict(cell)], `${first} − ${second}: ${withInterval(text)}`, `${test}, corrected p ${text.p ?? "–"}, alone p ${text.p_alone ?? "–"}`];
}

function rows() {
  const shown = new Set(contenders());
  return currentBoard().pairs.filter(({ networks }) => networks.every((position) => shown.has(position)));
}

function columns() {
  const name = (key, title, which) => ({ key, title, width: 32, value: ({ networks }) => network(networks[which]).label, text: ({ networks }) => network(networks[which]).label });
  const p = (key, title) => ({ key, title, numeric: true, width: 12, value: (pair) => pair[key], text: ({ text }) => text[key] ?? "–", file: (pair) => exact(pair[key]) });
  return [
    name("first", "First", 0), name("second", "Second", 1),
    {
      key: "difference", title: "First − second [95 % interval]", hint: "The interval of this pair alone, not corrected", numeric: true, width: 34,
      value: (pair) => pair.difference, text: (pair) => withInterval(pair.text),
      files: [
        ["shown", (pair) => withInterval(pair.text)], ["difference", (pair) => exact(pair.difference)],
        ["interval_low", (pair) => exact(pair.interval?.[0])], ["interval_high", (pair) => exact(pair.interval?.[1])],
      ],
    },
    p("p", "p (Holm)"), p("p_alone", "p alone"),
    { key: "test", title: "Test", width: 18, value: ({ test }) => test, text: ({ test }) => test },
  ];
}
