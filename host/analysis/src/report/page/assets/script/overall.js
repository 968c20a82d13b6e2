// What holds over all tasks: mean ranks, agreement of tasks, verdicts on statements.

import { axisBelow, drawing, fit, lines, textWidth } from "./axes.js";
import { inkOn, signed } from "./colour.js";
import { withInterval } from "./describe.js";
import { bodyOf, byId, h, s } from "./dom.js";
import { Figure } from "./figure.js";
import { scoreMark } from "./forest.js";
import { count, exact } from "./format.js";
import { pointable } from "./marks.js";
import { boards, report } from "./model.js";
import { linear } from "./scale.js";

const LINE = 24;
const SHOWN = 20;
const { overall, claims } = report;

/** Fills the section; without several boards or statements there is none. */
export function showOverall() {
  const several = overall.boards.length > 1;
  const ranks = [
    ["backbones", "Backbones", "the best layer of each"],
    ["networks", "Backbones and layers", "each by itself"],
    ["layers", "Layers", "from early to late, within backbones"],
  ].filter(([key]) => several && overall[key].length);
  const body = bodyOf("overall");
  if (claims.length) body.append(h("h3", {}, "Statements"), h("ul", { class: "claims" }, claims.map(claim)));
  if (ranks.length) body.append(h("div", { class: "tiles two" }, ranks.map(meanRanks)));
  if (overall.between_boards.length) body.append(agreement());
  byId("overall").hidden = !body.childElementCount;
}

const VERDICTS = { holds: ["✓", "good"], "does not hold": ["✗", "bad"], undecided: ["?", "open"], "no data": ["–", "none"] };

function claim({ text, source, verdict, evidence }) {
  const [sign, look] = VERDICTS[verdict] ?? ["·", "none"];
  return h("li", {},
    h("p", { class: `verdict ${look}` }, h("span", { "aria-hidden": "true" }, sign), ` ${verdict}`),
    h("div", {}, h("p", { class: "claim" }, text, source && h("cite", {}, ` (${source})`)), h("p", { class: "note" }, evidence)));
}

function boardName(position) {
  const { task, variant, title } = boards[position];
  const same = overall.boards.filter((other) => boards[other].task === task && boards[other].variant === variant);
  if (same.length > 1) return title;
  return variant ? `${task}, ${variant}` : task;
}

function meanRanks([key, title, what]) {
  const list = overall[key];
  const shown = list.slice(0, SHOWN);
  const some = list.length > SHOWN ? ` The best ${SHOWN} of ${count(list.length)}.` : "";
  const figure = new Figure({
    id: `figure-mean-rank-${key}`,
    title: `${title}: mean rank`,
    caption: `Mean rank over ${count(overall.boards.length)} boards (${what}): 0 is the best of each board, 1 the worst. Lines: 95 % intervals; `
      + `ticks: single boards. Light: can’t be told from the best.${some}`,
    draw: (width) => ({ drawing: rankPicture(title, shown, width) }),
    table: () => ({ columns: rankColumns(), items: list }),
  });
  if (key === "networks") figure.node.classList.add("tall");
  return figure.node;
}

function rankPicture(title, list, width) {
  const top = 6;
  const layout = lines(list.map(({ name }) => name), width, top, LINE);
  const { left, bottom } = layout;
  const right = width - 44;
  const place = linear([0, 1], [left, right], { room: 0.02 });
  const best = list.slice(0, 3).map(({ name, text }) => `${name} ${text.value}`).join("; ");
  const picture = drawing(width, bottom + 44, `${title} by mean rank over boards, 0 is best: ${best}.`);
  picture.append(axisBelow(place, { left, right, top, bottom, label: "mean rank, 0 is best" }));
  const least = Math.min(...list.map((item) => item.mean_rank));
  const marks = list.map(({ name, mean_rank: rank, interval, tied_with_best: tied, ranks, rank_texts: texts, text }, index) => {
    const y = layout.middle(index);
    const single = ranks.filter((value) => value !== null).map((value) => `M${place(value)} ${y - 5}V${y + 5}`).join("");
    const how = rank === least ? "best" : tied ? "tied" : "worse";
    picture.append(
      layout.name(index, how),
      s("path", { class: "single-ranks", d: single }),
      scoreMark({ value: rank, interval }, how, place, [left, right], y),
      s("text", { class: `number ${how}`, x: width - 4, y, dy: "0.35em", "text-anchor": "end" }, text.value));
    const lines = () => [name, `mean rank ${withInterval(text)}`, ...texts.map((value, board) => `${boardName(overall.boards[board])}: ${value}`)];
    return { x: 0, y: top + index * layout.height, width, height: layout.height, lines };
  });
  pointable(picture, marks);
  return picture;
}

function rankColumns() {
  return [
    { key: "name", title: "Name", width: 30, value: ({ name }) => name, text: ({ name }) => name },
    {
      key: "mean_rank", title: "Mean rank [95 % interval]", numeric: true, width: 27, value: (item) => item.mean_rank, text: (item) => withInterval(item.text),
      files: [
        ["shown", (item) => withInterval(item.text)], ["mean_rank", (item) => exact(item.mean_rank)],
        ["interval_low", (item) => exact(item.interval?.[0])], ["interval_high", (item) => exact(item.interval?.[1])],
      ],
    },
    ...overall.boards.map((position, index) => ({
      key: boards[position].id, title: boardName(position), numeric: true, width: 16,
      value: ({ ranks }) => ranks[index], text: (item) => item.rank_texts[index], file: ({ ranks }) => exact(ranks[index]),
    })),
  ];
}

function agreement() {
  const kinds = [...new Set(overall.between_boards.map(({ correlation }) => correlation.kind))];
  let kind = kinds.includes("spearman") ? "spearman" : kinds[0];
  const select = h("select", { id: "agreement-kind", onchange: () => { kind = select.value; figure.update(); } }, kinds.map((one) => h("option", { value: one }, one)));
  select.value = kind;
  const figure = new Figure({
    id: "figure-agreement",
    title: "Do tasks agree?",
    controls: kinds.length > 1 ? [h("label", {}, h("span", {}, "Correlation "), select)] : [],
    caption: "Correlation of the rankings of each two boards: 1 the same order, 0 unrelated, −1 the reverse.",
    draw: (width) => ({ drawing: matrix(kind, width) }),
    table: () => ({ columns: AGREEMENT, items: overall.between_boards }),
  });
  return figure.node;
}

function correlationLines({ boards: pair, correlation: { kind, text, count: points } }) {
  return [
    `${boardName(pair[0])} and ${boardName(pair[1])}`,
    `${kind} ${text.value}${text.interval ? `, 95 % interval ${text.interval.join(" to ")}` : ""}`,
    `${text.p ? `p ${text.p}, ` : ""}${count(points)} loss networks on both`,
  ];
}

function matrix(kind, width) {
  const list = [...new Set(overall.between_boards.flatMap((item) => item.boards))].sort((a, b) => a - b);
  const names = list.map(boardName);
  const room = Math.min(Math.max(...names.map((name) => textWidth(name))) + 38, width * 0.45);
  const size = Math.min(64, (width - room - 4) / list.length);
  const [top, height] = [26, Math.min(size, 44)];
  const picture = drawing(width, top + list.length * height + 8, `${kind} correlation of the rankings of ${list.length} boards; the table view lists them.`);
  const cells = new Map();
  for (const item of overall.between_boards.filter(({ correlation }) => correlation.kind === kind)) {
    cells.set(item.boards.join(" "), item);
    cells.set([...item.boards].reverse().join(" "), item);
  }
  const marks = [];
  list.forEach((row, i) => {
    const y = top + i * height;
    picture.append(
      s("text", { class: "name", x: room - 30, y: y + height / 2, dy: "0.35em", "text-anchor": "end" }, fit(names[i], room - 34)),
      s("text", { class: "name worse", x: room - 8, y: y + height / 2, dy: "0.35em", "text-anchor": "end" }, String(i + 1)),
      s("text", { class: "name", x: room + (i + 0.5) * size, y: top - 8, "text-anchor": "middle" }, String(i + 1)));
    list.forEach((column, j) => {
      const box = { x: room + j * size, y, width: size - 1, height: height - 1 };
      const item = cells.get(`${row} ${column}`);
      if (!item || item.correlation.value === null) {
        picture.append(s("rect", { class: i === j ? "pair self" : "pair untested", ...box }));
        return;
      }
      const colour = signed(item.correlation.value);
      picture.append(s("rect", { ...box, fill: colour }));
      if (size >= 40) picture.append(s("text", { class: `in-cell ${inkOn(colour)}`, x: box.x + box.width / 2, y: y + box.height / 2, dy: "0.35em", "text-anchor": "middle" }, item.correlation.text.value));
      marks.push({ ...box, lines: () => correlationLines(item) });
    });
  });
  pointable(picture, marks);
  return picture;
}

const AGREEMENT = [
  { key: "first", title: "First", width: 30, value: (item) => boardName(item.boards[0]), text: (item) => boardName(item.boards[0]) },
  { key: "second", title: "Second", width: 30, value: (item) => boardName(item.boards[1]), text: (item) => boardName(item.boards[1]) },
  { key: "kind", title: "Kind", width: 11, value: (item) => item.correlation.kind, text: (item) => item.correlation.kind },
  {
    key: "value", title: "Value [95 % interval]", numeric: true, width: 24, value: (item) => item.correlation.value, text: (item) => withInterval(item.correlation.text),
    files: [
      ["value", (item) => exact(item.correlation.value)], ["interval_low", (item) => exact(item.correlation.interval?.[0])],
      ["interval_high", (item) => exact(item.correlation.interval?.[1])],
    ],
  },
  { key: "p", title: "p", numeric: true, width: 9, value: (item) => item.correlation.p, text: (item) => item.correlation.text.p ?? "–", file: (item) => exact(item.correlation.p) },
  { key: "count", title: "On both", numeric: true, width: 9, value: (item) => item.correlation.count, text: (item) => count(item.correlation.count), file: (item) => exact(item.correlation.count) },
];
