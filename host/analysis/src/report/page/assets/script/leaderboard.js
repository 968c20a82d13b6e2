// The board that is looked at: which one, its filters, its picture and its table.

import { announce, bodyOf, byId, h, prose, s } from "./dom.js";
import { entryColumns, entryLines } from "./describe.js";
import { Figure } from "./figure.js";
import { currentBoard, facetChoice, facets, filtersIn, shownEntries } from "./filters.js";
import { forest, scoreMark, scoreRange } from "./forest.js";
import { count, plural } from "./format.js";
import { Grid } from "./grid.js";
import { arrow, baselineEntries, boards, direction, isSaid, mainBoards, scoreLabel, standing } from "./model.js";
import { linear } from "./scale.js";
import { choice, choices, choose, onChoice } from "./state.js";
import { hideTip, showTip } from "./tooltip.js";

// On a phone a line takes two lines of text more; on paper the table stands below.
const DRAWN = { wide: 30, narrow: 10 };
const NARROW = 480;
const PAPER = matchMedia("print");

/** Fills the bar that chooses a board and filters its contenders. */
export function showBoardBar() {
  const select = h("select", { id: "board", onchange: () => choose({ board: select.value, sort: undefined }) },
    boardGroups().map(([label, list]) => h("optgroup", { label }, list.map((board) => h("option", { value: board.id }, optionText(board))))));
  const find = h("input", { id: "find", type: "search", placeholder: "name, layer, setting …", autocomplete: "off" });
  find.addEventListener("input", () => choose({ find: find.value }));
  const facetBox = h("div", { class: "facets" });
  const status = h("p", { class: "status", "aria-live": "polite" });
  const clear = h("button", { type: "button", onclick: () => clearFilters() }, "Clear filters");
  byId("board-bar").append(
    h("label", { class: "field wide" }, h("span", {}, "Board"), select),
    h("label", { class: "field" }, h("span", {}, "Filter"), find),
    facetBox, clear, status);

  let controls = [];
  const update = () => {
    const board = currentBoard();
    for (const control of controls) control.update();
    select.value = board.id;
    if (find.value !== (choice("find") ?? "")) find.value = choice("find") ?? "";
    const shown = shownEntries(board).length;
    status.textContent = `${count(shown)} of ${plural(board.entries.length, "loss network")}`;
    clear.hidden = shown === board.entries.length && !choice("find");
  };
  const rebuild = () => {
    controls = facets(currentBoard()).map(facetControl);
    facetBox.replaceChildren(...controls.map(({ node }) => node));
    update();
  };
  onChoice((keys) => (keys.has("board") ? rebuild() : update()));
  rebuild();
}

/** The main boards, then all others by where they are from and their metrics. */
function boardGroups() {
  const isMain = (board) => board.main || mainBoards.includes(board);
  const main = boards.filter(isMain);
  const others = boards.filter((board) => !isMain(board));
  const places = new Map();
  for (const board of others) {
    const label = `${board.place} · ${board.metric}`;
    places.set(label, [...(places.get(label) ?? []), board]);
  }
  return [[main.length === 1 ? "Main board" : "Main boards", main], ...places].filter(([, list]) => list.length);
}

/** What a board is called in the list. What all boards have in common is left out: there is little room. */
function optionText(board) {
  const several = (key) => new Set(boards.map((one) => one[key])).size > 1;
  const place = ["task", "variant", "dataset"].filter(several).map((key) => board[key]).filter((part) => part);
  return `${[...place, board.metric, board.split].join(" · ")} ${arrow(board)}`;
}

function clearFilters() {
  choose(Object.fromEntries([["find", undefined], ...facets(currentBoard()).map(({ key }) => [facetChoice(key), undefined])]));
  announce("All filters are cleared");
}

function facetControl({ key, title, values }) {
  const name = facetChoice(key);
  const number = h("span", { class: "count" });
  const boxes = values.map(([value, entries]) => {
    const box = h("input", { type: "checkbox", value });
    box.addEventListener("change", () => choose({ [name]: boxes.filter(({ checked }) => checked).map((one) => one.value) }));
    return Object.assign(box, { entries });
  });
  const details = h("details", { class: "facet" },
    h("summary", {}, title, number),
    h("fieldset", {}, h("legend", { class: "unseen" }, title),
      boxes.map((box) => h("label", {}, box, h("span", {}, box.value), h("span", { class: "count" }, count(box.entries))))));
  const update = () => {
    const wanted = new Set(choices(name));
    for (const box of boxes) box.checked = wanted.has(box.value);
    number.textContent = wanted.size ? ` ${wanted.size}` : "";
    details.classList.toggle("active", wanted.size > 0);
  };
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) {
      details.open = false;
      details.querySelector("summary").focus();
    }
  });
  return { node: details, update };
}

// A facet that is open covers what is below it: it closes when a reader goes elsewhere.
document.addEventListener("pointerdown", (event) => {
  for (const open of document.querySelectorAll("details.facet[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});

/** Fills the leaderboard. */
export function showLeaderboard() {
  const answer = h("p", { class: "lead" });
  const method = h("p", { class: "note" });
  const figure = new Figure({
    id: "figure-leaderboard",
    title: "Scores",
    draw: (width) => {
      const entries = shownEntries(currentBoard()).slice(0, width < NARROW || PAPER.matches ? DRAWN.narrow : DRAWN.wide);
      const all = shownEntries(currentBoard()).length;
      figure.captionBox.textContent = entries.length < all ? `The first ${entries.length} of ${count(all)}; all are in the table below.` : "";
      return entries.length ? { drawing: forest(currentBoard(), entries, width) } : undefined;
    },
    table: () => ({ columns: entryColumns(currentBoard()), items: shownEntries(currentBoard()).slice(0, DRAWN.wide) }),
    empty: "No loss network matches the filters.",
  });
  const sorted = () => {
    const [key, way] = (choice("sort") ?? "rank:asc").split(":");
    return { key, descending: way === "desc" };
  };
  const grid = new Grid({
    title: "Leaderboard", columns: [], rows: 15, sorted: sorted(),
    onSort: ({ key, descending }) => choose({ sort: `${key}:${descending ? "desc" : "asc"}` }),
  });
  bodyOf("leaderboard").append(answer, figure.node, grid.node, method);

  PAPER.addEventListener("change", () => {
    figure.update();
    figure.drawIfNeeded();
  });

  const update = () => {
    const board = currentBoard();
    const entries = shownEntries(board);
    answer.replaceChildren(...prose(board.answer));
    answer.hidden = isSaid(board.answer);
    method.textContent = board.method;
    figure.update({ title: board.title });
    grid.setTitle(board.title, `${board.title}, ${scoreLabel(board)}, ${direction(board)}`);
    grid.sorted = sorted();
    grid.replaceColumns(entryColumns(board, [intervalColumn(board, entries)]));
    grid.setItems(entries, board.entries.length, baselineEntries(board));
  };
  onChoice((keys) => {
    if (keys.has("sort") && keys.size === 1) {
      const { key, descending } = sorted();
      if (grid.sorted?.key !== key || grid.sorted.descending !== descending) update();
    } else if (filtersIn(keys)) update();
  });
  update();
}

/** A small picture of score and interval in each line, all on one scale. */
function intervalColumn(board, entries) {
  const [width, height] = [150, 22];
  const ends = [6, width - 6];
  const place = linear(scoreRange(board, entries), ends, { room: 0 });
  const show = (entry) => {
    const picture = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true", class: "small" });
    if (entry.value === null) return picture;
    picture.append(scoreMark(entry, standing(entry), place, ends, height / 2, entry.baseline ? [0, height] : undefined));
    picture.addEventListener("pointermove", (event) => showTip(entryLines(board, entry), event.clientX, event.clientY));
    picture.addEventListener("pointerleave", hideTip);
    return picture;
  };
  return { key: "picture", onPageOnly: true, title: `On one scale ${arrow(board)}`, width: 22, numeric: false, value: (entry) => entry.value, text: () => "", show };
}
