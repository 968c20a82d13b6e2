// Which board is looked at, and which contenders.

import { boards, mainBoards, network } from "./model.js";
import { choice, choices } from "./state.js";

const FIXED = [["backbone", "Backbone"], ["layers", "Layers"], ["comparison", "Comparison"], ["weights", "Weights"]];

/** The board that is looked at. */
export function currentBoard() {
  const wanted = choice("board");
  return boards.find((board) => board.id === wanted) ?? mainBoards[0] ?? boards[0];
}

/** What contenders of a board differ in: key, title, and how many have each value. */
export function facets(board) {
  const others = new Set(board.entries.flatMap((entry) => Object.keys(network(entry.network).others)));
  const keys = [...FIXED, ...[...others].sort().map((key) => [key, key])];
  return keys
    .map(([key, title]) => {
      const values = new Map();
      for (const entry of board.entries) {
        const value = facetValue(network(entry.network), key);
        values.set(value, (values.get(value) ?? 0) + 1);
      }
      const sorted = [...values].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }));
      return { key, title, values: sorted };
    })
    .filter(({ values }) => values.length > 1);
}

/** A contender's value for a facet. */
function facetValue(contender, key) {
  return FIXED.some(([known]) => known === key) ? contender[key] : (contender.others[key] ?? "–");
}

/** The address's key of a facet. */
export function facetChoice(key) {
  return `only.${key}`;
}

/** The entries of a board that the reader wants to see, the best first. */
export function shownEntries(board) {
  const words = (choice("find") ?? "").toLowerCase().split(/\s+/).filter((word) => word);
  const wanted = facets(board)
    .map(({ key }) => ({ key, values: new Set(choices(facetChoice(key))) }))
    .filter(({ values }) => values.size);
  return board.entries.filter((entry) => {
    const contender = network(entry.network);
    if (!wanted.every(({ key, values }) => values.has(facetValue(contender, key)))) return false;
    if (!words.length) return true;
    const text = [contender.label, contender.backbone, contender.weights, contender.layers, contender.comparison]
      .concat(Object.entries(contender.others).map(([key, value]) => `${key}=${value}`))
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** Whether choices that select entries are among these. */
export function filtersIn(keys) {
  return [...keys].some((key) => key === "board" || key === "find" || key.startsWith("only."));
}
