// Puts the page together.

import { byId, h } from "./dom.js";
import { showCurves } from "./curves.js";
import { showDepth } from "./depth.js";
import { drawAll } from "./figure.js";
import { showHeatmap } from "./heatmap.js";
import { showBoardBar, showLeaderboard } from "./leaderboard.js";
import { boards } from "./model.js";
import { showOverall } from "./overall.js";
import { showOverview } from "./overview.js";
import { showPairs } from "./pairs.js";
import { showPanels } from "./panels.js";
import { showProvenance } from "./provenance.js";
import { showRanks } from "./ranks.js";
import { showResults } from "./results.js";
import { showCost, showPredictors } from "./scatter.js";
import { choice, choose, followAddress, onChoice } from "./state.js";
import { showTheme } from "./theme.js";

/** A link to each section; the one in view is marked. */
function showContents() {
  const sections = [...document.querySelectorAll("main section[id]")];
  const links = sections.map((section) => {
    const title = section.id === "overview" ? "Overview" : section.querySelector("h2").textContent;
    return h("a", { href: `#${section.id}`, onclick: (event) => goTo(event, section) }, title);
  });
  const items = links.map((link) => h("li", {}, link));
  byId("contents").append(...items);
  // What there is nothing to show in on a board has no link, either.
  const update = () => items.forEach((item, index) => { item.hidden = Boolean(sections[index].closest("[hidden]")); });
  onChoice(update);
  update();
  const seen = new Map();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) seen.set(target, isIntersecting);
    const current = sections.find((section) => seen.get(section));
    links.forEach((link, index) => {
      if (sections[index] === current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }, { rootMargin: "-25% 0px -65% 0px" });
  for (const section of sections) watcher.observe(section);
}

function goTo(event, section) {
  event.preventDefault();
  choose({ section: section.id });
  section.scrollIntoView();
  const title = section.querySelector("h1, h2");
  title.setAttribute("tabindex", "-1");
  title.focus({ preventScroll: true });
}

document.documentElement.classList.remove("no-script");
showTheme();
showOverview();
if (boards.length) {
  showBoardBar();
  showLeaderboard();
  showRanks();
  showPairs();
  showHeatmap();
  showDepth();
  showPredictors();
  showCost();
} else {
  byId("by-board").hidden = true;
}
showOverall();
showCurves();
showPanels();
showResults();
showProvenance();
showContents();
followAddress();
addEventListener("beforeprint", drawAll);
if (choice("section")) byId(choice("section"))?.scrollIntoView();
document.documentElement.dataset.ready = "true";
