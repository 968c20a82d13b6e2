// Curves of trainings.

import { lookOf } from "./colour.js";
import { bodyOf, byId, h } from "./dom.js";
import { Figure } from "./figure.js";
import { exact, plural, significant } from "./format.js";
import { legend, lineChart } from "./lines.js";
import { network, report } from "./model.js";
import { linear, logarithmic } from "./scale.js";
import { choice, choose, onChoice } from "./state.js";

// More can't be followed: the others stay in the background.
const COLOURED = 6;

/** Fills the section on trainings; there is none where nothing was trained. */
export function showCurves() {
  const body = bodyOf("curves");
  if (!report.curves.length) {
    byId("curves").hidden = true;
    return;
  }
  const kinds = [...new Map(report.curves.map(({ task, name }) => [`${task}/${name}`, { task, name }]))];
  const which = h("select", { id: "curve", onchange: () => choose({ curve: which.value }) },
    [...new Set(kinds.map(([, { task }]) => task))].map((task) => h("optgroup", { label: task },
      kinds.filter(([, kind]) => kind.task === task).map(([key, { name }]) => h("option", { value: key }, `${task} · ${name}`)))));
  const log = h("input", { type: "checkbox", id: "curve-log", onchange: () => choose({ "curve-log": log.checked ? "1" : undefined }) });
  // Learning rates and the like tell less: validation first, then a loss.
  const telling = kinds.find(([, { name }]) => name.includes("validation")) ?? kinds.find(([, { name }]) => name.includes("loss")) ?? kinds[0];
  const current = () => (kinds.find(([key]) => key === choice("curve")) ?? telling)[0];
  const curves = () => report.curves.filter(({ task, name }) => `${task}/${name}` === current());
  let chart;
  let order = [];
  const figure = new Figure({
    id: "figure-curves",
    title: "Training curves",
    controls: [h("label", {}, h("span", {}, "Curve "), which), h("label", { class: "check" }, log, h("span", {}, "logarithmic"))],
    draw: (width) => {
      order = ordered(curves());
      chart = draw(curves(), order, current(), log.checked, width);
      return { drawing: chart.picture };
    },
    legend: () => legend(looks(order).slice(0, COLOURED), chart.emphasize, order.length - COLOURED),
    table: () => ({ columns: COLUMNS, items: curves().flatMap((curve) => curve.steps.map((step, index) => ({ curve, step, value: curve.values[index] }))) }),
  });
  body.append(figure.node);
  const update = () => {
    which.value = current();
    order = ordered(curves());
    const values = curves().flatMap((curve) => curve.values).filter((value) => value !== null);
    const positive = values.some((value) => value > 0);
    log.disabled = !positive;
    log.checked = positive && choice("curve-log") === "1";
    const hidden = log.checked && values.some((value) => value <= 0) ? " Values of zero and below have no place on a logarithmic axis." : "";
    figure.update({ caption: `${plural(curves().length, "training")}. ${order.length > COLOURED ? `Coloured: the first ${COLOURED} of ${order.length} loss networks. ` : ""}A backbone has one colour, its loss networks differ in their dashes; repetitions look the same. Long curves are thinned out to what can be seen.${hidden}` });
  };
  onChoice((keys) => { if (keys.has("curve") || keys.has("curve-log")) update(); });
  update();
}

function labelOf(curve) {
  return network(curve.network)?.label ?? curve.cell;
}

/** Loss networks as they come, which is the order of the report. */
function ordered(curves) {
  return [...new Map([...curves].sort((a, b) => a.network - b.network).map((curve) => [labelOf(curve), curve.network]))];
}

/** How loss networks look: the colour of their backbone, and dashes that tell them from others of it. */
function looks(order) {
  const seen = new Map();
  return order.map(([group, position]) => {
    const backbone = network(position)?.backbone ?? group;
    const dash = seen.get(backbone) ?? 0;
    seen.set(backbone, dash + 1);
    return { group, name: group, look: lookOf(backbone), dash };
  });
}

function draw(curves, order, name, log, width) {
  const known = new Map(looks(order).map((one, place) => [one.group, { ...one, quiet: place >= COLOURED }]));
  const series = curves.map((curve) => ({
    ...known.get(labelOf(curve)),
    points: curve.steps.map((step, index) => ({
      x: step,
      y: log && !(curve.values[index] > 0) ? null : curve.values[index],
      lines: () => [labelOf(curve), `step ${step}: ${significant(curve.values[index], 4)}`, `repetition ${curve.repetition + 1}`],
    })),
  }));
  const values = series.flatMap(({ points }) => points.map(({ y }) => y)).filter((value) => value !== null);
  return lineChart({
    panels: [{ series }], width, height: width < 500 ? 320 : 400,
    scales: (left, right, top, bottom) => [
      linear(curves.flatMap(({ steps }) => steps), [left, right], { room: 0.01 }),
      (log ? logarithmic : linear)(values, [bottom, top]),
    ],
    xLabel: "step",
    yLabel: name.slice(name.indexOf("/") + 1),
    alternative: `Curve ${name} of ${plural(curves.length, "training")}; the table view lists all values.`,
  });
}

const COLUMNS = [
  { key: "label", title: "Loss network", width: 36, value: ({ curve }) => labelOf(curve), text: ({ curve }) => labelOf(curve) },
  { key: "cell", title: "Cell", width: 20, value: ({ curve }) => curve.cell, text: ({ curve }) => curve.cell },
  { key: "repetition", title: "Run", numeric: true, width: 7, value: ({ curve }) => curve.repetition, text: ({ curve }) => String(curve.repetition + 1), file: ({ curve }) => exact(curve.repetition) },
  { key: "step", title: "Step", numeric: true, width: 10, value: ({ step }) => step, text: ({ step }) => String(step) },
  { key: "value", title: "Value", numeric: true, width: 14, value: ({ value }) => value, text: ({ value }) => significant(value, 5), file: ({ value }) => exact(value) },
];
