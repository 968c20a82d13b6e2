// What can be pointed at in a drawing: by mouse, by finger, or with the arrow keys.

import { announce, s } from "./dom.js";
import { hideTip, showTip } from "./tooltip.js";

const REACH = 28;

// A mark is a place {x, y} or a box {x, y, width, height}, with lines() to show.
function nearest(marks, x, y) {
  let found;
  let least = REACH * REACH;
  for (const mark of marks) {
    const dx = mark.width === undefined ? mark.x - x : Math.max(mark.x - x, 0, x - mark.x - mark.width);
    const dy = mark.height === undefined ? mark.y - y : Math.max(mark.y - y, 0, y - mark.y - mark.height);
    const distance = dx * dx + dy * dy;
    if (distance < least) {
      least = distance;
      found = mark;
    }
  }
  return found;
}

function middle(mark) {
  return [mark.x + (mark.width ?? 0) / 2, mark.y + (mark.height ?? 0) / 2];
}

/** Lets a drawing's marks be pointed at. `onPoint` is told the mark, or undefined when none is pointed at any more. */
export function pointable(drawing, marks, onPoint = () => {}) {
  if (!marks.length) return;
  let current = -1;
  const ring = s("rect", { class: "ring page-only", visibility: "hidden" });
  drawing.append(ring);

  const toWindow = (x, y) => {
    const box = drawing.getBoundingClientRect();
    const view = drawing.viewBox.baseVal;
    return [box.left + (x / view.width) * box.width, box.top + (y / view.height) * box.height];
  };
  const point = (mark, at) => {
    const round = mark.width === undefined;
    const box = round ? { x: mark.x - 7, y: mark.y - 7, width: 14, height: 14, rx: 7 } : { ...mark, rx: 2 };
    for (const name of ["x", "y", "width", "height", "rx"]) ring.setAttribute(name, box[name]);
    ring.setAttribute("visibility", "visible");
    showTip(mark.lines(), ...(at ?? toWindow(...middle(mark))));
    onPoint(mark);
  };
  const leave = () => {
    ring.setAttribute("visibility", "hidden");
    hideTip();
    onPoint(undefined);
  };

  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    const view = drawing.viewBox.baseVal;
    const x = ((event.clientX - box.left) / box.width) * view.width;
    const y = ((event.clientY - box.top) / box.height) * view.height;
    const mark = nearest(marks, x, y);
    if (mark) point(mark, [event.clientX, event.clientY]);
    else leave();
  });
  drawing.addEventListener("pointerleave", leave);
  drawing.addEventListener("blur", leave);
  drawing.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (event.key === "Home") current = 0;
    else if (event.key === "End") current = marks.length - 1;
    else if (step) current = current < 0 ? 0 : (current + step + marks.length) % marks.length;
    else return;
    event.preventDefault();
    point(marks[current]);
    announce(marks[current].lines().join(", "));
  });
}
