// Every metric of every cell: columns stay columns, rows are only numbers until they are drawn.

import { announce, bodyOf, byId, h } from "./dom.js";
import { bytes, count, exact, fixed, significant } from "./format.js";
import { Grid } from "./grid.js";
import { boards, report } from "./model.js";
import { rowTest } from "./query.js";
import { orderByCode, orderByNumber } from "./sort.js";
import { choice, choose, onChoice } from "./state.js";

const { table } = report;
// Seldom read; a reader can show them.
const HIDDEN = [
  "cell", "signature", "weights_sha256", "started", "task_settings", "dataset_settings", "backbone_settings", "comparison_settings",
  "lossnet_version", "test_data", "splits", "plugins", "group_size", "seed", "higher_is_better", "data_folder",
];
// What is read first stands at the left, in view without scrolling.
const FIRST = ["experiment", "task", "backbone", "weights", "layers", "comparison", "dataset", "metric", "split", "value", "unit"];
const WAIT = 120;

/** Fills the section with the whole table. */
export function showResults() {
  const body = bodyOf("results");
  if (!table.rows) {
    byId("results").hidden = true;
    return;
  }
  const constant = table.columns.filter(({ kind, value }) => kind === "constant" && value !== "");
  const varying = table.columns.filter(({ kind }) => kind !== "constant");
  const place = ({ name }) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);
  varying.sort((a, b) => place(a) - place(b));
  const columns = [...varying, ...table.columns.filter(({ kind }) => kind === "constant")].map(gridColumn);
  const first = varying.map(({ name }) => name).filter((name) => !HIDDEN.includes(name));
  const chosen = () => {
    const known = (choice("show") ?? "").split(",").filter((name) => columns.some(({ key }) => key === name));
    return known.length ? known : first.length ? first : columns.map(({ key }) => key);
  };
  const sorted = () => {
    const [key, way] = (choice("order") ?? "").split(":");
    return columns.some((column) => column.key === key) ? { key, descending: way === "desc" } : undefined;
  };
  const grid = new Grid({
    title: "All results", columns, rows: 16, sorted: sorted(),
    order: (items, column, descending) => column.order(items, descending),
    onSort: ({ key, descending }) => choose({ order: `${key}:${descending ? "desc" : "asc"}` }),
  });
  const where = h("input", { id: "where", type: "search", placeholder: "vgg value>0.6 metric=psnr …", autocomplete: "off", "aria-describedby": "where-help" });
  let timer;
  where.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => choose({ where: where.value }), WAIT);
  });
  body.append(
    constant.length && h("details", { class: "same" }, h("summary", {}, `The same in all ${count(table.rows)} rows`),
      h("dl", { class: "facts" }, constant.map(({ name, value }) => h("div", {}, h("dt", {}, name), h("dd", {}, value))))),
    h("div", { class: "bar" }, h("label", { class: "field wide" }, h("span", {}, "Filter"), where), columnChoice(columns, chosen)),
    h("p", { class: "note", id: "where-help" }, "Words that occur in a row, and conditions: column=value, !=, <, <=, >, >=. All must hold. CSV saves exactly the rows and columns that are shown, numbers in full."),
    grid.node);

  const filter = () => {
    const query = choice("where") ?? "";
    if (document.activeElement !== where) where.value = query;
    const holds = rowTest(query, table.columns);
    const rows = new Uint32Array(table.rows);
    let number = 0;
    for (let row = 0; row < table.rows; row += 1) if (holds(row)) rows[number++] = row;
    grid.setItems(rows.subarray(0, number), table.rows);
    return number;
  };
  onChoice((keys) => {
    if (keys.has("where")) announce(`${count(filter())} of ${count(table.rows)} rows`);
    if (keys.has("show")) grid.setColumns(chosen());
    const { key, descending } = sorted() ?? {};
    if (keys.has("order") && (key !== grid.sorted?.key || descending !== grid.sorted?.descending)) {
      grid.sorted = sorted();
      grid.drawHead();
      filter();
    }
  });
  grid.setColumns(chosen());
  filter();
}

function columnChoice(columns, chosen) {
  const boxes = columns.map(({ key }) => h("input", { type: "checkbox", value: key, onchange: () => change() }));
  const change = () => choose({ show: boxes.filter(({ checked }) => checked).map(({ value }) => value).join(",") });
  const update = () => {
    const now = new Set(chosen());
    for (const box of boxes) box.checked = now.has(box.value);
  };
  onChoice((keys) => { if (keys.has("show")) update(); });
  update();
  return h("details", { class: "facet" }, h("summary", {}, "Columns"),
    h("fieldset", {}, h("legend", { class: "unseen" }, "Columns"), boxes.map((box) => h("label", {}, box, h("span", {}, box.value)))));
}

/** The texts of a column of numbers: scores as their leaderboard shows them. */
function numberText(name, values) {
  if (name === "peak_memory") return (row) => bytes(values[row]);
  const plain = (value) => (Number.isInteger(value) ? exact(value) : significant(value, 5));
  if (name !== "value") return (row) => (values[row] === null ? "–" : plain(values[row]));
  const texts = ["cell", "metric", "split"].map((key) => textOf(table.columns.find((column) => column.name === key)));
  return (row) => {
    if (values[row] === null) return "–";
    const found = scores().get(texts.map((text) => text(row)).join("\n"));
    if (!found) return plain(values[row]);
    return found.entry.repetitions === 1 ? found.entry.text.value : fixed(values[row], found.board.decimals);
  };
}

function textOf(column) {
  if (column?.kind === "texts") return (row) => column.texts[column.codes[row]];
  return () => column?.value ?? "";
}

let known;

/** The entries of all boards by cell, metric and split. */
function scores() {
  known ??= new Map(boards.flatMap((board) => board.entries.flatMap((entry) => entry.cells.map((cell) => [[cell, board.metric, board.split].join("\n"), { board, entry }]))));
  return known;
}

/** A column of the report's table as a grid takes it; items are positions of rows. */
function gridColumn(column) {
  const { name } = column;
  if (column.kind === "numbers") {
    const { values } = column;
    return {
      key: name, title: name, numeric: true, width: Math.max(10, name.length + 4),
      value: (row) => values[row], text: numberText(name, values), file: (row) => exact(values[row]),
      order: (rows, descending) => orderByNumber(rows, values, descending),
    };
  }
  if (column.kind === "texts") {
    const { texts, codes } = column;
    const longest = texts.reduce((most, text) => Math.max(most, text.length), name.length + 1);
    return {
      key: name, title: name, width: Math.min(38, longest + 4),
      value: (row) => texts[codes[row]], text: (row) => texts[codes[row]],
      order: (rows, descending) => orderByCode(rows, codes, texts, descending),
    };
  }
  return {
    key: name, title: name, width: Math.min(38, Math.max(column.value.length, name.length) + 4),
    value: () => column.value, text: () => column.value, order: (rows) => rows,
  };
}
