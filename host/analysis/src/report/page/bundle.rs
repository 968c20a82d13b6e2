//! Style and scripts, each put together from small files.
//!
//! The scripts are ECMAScript modules that import from each other by name. A page opened from a file can't load modules, so
//! they become one script: each module a function that is called once and gives what the module exports, in an order in
//! which each comes after what it imports. A module may wait, as modules may, and those after it wait for it.

/// The style sheets, from the general to the special.
const STYLES: [&str; 5] = [
    include_str!("assets/style/base.css"),
    include_str!("assets/style/layout.css"),
    include_str!("assets/style/controls.css"),
    include_str!("assets/style/figures.css"),
    include_str!("assets/style/print.css"),
];

macro_rules! scripts {
    ($($name:literal),+ $(,)?) => {
        /// The modules, by the path that others import them from; each after what it imports.
        const SCRIPTS: &[(&str, &str)] = &[$(($name, include_str!(concat!("assets/script/", $name)))),+];
    };
}

scripts![
    "dom.js",
    "document.js",
    "format.js",
    "state.js",
    "model.js",
    "filters.js",
    "describe.js",
    "save.js",
    "latex.js",
    "tooltip.js",
    "marks.js",
    "scale.js",
    "axes.js",
    "colour.js",
    "sort.js",
    "grid.js",
    "figure.js",
    "forest.js",
    "lines.js",
    "overview.js",
    "leaderboard.js",
    "ranks.js",
    "pairs.js",
    "heatmap.js",
    "depth.js",
    "scatter.js",
    "overall.js",
    "curves.js",
    "panels.js",
    "query.js",
    "results.js",
    "provenance.js",
    "theme.js",
    "main.js",
];

/// The whole style sheet.
pub(super) fn style() -> String {
    STYLES.concat()
}

/// All modules as one script.
pub(super) fn script() -> String {
    let modules: Vec<String> = SCRIPTS.iter().map(|(name, module)| as_function(name, module)).collect();
    format!("(async () => {{\nconst modules = {{}};\n{}}})();\n", modules.concat())
}

/// A module as a function that is called at once and gives what the module exports.
fn as_function(name: &str, module: &str) -> String {
    let mut exports = Vec::new();
    let mut body = Vec::new();
    for line in module.lines() {
        if let Some((names, from)) = import(line) {
            body.push(format!("const {{ {names} }} = modules[\"{from}\"];"));
        } else if let Some(declaration) = line.strip_prefix("export ") {
            exports.push(declared(declaration));
            body.push(declaration.to_owned());
        } else {
            body.push(line.to_owned());
        }
    }
    let (body, exports) = (body.join("\n"), exports.join(", "));
    format!("modules[\"{name}\"] = await (async () => {{\n{body}\nreturn {{ {exports} }};\n}})();\n")
}

/// The names and the module of a line such as `import { a, b } from "./c.js";`.
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import { ")?.split_once(" } from \"./")?;
    Some((names, from.strip_suffix("\";")?))
}

/// The name that a declaration makes: `function name(…`, `const name = …`, `class Name …`.
fn declared(declaration: &str) -> &str {
    let declaration = declaration.strip_prefix("async ").unwrap_or(declaration);
    let (_, name) = declaration.split_once(' ').unwrap_or_default();
    name.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_import_names_something_that_an_earlier_module_exports_and_is_used() {
        let mut exported: HashSet<(&str, &str)> = HashSet::new();
        for (name, module) in SCRIPTS {
            for line in module.lines().filter(|line| line.starts_with("import")) {
                let (names, from) = import(line).unwrap_or_else(|| {
                    panic!("{name}: write `import {{ a, b }} from \"./c.js\";`, not `{line}`")
                });
                for wanted in names.split(", ") {
                    assert!(
                        exported.contains(&(from, wanted)),
                        "{name}: {from} exports no {wanted} before it"
                    );
                    assert!(module.matches(wanted).count() > 1, "{name} never uses {wanted}");
                }
            }
            exported.extend(
                module
                    .lines()
                    .filter_map(|line| line.strip_prefix("export "))
                    .map(|line| (*name, declared(line))),
            );
        }
    }

    #[test]
    fn backbones_have_the_colours_of_the_pictures_that_runs_write() {
        for (place, color) in crate::report::PALETTE.into_iter().enumerate() {
            assert!(style().contains(&format!("--series-{place}: light-dark({color},")), "{place} {color}");
        }
        assert!(script().contains(&format!("const SERIES = {};", crate::report::PALETTE.len())));
    }

    #[test]
    fn nothing_in_style_or_script_ends_its_element() {
        assert!(!style().contains("</"));
        assert!(!script().to_lowercase().contains("</script"));
        assert!(!script().contains("<!--"));
    }
}
