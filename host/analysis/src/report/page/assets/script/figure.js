// The frame of every figure: title, drawing, the same as a table, and files.

import { h } from "./dom.js";
import { slug } from "./format.js";
import { Grid } from "./grid.js";
import { download, standaloneSvg, toPng } from "./save.js";

const TALL = 12;
const figures = [];

/** Draws all figures that are out of date, also those that nobody looks at. */
export function drawAll() {
  for (const figure of figures) figure.drawIfNeeded();
}

const watcher = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    const figure = figures.find(({ plot }) => plot === target);
    figure.near = isIntersecting;
    if (isIntersecting) figure.drawIfNeeded();
  }
}, { rootMargin: "800px 0px" });

const resizer = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const figure = figures.find(({ plot }) => plot === target);
    if (Math.abs(contentRect.width - figure.width) > 1) {
      figure.width = contentRect.width;
      figure.update();
    }
  }
});

matchMedia("print").addEventListener("change", drawAll);

/**
 * A figure. `draw(width)` gives `{drawing, after}`: an SVG and, if something is to be done once it is in the page, what.
 * `table()` gives `{columns, items}` as a grid takes them. `legend()` may give elements to show beside the drawing.
 * A drawing of undefined means that there is nothing to draw: the text `empty` is shown, which may be a function that gives it.
 */
export class Figure {
  constructor({ id, title, caption = "", draw, table, controls = [], legend, empty = "There is nothing to draw here." }) {
    Object.assign(this, { id, title, drawNow: draw, table, legend, empty, width: 0, near: false, stale: true, asTable: false });
    this.plot = h("div", { class: "plot" });
    this.legendBox = h("div", { class: "legend" });
    this.tableBox = h("div", { class: "figure-table", hidden: true });
    this.switch = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.showTable(!this.asTable) }, "Table");
    this.heading = h("h3", { id: `${id}-title` }, title);
    this.tools = h("div", { class: "tools", role: "group", "aria-label": `View and save “${title}”` },
      this.switch,
      h("button", { type: "button", onclick: () => this.saveSvg() }, "SVG"),
      h("button", { type: "button", onclick: () => this.savePng() }, "PNG"));
    this.captionBox = h("figcaption", {}, caption);
    this.node = h("figure", { id, "aria-labelledby": `${id}-title` },
      h("div", { class: "figure-head" }, this.heading, h("div", { class: "controls" }, controls), this.tools),
      this.legendBox, this.plot, this.tableBox, this.captionBox);
    figures.push(this);
    watcher.observe(this.plot);
    resizer.observe(this.plot);
  }

  /** Says that what it shows has changed. */
  update({ title, caption } = {}) {
    if (title !== undefined) {
      this.title = title;
      this.heading.textContent = title;
    }
    if (caption !== undefined) this.captionBox.textContent = caption;
    this.stale = true;
    if (this.near) this.drawIfNeeded();
    if (this.asTable) this.fillTable();
  }

  drawIfNeeded() {
    if (!this.stale) return;
    const width = Math.floor(this.plot.clientWidth);
    if (!width) return;
    this.width = this.plot.getBoundingClientRect().width;
    this.stale = false;
    const drawn = this.drawNow(width);
    this.svg = drawn?.drawing;
    this.plot.replaceChildren(this.svg ?? h("p", { class: "nothing" }, typeof this.empty === "function" ? this.empty() : this.empty));
    this.legendBox.replaceChildren(...(this.svg && this.legend ? this.legend() : []));
    for (const button of this.tools.querySelectorAll("button")) button.disabled = !this.svg && button !== this.switch;
    drawn?.after?.();
  }

  showTable(asTable) {
    this.asTable = asTable;
    this.switch.setAttribute("aria-pressed", asTable);
    this.plot.hidden = asTable;
    this.legendBox.hidden = asTable;
    this.tableBox.hidden = !asTable;
    if (asTable) this.fillTable();
    else this.drawIfNeeded();
  }

  fillTable() {
    const { columns, items } = this.table();
    if (this.grid) {
      this.grid.setTitle(this.title);
      this.grid.replaceColumns(columns);
    } else {
      this.grid = new Grid({ title: this.title, columns, rows: TALL });
      this.tableBox.replaceChildren(this.grid.node);
    }
    this.grid.setItems(items);
  }

  svgText() {
    // A drawing behind its table has no width to be drawn in.
    this.plot.hidden = false;
    this.drawIfNeeded();
    this.plot.hidden = this.asTable;
    return standaloneSvg(this.svg, this.title);
  }

  saveSvg() {
    download(`${slug(this.title)}.svg`, this.svgText(), "image/svg+xml");
  }

  async savePng() {
    const text = this.svgText();
    const { width, height } = this.svg.viewBox.baseVal;
    download(`${slug(this.title)}.png`, await toPng(text, width, height), "image/png");
  }
}
