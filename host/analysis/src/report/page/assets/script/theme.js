// Light or dark: as the system says, unless the reader chooses.

import { byId, h } from "./dom.js";
import { choice, choose, onChoice } from "./state.js";

const THEMES = [["", "Auto"], ["light", "Light"], ["dark", "Dark"]];

/** Adds the choice of the theme. */
export function showTheme() {
  const buttons = THEMES.map(([value, title]) => h("button", { type: "button", "data-theme-choice": value, onclick: () => choose({ theme: value || undefined }) }, title));
  byId("theme").append(h("div", { class: "segments", role: "group", "aria-label": "Colours" }, buttons));
  const update = () => {
    const wanted = THEMES.some(([value]) => value === choice("theme")) ? choice("theme") : "";
    if (wanted) document.documentElement.dataset.theme = wanted;
    else delete document.documentElement.dataset.theme;
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", THEMES[index][0] === wanted));
  };
  onChoice((keys) => { if (keys.has("theme")) update(); });
  update();
}
