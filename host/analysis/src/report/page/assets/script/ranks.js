// The critical-difference diagram (Demšar 2006): average ranks, and who can't be told apart.

import { axisBelow, drawing, lines } from "./axes.js";
import { bodyOf, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard } from "./filters.js";
import { count, exact } from "./format.js";
import { pointable } from "./marks.js";
import { network } from "./model.js";
import { linear } from "./scale.js";
import { onChoice } from "./state.js";

const LINE = 22;
const TOP = 30;
const BOTTOM = 44;
// More than these lie in one band, and say nothing more.
const SHOWN = 12;

/** Adds the diagram to the leaderboard. */
export function showRanks() {
  const figure = new Figure({
    id: "figure-ranks",
    title: "Critical differences",
    draw: (width) => ranksOf() && { drawing: diagram(ranksOf(), width) },
    table: () => ({ columns: COLUMNS, items: rows(ranksOf()) }),
    empty: "There are no blocks, such as samples or repetitions, to rank the loss networks in.",
  });
  bodyOf("leaderboard").append(figure.node);
  const update = () => {
    const ranks = ranksOf();
    figure.node.hidden = !ranks;
    if (!ranks) return;
    const shortened = ranks.averages.length > SHOWN ? ` The best ${SHOWN} of ${count(ranks.averages.length)} are drawn; the table has all.` : "";
    const friedman = ranks.text.p ? ` Friedman’s test: p ${withSign(ranks.text.p)}.` : "";
    figure.update({
      caption: `Average rank over ${count(ranks.count)} ${ranks.blocks}, 1 is best. A bar joins those that can’t be told apart: `
        + `their ranks differ by less than ${ranks.text.value} (Nemenyi’s test, α = 0.05).${friedman}${shortened} Filters don’t apply.`,
    });
  };
  onChoice((keys) => { if (keys.has("board")) update(); });
  update();
}

function withSign(text) {
  return text.startsWith("<") ? text : `= ${text}`;
}

function ranksOf() {
  const { ranks } = currentBoard();
  return ranks && ranks.averages.length ? ranks : undefined;
}

function diagram(ranks, width) {
  const shown = ranks.averages.slice(0, SHOWN);
  const cliques = ranks.cliques
    .map(([first, last]) => [first, Math.min(last, shown.length - 1)])
    .filter(([first, last]) => first < shown.length && last > first)
    // What is cut off at the same end lies within another one.
    .filter(([first, last], index, all) => !all.some(([from, to], other) => other !== index && from <= first && to >= last && (from < first || to > last || other < index)));
  const lanes = laneOf(cliques);
  const spare = Math.max(0, ...lanes.map((lane) => lane + 1)) * 8 + 10;
  const names = shown.map(([position]) => network(position).label);
  const texts = ranks.average_texts;
  const layout = lines(names, width, TOP, LINE, spare);
  const { left, bottom } = layout;
  const right = width - 44;
  const place = linear([...shown.map(([, rank]) => rank), shown[0][1] + ranks.critical_difference], [left, right]);
  const spoken = names.slice(0, 5).map((name, index) => `${name} ${texts[index]}`).join("; ");
  const picture = drawing(width, bottom + BOTTOM, `Average ranks, 1 is best: ${spoken}. Critical difference ${ranks.text.value}.`);
  picture.append(axisBelow(place, { left, right, top: TOP, bottom, label: "average rank, 1 is best" }));
  const [from, to] = [place(shown[0][1]), place(shown[0][1] + ranks.critical_difference)];
  picture.append(
    s("rect", { class: "band", x: from, y: TOP, width: to - from, height: bottom - TOP }),
    s("path", { class: "measure", d: `M${from} 24V16M${from} 20H${to}M${to} 24V16` }),
    s("text", { class: "label", x: Math.min((from + to) / 2, width - 40), y: 11, "text-anchor": "middle" }, `CD ${ranks.text.value}`));
  cliques.forEach(([first, last], index) => {
    const x = layout.gutter + 10 + lanes[index] * 8;
    picture.append(s("line", { class: "clique", x1: x, x2: x, y1: TOP + (first + 0.25) * layout.height, y2: TOP + (last + 0.75) * layout.height }));
  });
  const marks = shown.map(([, rank], index) => {
    const y = layout.middle(index);
    const how = rank - shown[0][1] < ranks.critical_difference ? (index ? "tied" : "best") : "worse";
    picture.append(
      layout.name(index, how),
      s("g", { class: `score ${how}` }, s("circle", { cx: place(rank), cy: y, r: 4.5 })),
      s("text", { class: `number ${how}`, x: width - 4, y, dy: "0.35em", "text-anchor": "end" }, texts[index]));
    return { x: 0, y: TOP + index * layout.height, width, height: layout.height, lines: () => [names[index], `average rank ${texts[index]}`] };
  });
  pointable(picture, marks);
  return picture;
}

/** A lane for each clique so that none covers another. */
function laneOf(cliques) {
  const ends = [];
  return cliques.map(([first, last]) => {
    let lane = ends.findIndex((end) => end < first);
    if (lane < 0) lane = ends.length;
    ends[lane] = last;
    return lane;
  });
}

const COLUMNS = [
  { key: "label", title: "Loss network", width: 40, value: ({ label }) => label, text: ({ label }) => label },
  { key: "rank", title: "Average rank", numeric: true, width: 14, value: ({ rank }) => rank, text: ({ text }) => text, file: ({ rank }) => exact(rank) },
  { key: "groups", title: "Groups", width: 16, hint: "Those in a common group can’t be told apart", value: ({ groups }) => groups, text: ({ groups }) => groups },
];

function rows(ranks) {
  return ranks.averages.map(([position, rank], index) => ({
    label: network(position).label,
    rank,
    text: ranks.average_texts[index],
    groups: ranks.cliques.map(([first, last], group) => (first <= index && index <= last ? String(group + 1) : "")).filter((text) => text).join(", "),
  }));
}
