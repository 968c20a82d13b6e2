// Images side by side, and one of them large.

import { bodyOf, byId, h } from "./dom.js";
import { plural } from "./format.js";
import { network, report } from "./model.js";

// More are shown when a reader asks for them: all would be most of the page.
const SHOWN = 4;
// Images that are enlarged already where they lie side by side: without smoothing.
const SMALL = 180;

// What stands beside each row of an image.
const BESIDE = 190;
const WIDEST = 320;

/** Fills the section on images; there is none where none were kept. */
export function showPanels() {
  const body = bodyOf("images");
  const panels = report.panels.filter(({ images }) => images.length);
  if (!panels.length) {
    byId("images").hidden = true;
    return;
  }
  const viewer = makeViewer();
  body.append(...panels.map((panel) => panelNode(panel, viewer)), viewer.node);
}

function panelNode(panel, viewer) {
  const widest = Math.max(...panel.images.map(({ size }) => size[0]));
  const beside = panel.images.some(({ rows }) => rows.length) ? BESIDE : 0;
  const column = Math.min(WIDEST, Math.max(150, 1.3 * widest)) + beside;
  const grid = h("div", { class: "panel", style: { gridTemplateColumns: `repeat(auto-fill, minmax(min(100%, ${column}px), 1fr))` } });
  const add = (from, to) => grid.append(...panel.images.slice(from, to).map((image, index) => imageNode(panel, from + index, image, viewer)));
  add(0, SHOWN);
  const left = panel.images.length - SHOWN;
  const more = left > 0 && h("button", { type: "button", onclick: () => { add(SHOWN); more.remove(); } }, `Show ${plural(left, "more image")}`);
  return h("section", { class: "panel-block", "aria-label": `${panel.task}: ${panel.title}` },
    h("h3", {}, `${panel.task}: ${panel.title}`), h("p", { class: "note" }, panel.caption), grid, more);
}

function nameOf(image) {
  return network(image.network)?.label ?? image.cell;
}

/** What an image shows, for those who can't see it. */
function spoken(image) {
  return [image.caption || nameOf(image), ...image.rows].join("; ");
}

function imageNode(panel, position, image, viewer) {
  const [width, height] = image.size;
  return h("figure", { class: "image" },
    h("button", { type: "button", class: "open", "aria-label": `Enlarge: ${nameOf(image)}, ${image.caption}`, onclick: () => viewer.open(panel, position) },
      h("img", { src: image.source, alt: spoken(image), width, height, decoding: "async", class: width < SMALL ? "pixelated" : undefined })),
    image.rows.length > 0 && h("ol", { class: "row-captions", "aria-label": "Rows from top to bottom" }, image.rows.map((row) => h("li", {}, row))),
    h("figcaption", {}, h("strong", {}, nameOf(image)), image.caption && h("span", {}, image.caption)));
}

/** A dialog with one image, enlarged without smoothing by whole factors; arrow keys go through the panel. */
function makeViewer() {
  const picture = h("img", { alt: "" });
  const stage = h("div", { class: "stage-box", tabindex: "0", role: "region", "aria-label": "Enlarged image" }, picture);
  const heading = h("h2", { id: "viewer-title" });
  const text = h("p", { class: "note" });
  let panel;
  let position = 0;
  let factor = 1;
  const show = (change = 0) => {
    position = (position + change + panel.images.length) % panel.images.length;
    const image = panel.images[position];
    heading.textContent = nameOf(image);
    picture.src = image.source;
    picture.alt = spoken(image);
    if (change || factor === 0) factor = Math.max(1, Math.floor(Math.min((innerWidth - 80) / image.size[0], (innerHeight - 220) / image.size[1])));
    resize(1);
  };
  const resize = (by) => {
    const image = panel.images[position];
    factor = Math.min(32, Math.max(0.25, factor * by));
    picture.style.width = `${image.size[0] * factor}px`;
    picture.classList.toggle("pixelated", factor > 1);
    text.textContent = `${image.caption || panel.caption} – ${image.size[0]} × ${image.size[1]} pixels, ${factor} ×, image ${position + 1} of ${panel.images.length}`;
  };
  const button = (label, action) => h("button", { type: "button", onclick: action }, label);
  const node = h("dialog", { class: "viewer", "aria-labelledby": "viewer-title" },
    h("div", { class: "viewer-head" }, heading, h("div", { class: "tools" },
      button("Previous", () => show(-1)), button("Next", () => show(1)),
      button("Smaller", () => resize(0.5)), button("Larger", () => resize(2)), button("Close", () => node.close()))),
    stage, text);
  node.addEventListener("keydown", (event) => {
    // In the image's own box the arrow keys scroll.
    const scrolls = document.activeElement === stage && (stage.scrollWidth > stage.clientWidth);
    const action = {
      ArrowLeft: () => !scrolls && show(-1), ArrowRight: () => !scrolls && show(1), "+": () => resize(2), "-": () => resize(0.5),
    }[event.key];
    action?.();
  });
  node.addEventListener("click", (event) => { if (event.target === node) node.close(); });
  return {
    node,
    open: (wanted, index) => {
      panel = wanted;
      position = index;
      factor = 0;
      node.showModal();
      show();
    },
  };
}
