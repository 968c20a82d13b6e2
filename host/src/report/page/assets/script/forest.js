// Scores with their intervals, one contender a line.

import { axisBelow, drawing, nameRoom, nameText, textWidth } from "./axes.js";
import { entryLines, scoreText } from "./describe.js";
import { s } from "./dom.js";
import { pointable } from "./marks.js";
import { direction, network, scoreLabel, standing } from "./model.js";
import { linear } from "./scale.js";

const LINE = 26;
const TOP = 8;
const BOTTOM = 44;

/** A drawing of these entries of a board, in the order given. */
export function forest(board, entries, width, { label = scoreLabel(board) } = {}) {
  const names = entries.map((entry) => network(entry.network).label);
  const room = nameRoom(names, width, width < 480 ? 0.38 : 0.42);
  const scores = entries.map((entry) => scoreText(board, entry.value));
  const scoreRoom = Math.max(...scores.map((score) => textWidth(score, "650 12px system-ui, sans-serif"))) + 12;
  const [left, right] = [room + 14, width - scoreRoom - 6];
  const bottom = TOP + entries.length * LINE;
  const place = linear(entries.flatMap((entry) => [entry.value, ...(entry.interval ?? [])]), [left, right]);
  const picture = drawing(width, bottom + BOTTOM, alternative(board, entries));
  picture.append(axisBelow(place, { left, right, top: TOP, bottom, label: `${label}, ${direction(board)}` }));
  const best = entries.find((entry) => entry.rank === 1 && entry.value !== null);
  if (best) picture.append(s("line", { class: "reference", x1: place(best.value), x2: place(best.value), y1: TOP, y2: bottom }));
  entries.forEach((entry, index) => {
    const y = TOP + (index + 0.5) * LINE;
    const how = standing(entry);
    picture.append(nameText(names[index], room, y, how));
    picture.append(s("text", { class: `number ${how}`, x: width - 4, y, dy: "0.35em", "text-anchor": "end" }, scores[index]));
    if (entry.value === null) return;
    const group = s("g", { class: `score ${how}` });
    if (entry.interval) {
      const [low, high] = entry.interval.map(place);
      group.append(s("path", { class: "whisker", d: `M${low} ${y}H${high}M${low} ${y - 4}V${y + 4}M${high} ${y - 4}V${y + 4}` }));
    }
    group.append(s("circle", { cx: place(entry.value), cy: y, r: 4.5 }));
    picture.append(group);
  });
  const marks = entries.map((entry, index) => ({ x: 0, y: TOP + index * LINE, width, height: LINE, lines: () => entryLines(board, entry) }));
  pointable(picture, marks);
  return picture;
}

function alternative(board, entries) {
  const spoken = entries.slice(0, 5).map((entry) => `${network(entry.network).label} ${scoreText(board, entry.value)}`);
  const more = entries.length > 5 ? ` and ${entries.length - 5} more` : "";
  return `${board.title}, ${direction(board)}: ${spoken.join("; ")}${more}.`;
}
