// One tooltip for all figures.

import { h } from "./dom.js";

let box;

/** Shows lines of text beside a place in the window; the first is the heading. */
export function showTip(lines, x, y) {
  if (!box) {
    box = h("div", { class: "tip", role: "tooltip", id: "tip" });
    document.body.append(box);
  }
  box.replaceChildren(...lines.map((line, index) => h(index ? "div" : "strong", {}, line)));
  box.hidden = false;
  const { width, height } = box.getBoundingClientRect();
  const left = x + 14 + width > innerWidth ? x - 14 - width : x + 14;
  const top = y + 14 + height > innerHeight ? y - 14 - height : y + 14;
  box.style.left = `${Math.max(4, Math.min(left, innerWidth - width - 4))}px`;
  box.style.top = `${Math.max(4, top)}px`;
}

/** Hides it. */
export function hideTip() {
  if (box) box.hidden = true;
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});
addEventListener("scroll", hideTip, { passive: true, capture: true });
