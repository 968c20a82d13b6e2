// An entry of a board in words, and as columns of a table.

import { bytes, count, duration, exact, fixed } from "./format.js";
import { network, standing } from "./model.js";

/** The score with as many digits as the board's intervals allow. */
export function scoreText(board, value) {
  return fixed(value, board.decimals);
}

/** The interval in words. */
function intervalText(board, interval) {
  return interval ? `${scoreText(board, interval[0])} to ${scoreText(board, interval[1])}` : "–";
}

/** How an entry stands, in words. */
const STANDING = { best: "best", tied: "tied with the best", worse: "", missing: "no score" };

/** What a tooltip says of an entry. */
export function entryLines(board, entry) {
  const contender = network(entry.network);
  const unit = board.unit ? ` ${board.unit}` : "";
  const standingText = STANDING[standing(entry)];
  return [
    contender.label,
    `${board.metric}: ${scoreText(board, entry.value)}${unit}`,
    entry.interval && `95 % interval: ${intervalText(board, entry.interval)}`,
    entry.deviation !== null && `${count(entry.repetitions)} repetitions, standard deviation ${scoreText(board, entry.deviation)}`,
    `Rank ${entry.rank} of ${count(board.entries.length)}${standingText ? `, ${standingText}` : ""}`,
    `${contender.backbone}, layers ${contender.layers}`,
    (entry.failed > 0 || entry.nan > 0) && `${count(entry.failed)} samples failed, ${count(entry.nan)} are no number`,
  ].filter((line) => line);
}

/** The columns of tables of a board's entries; `extra` come after the score. */
export function entryColumns(board, extra = []) {
  const number = (key, title, text, file, options = {}) => ({
    key, title, numeric: true, value: (entry) => entry[key], text: (entry) => text(entry[key]), file: (entry) => (file ?? exact)(entry[key]), ...options,
  });
  const own = (key, title, width) => ({
    key, title, width, value: (entry) => network(entry.network)[key], text: (entry) => network(entry.network)[key],
  });
  const longest = Math.max(12, ...board.entries.map((entry) => network(entry.network).label.length));
  const score = `Score${board.unit ? ` (${board.unit})` : ""}`;
  const seen = (key) => board.entries.some((entry) => entry[key] !== null && entry[key] !== 0);
  return [
    number("rank", "Rank", (rank) => String(rank), exact, { width: 9 }),
    { ...own("label", "Loss network", Math.min(longest + 3, 44)), heading: true, strong: (entry) => entry.rank === 1 },
    number("value", score, (value) => scoreText(board, value), exact, {
      width: Math.max(12, score.length + 4), strong: (entry) => entry.rank === 1,
    }),
    ...extra,
    {
      key: "interval_low", title: "95 % from", numeric: true, width: 11,
      value: (entry) => entry.interval?.[0] ?? null, text: (entry) => scoreText(board, entry.interval?.[0]), file: (entry) => exact(entry.interval?.[0]),
    },
    {
      key: "interval_high", title: "to", numeric: true, width: 11,
      value: (entry) => entry.interval?.[1] ?? null, text: (entry) => scoreText(board, entry.interval?.[1]), file: (entry) => exact(entry.interval?.[1]),
    },
    {
      key: "standing", title: "Standing", width: 19,
      value: (entry) => ["best", "tied", "worse", "missing"].indexOf(standing(entry)), text: (entry) => STANDING[standing(entry)],
    },
    seen("deviation") && number("deviation", "± over runs", (value) => scoreText(board, value), exact, {
      width: 12, hint: "Standard deviation over repetitions",
    }),
    number("repetitions", "Runs", count, exact, { width: 8, hint: "Repetitions" }),
    number("samples", "Samples", count, exact, { width: 11, hint: "Samples of one repetition" }),
    number("failed", "Failed", count, exact, { width: 9, hint: "Samples that failed" }),
    number("nan", "NaN", count, exact, { width: 8, hint: "Samples whose score is no number" }),
    seen("seconds") && number("seconds", "Time", duration, exact, { width: 10, hint: "Time of the cell, its share of its group's" }),
    seen("peak_memory") && number("peak_memory", "Memory", bytes, exact, { width: 11, hint: "Peak memory of the process" }),
    own("backbone", "Backbone", 16),
    own("layers", "Layers", 16),
    own("comparison", "Comparison", 16),
    own("weights", "Weights", 14),
  ].filter((column) => column);
}
