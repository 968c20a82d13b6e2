// A table that draws only the rows in view, sorts by any column, and can be saved.

import { announce, h } from "./dom.js";
import { count, plural, slug } from "./format.js";
import { escapeLatex, latexTable } from "./latex.js";
import { csv, download } from "./save.js";
import { orderItems } from "./sort.js";

// The heights of rows in the style sheet.
const ROW = { wide: 34, narrow: 48 };
const BEYOND = 12;
// Paper has no room for more.
const PRINTED = 25;
// Journals' tables are shorter; LaTeX takes no longer one on a page.
const LATEX_ROWS = 2000;
// Phones, where names take several lines.
const NARROW = matchMedia("(max-width: 700px)");

function rowHeight() {
  return NARROW.matches ? ROW.narrow : ROW.wide;
}

/**
 * A table. Its columns are `{key, title, hint, numeric, width, narrow, value(item), text(item), show(item), file(item), strong(item)}`:
 * `value` sorts, `text` is read, `show` draws (the text, if left out), `file` goes into CSV, or several columns as `files`, each
 * `[key, (item) => text]`; `strong` is bold in LaTeX. A column that is `onPageOnly` goes into no file, one with `inLatex` of false
 * not into LaTeX.
 * `order(items, column, descending)` may sort faster than the general way; `onSort` is told the order that was asked for.
 */
export class Grid {
  constructor({ title, columns, rows = 14, order, onSort, sorted, note }) {
    this.allColumns = columns;
    this.columns = columns;
    this.items = [];
    this.sorted = sorted;
    this.onSort = onSort ?? (() => {});
    this.order = order ?? ((items, column, descending) => orderItems(Array.from(items), column.value, descending));
    this.printing = false;
    this.head = h("thead");
    this.rowsBody = h("tbody");
    this.caption = h("caption", { class: "unseen" });
    this.table = h("table", { class: "grid" }, this.caption, this.head, this.rowsBody);
    this.box = h("div", { class: "scroll", tabindex: "0", role: "region" }, this.table);
    this.box.style.maxHeight = `${rows * ROW.wide + 40}px`;
    this.box.addEventListener("scroll", () => this.draw(), { passive: true });
    this.tools = h("div", { class: "tools", role: "group" },
      h("button", { type: "button", onclick: () => this.saveCsv() }, "CSV"),
      h("button", { type: "button", onclick: () => this.saveLatex() }, "LaTeX"));
    this.status = h("p", { class: "status" });
    this.unprinted = h("p", { class: "note" });
    this.node = h("div", { class: "grid-block" }, h("div", { class: "grid-head" }, this.status, this.tools), this.box, this.unprinted, note && h("p", { class: "note" }, note));
    this.setTitle(title);
    NARROW.addEventListener("change", () => {
      this.drawHead();
      this.draw(true);
    });
    matchMedia("print").addEventListener("change", ({ matches }) => this.print(matches));
    this.drawHead();
  }

  /** Names the table, also in its files. `caption` may say more than the title. */
  setTitle(title, caption = title) {
    this.title = title;
    this.caption.textContent = caption;
    this.box.setAttribute("aria-label", `Table: ${title}`);
    this.tools.setAttribute("aria-label", `Save “${title}”`);
  }

  /** Shows these items, in the chosen order. `of` is how many there are without filters; `beside` stand between them and don't count. */
  setItems(items, of = items.length, beside = []) {
    this.unsorted = beside.length ? [...items, ...beside] : items;
    this.beside = beside.length;
    this.of = of;
    this.sortItems();
  }

  /** Shows these columns only. */
  setColumns(keys) {
    this.columns = this.allColumns.filter(({ key }) => keys.includes(key));
    this.drawHead();
    this.draw(true);
  }

  /** Replaces all columns, where they depend on what is shown. */
  replaceColumns(columns) {
    this.allColumns = columns;
    this.columns = columns;
    this.drawHead();
  }

  sortBy(key, descending) {
    this.sorted = { key, descending };
    this.onSort(this.sorted);
    this.drawHead();
    this.sortItems();
    const column = this.allColumns.find((one) => one.key === key);
    announce(`Sorted by ${column.title}, ${descending ? "descending" : "ascending"}`);
  }

  sortItems() {
    const column = this.sorted && this.allColumns.find(({ key }) => key === this.sorted.key);
    this.items = column ? this.order(this.unsorted, column, this.sorted.descending) : this.unsorted;
    const number = this.items.length - this.beside;
    this.status.textContent = number === this.of ? plural(number, "row") : `${count(number)} of ${plural(this.of, "row")}`;
    this.table.setAttribute("aria-rowcount", this.items.length + 1);
    this.box.scrollTop = 0;
    this.draw(true);
  }

  drawHead() {
    const header = (column, index) => {
      const mine = this.sorted?.key === column.key;
      const aria = mine ? (this.sorted.descending ? "descending" : "ascending") : "none";
      const next = mine ? !this.sorted.descending : Boolean(column.numeric && column.key !== "rank");
      const sign = mine ? (this.sorted.descending ? "▾" : "▴") : "";
      return h("th", { scope: "col", class: classOf(column), "aria-sort": aria, "data-key": column.key, "aria-colindex": index + 1, title: column.hint },
        h("button", { type: "button", onclick: () => this.sortBy(column.key, next) }, column.title, h("span", { class: "sign", "aria-hidden": "true" }, sign)));
    };
    const focused = this.head.contains(document.activeElement) && document.activeElement.closest("th")?.dataset.key;
    const widthOf = ({ width = 9, narrow = width }) => (NARROW.matches ? narrow : width);
    const columns = this.columns.map((one) => {
      const column = h("col");
      column.style.width = `${widthOf(one)}ch`;
      return column;
    });
    this.table.querySelector("colgroup")?.remove();
    this.table.querySelector("caption").after(h("colgroup", {}, columns));
    this.table.style.minWidth = `${this.columns.reduce((sum, one) => sum + widthOf(one), 0)}ch`;
    this.head.replaceChildren(h("tr", { "aria-rowindex": 1 }, this.columns.map(header)));
    if (focused) this.head.querySelector(`th[data-key="${CSS.escape(focused)}"] button`)?.focus();
  }

  draw(again = false) {
    const total = this.items.length;
    const height = rowHeight();
    const visible = Math.ceil((this.box.clientHeight || 600) / height);
    let first = Math.max(0, Math.floor(this.box.scrollTop / height) - BEYOND);
    let last = Math.min(total, first + visible + 2 * BEYOND);
    if (this.printing) [first, last] = [0, Math.min(total, PRINTED)];
    if (!again && this.drawn?.first === first && this.drawn.last === last) return;
    this.drawn = { first, last };
    const space = (rows) => {
      const line = h("tr", { class: "space", "aria-hidden": "true" }, h("td", { colspan: this.columns.length }));
      line.firstChild.style.height = `${rows * height}px`;
      return line;
    };
    const lines = [];
    if (first > 0) lines.push(space(first));
    for (let index = first; index < last; index += 1) lines.push(this.line(this.items[index], index));
    if (last < total && !this.printing) lines.push(space(total - last));
    if (!total) lines.push(h("tr", {}, h("td", { colspan: this.columns.length, class: "nothing" }, "Nothing matches the filters.")));
    this.unprinted.textContent = this.printing && last < total ? `${count(total - last)} more rows are not printed.` : "";
    this.rowsBody.replaceChildren(...lines);
  }

  line(item, index) {
    return h("tr", { "aria-rowindex": index + 2, class: item.baseline ? "baseline" : undefined }, this.columns.map((column, position) => {
      const content = column.show ? column.show(item) : column.text(item);
      const tag = position === 0 || column.heading ? "th" : "td";
      const full = column.text(item);
      return h(tag, { scope: tag === "th" ? "row" : undefined, class: classOf(column), title: full.length > (column.width ?? 9) ? full : undefined }, content);
    }));
  }

  print(printing) {
    this.printing = printing;
    this.draw(true);
  }

  saveCsv() {
    const columns = this.columns
      .filter(({ onPageOnly }) => !onPageOnly)
      .flatMap(({ key, files, file, text }) => files ?? [[key, file ?? text]]);
    const rows = Array.from(this.items, (item) => columns.map(([, of]) => of(item)));
    download(`${slug(this.title)}.csv`, csv(columns.map(([key]) => key), rows), "text/csv;charset=utf-8");
  }

  saveLatex() {
    const columns = this.columns.filter(({ onPageOnly, inLatex }) => !onPageOnly && inLatex !== false);
    const shown = Array.from(this.items.slice(0, LATEX_ROWS));
    const rows = shown.map((item) => columns.map((column) => ({ text: column.text(item), strong: column.strong?.(item), numeric: column.numeric })));
    const left = this.items.length - shown.length;
    const note = left > 0 ? `% ${escapeLatex(`the first ${shown.length} of ${this.items.length} rows`)}\n` : "";
    download(`${slug(this.title)}.tex`, note + latexTable(this.title, columns, rows), "text/x-tex;charset=utf-8");
  }
}

/** Paper has no room for what files leave out, either. */
function classOf({ numeric, onPageOnly, inLatex }) {
  return [numeric && "number", (onPageOnly || inLatex === false) && "screen-only"].filter((name) => name).join(" ") || undefined;
}
