// Elements, made from data and never from markup: a name can't become a tag.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    // Through the object model: the page's policy forbids style attributes.
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

/** An HTML element. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function s(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

/** The element with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** The place in a section where its content goes. */
export function bodyOf(section) {
  return document.querySelector(`#${section} > .body`);
}

/** A sentence whose parts in backquotes are code. */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

/** Says something to those who listen to the page. */
export function announce(text) {
  let live = byId("announcements");
  if (!live) {
    live = h("div", { id: "announcements", class: "unseen", "aria-live": "polite" });
    document.body.append(live);
  }
  live.textContent = text;
}
