// An entry of a board in words, and as columns of a table.

import { h } from "./dom.js";
import { bytes, count, duration, exact } from "./format.js";
import { nameOf, network, standing } from "./model.js";

/** A number with its interval, as lossnet wrote it: `0.695 [0.611, 0.772]`. */
export function withInterval({ value, interval }) {
  return interval ? `${value} [${interval.join(", ")}]` : value;
}

/** The same in a table, broken before the interval where there is no room. */
function scoreCell({ value, interval }) {
  return interval ? [`${value} `, h("span", { class: "whole" }, `[${interval.join(", ")}]`)] : value;
}

/** How an entry stands, in words. */
const STANDING = { best: "best", tied: "tied with the best", worse: "", missing: "no score", baseline: "baseline" };
const STANDINGS = Object.keys(STANDING);

/** What a tooltip says of an entry. */
export function entryLines(board, entry) {
  const unit = board.unit ? ` ${board.unit}` : "";
  const score = `${board.metric}: ${entry.text.value}${unit}`;
  if (entry.baseline) return [entry.name, score, "a baseline: reached without a loss network"];
  const contender = network(entry.network);
  const standingText = STANDING[standing(entry)];
  return [
    contender.label,
    score,
    entry.interval && `95 % interval: ${entry.text.interval.join(" to ")}`,
    entry.deviation !== null && `${count(entry.repetitions)} repetitions, standard deviation ${entry.text.deviation}`,
    `Rank ${entry.rank} of ${count(board.entries.length)}${standingText ? `, ${standingText}` : ""}`,
    `${contender.backbone}, layers ${contender.layers}`,
    (entry.failed > 0 || entry.nan > 0) && `${count(entry.failed)} samples failed, ${count(entry.nan)} are NaN`,
  ].filter((line) => line);
}

/** The columns of tables of a board's entries; `extra` come after the score. */
export function entryColumns(board, extra = []) {
  const number = (key, title, text, options = {}) => ({
    key, title, numeric: true, value: (entry) => entry[key] ?? null, text: (entry) => (entry.baseline ? "" : text(entry[key])), file: (entry) => exact(entry[key]), ...options,
  });
  const own = (key, title, width) => {
    const of = (entry) => (entry.baseline ? "" : network(entry.network)[key]);
    return { key, title, width, value: of, text: of, inLatex: false };
  };
  const longest = Math.max(12, ...board.entries.map((entry) => nameOf(entry).length));
  // Of fractions the score itself says what it is.
  const unit = ["", "1", "share"].includes(board.unit) ? "" : ` (${board.unit})`;
  const texts = board.entries.map(({ text }) => withInterval(text).length);
  const seen = (key) => board.entries.some((entry) => entry[key] !== null && entry[key] !== 0);
  const rest = { inLatex: false };
  const cost = (key, title, text, hint) => number(key, title, text, {
    width: 14, hint, value: (entry) => entry.cost?.[key] ?? null, text: (entry) => (entry.baseline ? "" : text(entry.cost?.[key])), file: (entry) => exact(entry.cost?.[key]), ...rest,
  });
  return [
    number("rank", "Rank", String, { width: 8, narrow: 5.5, value: (entry) => entry.place ?? entry.rank }),
    { key: "label", title: "Loss network", width: Math.min(0.92 * longest + 3, 48), narrow: 17, value: nameOf, text: nameOf, heading: true, strong: (entry) => entry.rank === 1 },
    {
      key: "value", title: `Score${unit} [95 % interval]`, hint: "The score and its 95 % interval", numeric: true, width: Math.max(22 + unit.length, ...texts) + 2, narrow: 15,
      value: (entry) => entry.value, text: (entry) => withInterval(entry.text), show: (entry) => scoreCell(entry.text), strong: (entry) => entry.rank === 1,
      files: [
        ["score", (entry) => withInterval(entry.text)], ["value", (entry) => exact(entry.value)],
        ["interval_low", (entry) => exact(entry.interval?.[0])], ["interval_high", (entry) => exact(entry.interval?.[1])],
      ],
    },
    ...extra,
    { key: "standing", title: "Standing", width: 21, value: (entry) => STANDINGS.indexOf(standing(entry)), text: (entry) => STANDING[standing(entry)] },
    seen("deviation") && number("deviation", "± over runs", String, {
      width: 13, hint: "Standard deviation over repetitions", text: (entry) => entry.text.deviation ?? (entry.baseline ? "" : "–"),
    }),
    number("repetitions", "Runs", count, { width: 8, hint: "Repetitions", ...rest }),
    number("samples", "Samples", count, { width: 11, hint: "Samples of one repetition", ...rest }),
    seen("failed") && number("failed", "Failed", count, { width: 9, hint: "Samples that failed", ...rest }),
    seen("nan") && number("nan", "NaN", count, { width: 8, hint: "Samples whose score is not a number", ...rest }),
    seen("cost") && cost("forward_seconds", "Forward", duration, "Time from one image to the distance, without gradients"),
    seen("cost") && cost("backward_seconds", "Backward", duration, "Time from the distance back to one image"),
    seen("cost") && cost("forward_memory", "Mem. forward", bytes, "Memory of the network's values for one image, counted from their shapes"),
    seen("cost") && cost("backward_memory", "Mem. backward", bytes, "The same with what is kept for the gradients"),
    seen("seconds") && number("seconds", "Run time", duration, { width: 11, hint: "Time of the cell's run, its share of its group's", ...rest }),
    seen("peak_memory") && number("peak_memory", "Run memory", bytes, { width: 12, hint: "Peak memory of the process that ran it", ...rest }),
    own("backbone", "Backbone", 16),
    own("layers", "Layers", 16),
    own("comparison", "Comparison", 16),
    own("weights", "Weights", 14),
  ].filter((column) => column);
}
