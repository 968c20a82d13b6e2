// What the results depend on.

import { bodyOf, byId, h } from "./dom.js";
import { plural, slug } from "./format.js";
import { report } from "./model.js";
import { download } from "./save.js";

/** Fills the section on provenance. */
export function showProvenance() {
  const body = bodyOf("provenance");
  if (!report.provenance.length) {
    byId("provenance").hidden = true;
    return;
  }
  body.append(
    h("p", { class: "note" }, "Cells of one experiment that were computed in the same way share an entry. Results of different protocol versions are never mixed."),
    ...report.provenance.map(entry));
}

function entry({ experiment, cells, facts, config, signature }, index) {
  return h("details", { class: "origin", open: index === 0 && innerWidth > 700 },
    h("summary", {}, h("strong", {}, experiment), ` ${plural(cells, "cell")}`),
    h("dl", { class: "facts" }, Object.entries(facts).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    signature && [h("h3", {}, "Signature"), h("pre", { class: "wrap", tabindex: "0" }, signature)],
    config && [
      h("div", { class: "figure-head" }, h("h3", {}, "Config of one of the cells"), h("div", { class: "tools" },
        h("button", { type: "button", onclick: () => download(`${slug(experiment)}.toml`, config, "application/toml") }, "TOML"))),
      h("pre", { tabindex: "0", role: "region", "aria-label": `Config of ${experiment}` }, config),
    ]);
}
