// Scores with their intervals, one contender a line; then what is reached without a loss network.

import { axisBelow, drawing, lines, textWidth } from "./axes.js";
import { entryLines } from "./describe.js";
import { s } from "./dom.js";
import { pointable } from "./marks.js";
import { baselineEntries, direction, nameOf, scoreLabel, standing } from "./model.js";
import { linear, nearby, usualRange } from "./scale.js";

const LINE = 26;
const TOP = 8;
const BOTTOM = 44;

/** A drawing of these entries of a board, in the order given, with the board's baselines below them. */
export function forest(board, entries, width, { label = scoreLabel(board) } = {}) {
  const shown = [...entries, ...baselineEntries(board)];
  const scores = shown.map(({ text }) => text.value);
  const scoreRoom = Math.max(...scores.map((score) => textWidth(score, "650 12px system-ui, sans-serif"))) + 12;
  const layout = lines(shown.map(nameOf), width, TOP, LINE);
  const [left, right] = [layout.left, width - scoreRoom - 6];
  const place = linear(scoreRange(board, entries), [left, right]);
  const picture = drawing(width, layout.bottom + BOTTOM, alternative(board, entries));
  picture.append(axisBelow(place, { left, right, top: TOP, bottom: layout.bottom, label: `${label}, ${direction(board)}` }));
  const best = entries.find((entry) => entry.rank === 1 && entry.value !== null);
  if (best) picture.append(s("line", { class: "reference", x1: place(best.value), x2: place(best.value), y1: TOP, y2: layout.bottom }));
  shown.forEach((entry, index) => {
    const y = layout.middle(index);
    const how = standing(entry);
    picture.append(layout.name(index, how));
    picture.append(s("text", { class: `number ${how}`, x: width - 4, y, dy: "0.35em", "text-anchor": "end" }, scores[index]));
    if (entry.value !== null) picture.append(scoreMark(entry, how, place, [left, right], y, entry.baseline ? [TOP, layout.bottom] : undefined));
  });
  const marks = shown.map((entry, index) => ({ x: 0, y: TOP + index * layout.height, width, height: layout.height, lines: () => entryLines(board, entry) }));
  pointable(picture, marks);
  return picture;
}

/** What an axis of the scores of these entries must hold, with baselines that are not far away. */
export function scoreRange(board, entries) {
  const values = entries.map(({ value }) => value).filter((value) => value !== null);
  const intervals = entries.map(({ interval }) => interval).filter((interval) => interval);
  const range = usualRange(values, intervals);
  return range.length ? [...range, ...nearby(range, board.baselines.map(({ value }) => value))] : board.baselines.map(({ value }) => value);
}

/** A score with its interval, which ends in an arrow where it goes on beyond the axis; baselines are lines through all others. */
export function scoreMark({ value, interval }, how, place, [left, right], y, through) {
  const group = s("g", { class: `score ${how}` });
  const within = (x) => Math.min(Math.max(x, left), right);
  if (interval) {
    const [low, high] = interval.map(place);
    const end = (x, inward) => (x === within(x) ? `M${x} ${y - 4}V${y + 4}` : `M${within(x) + inward * 6} ${y - 4}L${within(x)} ${y}L${within(x) + inward * 6} ${y + 4}`);
    group.append(s("path", { class: "whisker", d: `M${within(low)} ${y}H${within(high)}${end(low, 1)}${end(high, -1)}` }));
  }
  const x = place(value);
  if (x !== within(x)) {
    const inward = x < left ? 1 : -1;
    group.append(s("path", { class: "whisker", d: `M${within(x) + inward * 6} ${y - 4}L${within(x)} ${y}L${within(x) + inward * 6} ${y + 4}` }));
  } else if (through) {
    group.append(s("line", { class: "baseline-line", x1: x, x2: x, y1: through[0], y2: through[1] }), s("path", { class: "diamond", d: `M${x - 5} ${y}L${x} ${y - 5}L${x + 5} ${y}L${x} ${y + 5}Z` }));
  } else {
    group.append(s("circle", { cx: x, cy: y, r: 4.5 }));
  }
  return group;
}

function alternative(board, entries) {
  const spoken = [...entries.slice(0, 5), ...baselineEntries(board)].map((entry) => `${nameOf(entry)} ${entry.text.value}`);
  const more = entries.length > 5 ? ` and ${entries.length - 5} more` : "";
  return `${board.title}, ${direction(board)}: ${spoken.join("; ")}${more}.`;
}
