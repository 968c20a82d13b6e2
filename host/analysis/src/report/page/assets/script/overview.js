// The answer as a picture: the best contenders on each main board; and how far the experiments are.

import { byId, h, prose } from "./dom.js";
import { Figure } from "./figure.js";
import { entryColumns } from "./describe.js";
import { forest } from "./forest.js";
import { count, plural } from "./format.js";
import { isSaid, mainBoards, report } from "./model.js";
import { choose } from "./state.js";

const SHOWN = 5;
const STATES = ["done", "running", "failed", "to do"];

/** Fills the overview. */
export function showOverview() {
  const body = byId("overview-body");
  const boards = mainBoards.filter((board) => board.entries.length);
  if (boards.length) {
    const several = boards.length > 1;
    body.append(
      h("h2", {}, several ? "The best of each task" : "The best"),
      h("p", { class: "key" },
        h("span", { class: "dot best" }), "the best",
        h("span", { class: "dot tied" }), "can’t be told from it",
        h("span", { class: "dot worse" }), "worse",
        h("span", { class: "bar" }), "95 % interval",
        boards.some((board) => board.baselines.length) && [h("span", { class: "dot baseline" }), "without a loss network"]),
      h("div", { class: several ? "tiles" : "" }, boards.map(tile)));
  }
  if (report.experiments.length) body.append(h("h2", {}, "Experiments"), h("ul", { class: "experiments" }, report.experiments.map(experiment)));
  if (report.notes.length) body.append(h("ul", { class: "notes note" }, report.notes.map((note) => h("li", {}, prose(note)))));
}

function tile(board) {
  const entries = board.entries.slice(0, SHOWN);
  // One task may be judged on several datasets.
  const alike = mainBoards.filter(({ task, variant }) => task === board.task && variant === board.variant).length > 1;
  const title = [board.task, board.variant, alike ? board.dataset : ""].filter((part) => part).join(", ");
  const figure = new Figure({
    id: `overview-${board.index}`,
    title,
    draw: (width) => ({ drawing: forest(board, entries, width) }),
    table: () => ({ columns: entryColumns(board), items: entries }),
  });
  figure.captionBox.append(
    ...prose(isSaid(board.answer) ? "" : `${board.answer} `),
    `${board.dataset}, ${board.split}: the best ${Math.min(SHOWN, board.entries.length)} of ${count(board.entries.length)}. `,
    h("a", { href: "#leaderboard", onclick: (event) => openBoard(event, board) }, "Leaderboard"));
  return figure.node;
}

function openBoard(event, board) {
  event.preventDefault();
  choose({ board: board.id });
  byId("leaderboard").scrollIntoView();
}

function experiment({ name, description, cells, failures }) {
  const total = Object.values(cells).reduce((sum, number) => sum + number, 0);
  const states = STATES.concat(Object.keys(cells).filter((state) => !STATES.includes(state)));
  const known = states.filter((state) => cells[state] > 0);
  const parts = known.map((state) => {
    const part = h("span", { class: `part ${state.replaceAll(" ", "-")}` });
    part.style.flexGrow = cells[state];
    return part;
  });
  return h("li", {},
    h("h3", {}, name),
    description && h("p", {}, description),
    h("div", { class: "progress", role: "img", "aria-label": known.map((state) => `${cells[state]} ${state}`).join(", ") }, parts),
    h("p", { class: "note" }, `${plural(total, "cell")}: ${known.map((state) => `${count(cells[state])} ${state}`).join(", ")}`),
    failures.length > 0 && h("ul", { class: "failures" }, failures.map(([reason, number]) => h("li", {}, `${plural(number, "cell")} failed: ${reason}`))));
}
