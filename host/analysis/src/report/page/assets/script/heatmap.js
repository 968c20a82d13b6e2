// Backbone by layer: where in a backbone the best features are.

import { drawing, fit, textWidth } from "./axes.js";
import { inkOn, sequential } from "./colour.js";
import { entryColumns, entryLines } from "./describe.js";
import { bodyOf, h, s } from "./dom.js";
import { Figure } from "./figure.js";
import { currentBoard, filtersIn, shownEntries } from "./filters.js";
import { pointable } from "./marks.js";
import { better, direction, network, scoreLabel } from "./model.js";
import { choice, choose, onChoice } from "./state.js";

const ROWS = 80;
const BINS = 10;

/** Adds the heat map to the section on layers. */
export function showHeatmap() {
  const columns = h("select", { id: "heat-columns", onchange: () => choose({ columns: columns.value }) },
    h("option", { value: "position" }, "position in the backbone"), h("option", { value: "depth" }, "relative depth"));
  const figure = new Figure({
    id: "figure-heatmap",
    title: "Backbone × layer",
    controls: [h("label", {}, h("span", {}, "Columns "), columns)],
    draw: (width) => {
      const cells = layout(currentBoard());
      return cells.rows.length ? { drawing: picture(currentBoard(), cells, width) } : undefined;
    },
    table: () => ({ columns: entryColumns(currentBoard()), items: layout(currentBoard()).rows.flatMap(({ cells }) => cells.filter((cell) => cell).map(({ entry }) => entry)) }),
    empty: "No loss network matches the filters.",
  });
  bodyOf("layers").append(figure.node);
  const update = () => {
    const board = currentBoard();
    columns.value = mode(board);
    const several = layout(board).rows.some(({ cells }) => cells.some((cell) => cell && cell.of > 1));
    figure.update({
      caption: `${scoreLabel(board)}, ${direction(board)}; the brightest is the best. From left to right: early to late layers`
        + `${mode(board) === "depth" ? ", in tenths of the backbone’s depth" : ""}. Hatched: no result.`
        + `${several ? " Where several loss networks share a place, the best of them is shown: filters choose." : ""}`,
    });
  };
  onChoice((keys) => { if (filtersIn(keys) || keys.has("columns")) update(); });
  update();
}

/** Layers of each backbone from early to late. */
function layersOf(entries) {
  const backbones = new Map();
  for (const entry of entries) {
    const { backbone, layers, depth } = network(entry.network);
    if (!backbones.has(backbone)) backbones.set(backbone, new Map());
    backbones.get(backbone).set(layers, depth);
  }
  const collator = new Intl.Collator("en", { numeric: true });
  for (const [backbone, layers] of backbones) {
    const sorted = [...layers].sort(([a, da], [b, db]) => (da ?? 0) - (db ?? 0) || collator.compare(a, b)).map(([name]) => name);
    backbones.set(backbone, sorted);
  }
  return backbones;
}

/** By position where backbones have equally many layers, or their depths are unknown. */
function mode(board) {
  const wanted = choice("columns");
  const entries = shownEntries(board);
  const known = entries.every((entry) => network(entry.network).depth !== null);
  if (!known) return "position";
  if (wanted) return wanted;
  const counts = new Set([...layersOf(entries).values()].map((layers) => layers.length));
  return counts.size > 1 && Math.max(...counts) > 12 ? "depth" : "position";
}

function layout(board) {
  const entries = shownEntries(board);
  const layers = layersOf(entries);
  const byDepth = mode(board) === "depth";
  const columns = byDepth ? BINS : Math.max(0, ...[...layers.values()].map((list) => list.length));
  const rows = new Map();
  for (const entry of entries) {
    const contender = network(entry.network);
    const column = byDepth ? Math.min(BINS - 1, Math.floor(contender.depth * BINS)) : layers.get(contender.backbone).indexOf(contender.layers);
    if (!rows.has(contender.backbone)) rows.set(contender.backbone, { name: contender.backbone, cells: Array(columns).fill(undefined), best: undefined });
    const row = rows.get(contender.backbone);
    const there = row.cells[column];
    if (!there || better(board, entry.value, there.entry.value)) row.cells[column] = { entry, of: (there?.of ?? 0) + 1 };
    else there.of += 1;
    if (entry.value !== null && (!row.best || better(board, entry.value, row.best.value))) row.best = entry;
  }
  const value = ({ best }) => best?.value ?? null;
  const sorted = [...rows.values()].sort((a, b) => better(board, value(b), value(a)) - better(board, value(a), value(b)));
  return { rows: sorted.slice(0, ROWS), columns, byDepth };
}

function picture(board, { rows, columns, byDepth }, width) {
  const room = Math.min(Math.max(...rows.map(({ name }) => textWidth(name))) + 12, width * 0.34);
  const cellWidth = Math.min(140, (width - room - 4) / columns);
  const cellHeight = rows.length > 30 ? 20 : 26;
  const top = 24;
  const keyTop = top + rows.length * cellHeight + 14;
  const drawnEntries = rows.flatMap(({ cells }) => cells.filter((cell) => cell && cell.entry.value !== null).map(({ entry }) => entry)).sort((a, b) => a.value - b.value);
  const [lowest, highest] = [drawnEntries[0], drawnEntries[drawnEntries.length - 1]];
  const [low, high] = [lowest?.value ?? 0, highest?.value ?? 0];
  const share = (value) => (high > low ? (board.higher_is_better ? value - low : high - value) / (high - low) : 1);
  const text = `Heat map of ${rows.length} backbones and ${columns} ${byDepth ? "tenths of depth" : "positions of layers"}; best: ${rows[0].name}, ${rows[0].best?.text.value ?? "–"}.`;
  const drawn = drawing(width, keyTop + 40, text);
  drawn.append(s("defs", {}, s("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { class: "hatch-ground", width: 6, height: 6 }), s("line", { class: "hatch-line", x1: 0, x2: 0, y1: 0, y2: 6 }))));
  const heads = Array.from({ length: columns }, (_, column) => (byDepth ? `${column * 10}–${column * 10 + 10} %` : String(column + 1)));
  const every = Math.ceil((Math.max(...heads.map((head) => textWidth(head))) + 6) / cellWidth);
  heads.forEach((head, column) => {
    if (column % every === 0) drawn.append(s("text", { class: "name", x: room + (column + 0.5) * cellWidth, y: top - 8, "text-anchor": "middle" }, head));
  });
  const numbers = Math.max(...drawnEntries.map(({ text: { value } }) => textWidth(value, "11px system-ui, sans-serif"))) + 6 <= cellWidth && cellHeight > 18;
  const marks = [];
  rows.forEach(({ name, cells }, line) => {
    const y = top + line * cellHeight;
    drawn.append(s("text", { class: "name", x: room - 8, y: y + cellHeight / 2, dy: "0.35em", "text-anchor": "end" }, fit(name, room - 12)));
    cells.forEach((cell, column) => {
      const box = { x: room + column * cellWidth, y, width: cellWidth - 1, height: cellHeight - 1 };
      if (!cell || cell.entry.value === null) {
        drawn.append(s("rect", { ...box, fill: "url(#hatch)" }));
        if (cell) marks.push({ ...box, lines: () => entryLines(board, cell.entry) });
        return;
      }
      const colour = sequential(share(cell.entry.value));
      drawn.append(s("rect", { ...box, fill: colour }));
      if (numbers) {
        drawn.append(s("text", { class: `in-cell ${inkOn(colour)}`, x: box.x + box.width / 2, y: y + box.height / 2, dy: "0.35em", "text-anchor": "middle" }, cell.entry.text.value));
      }
      const lines = () => [...entryLines(board, cell.entry), ...(cell.of > 1 ? [`the best of ${cell.of} loss networks here`] : [])];
      marks.push({ ...box, lines });
    });
  });
  if (lowest) drawn.append(colourKey(board, { lowest, highest, share }, room, keyTop, Math.min(220, width - room - 10)));
  pointable(drawn, marks);
  return drawn;
}

function colourKey(board, { lowest, highest, share }, x, y, width) {
  const steps = 44;
  const [worst, best] = board.higher_is_better ? [lowest, highest] : [highest, lowest];
  return s("g", { class: "colour-key" },
    Array.from({ length: steps }, (_, step) => s("rect", {
      x: x + (step * width) / steps, y, width: width / steps + 0.5, height: 10, fill: sequential(share(worst.value + ((best.value - worst.value) * (step + 0.5)) / steps)),
    })),
    s("text", { class: "name", x, y: y + 24, "text-anchor": "start" }, `${worst.text.value} worst`),
    s("text", { class: "name", x: x + width, y: y + 24, "text-anchor": "end" }, `best ${best.text.value}`));
}
