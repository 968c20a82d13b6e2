//! The configs that ship with lossnet make the cells that they promise, and the docs name every key.
#![allow(clippy::unwrap_used, missing_docs)]

mod config_fixture;

use std::path::{Path, PathBuf};

use config_fixture::{Nodes, catalog};
use lossnet_plan::config::{DEFAULTS, RawConfig};
use lossnet_plan::planner::plan_cells;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn the_shipped_configs_make_their_cells() {
    let cases = [
        ("quickstart.toml", "quickstart", 61, 4),
        ("metric.toml", "metric", 30, 3),
        ("paper/metric.toml", "paper-metric", 280, 14),
    ];
    for (file, experiment, cells, groups) in cases {
        let raw = RawConfig::load(&[root().join("configs").join(file)], [], &[]).unwrap();
        let plan = plan_cells(&raw, &catalog(), &Nodes, &()).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(
            (plan.experiment.as_str(), plan.cells.len(), plan.groups.len()),
            (experiment, cells, groups),
            "{file}"
        );
    }
}

/// Section, key and default of every line of the defaults, those in comments included.
fn defaults() -> Vec<(String, String, Option<String>)> {
    let mut section = String::new();
    let mut found = Vec::new();
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            name.0.clone_into(&mut section);
            continue;
        }
        let text = line.trim_start_matches("# ");
        let Some((key, value)) = text.split_once(" = ") else { continue };
        if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            let value = value.split(" #").next().unwrap().trim();
            found.push((section.clone(), key.to_owned(), (line == text).then(|| value.to_owned())));
        }
    }
    found
}

#[test]
fn the_docs_name_every_key_with_its_default() {
    let docs = std::fs::read_to_string(root().join("docs/reference/configs.md")).unwrap();
    let defaults = defaults();
    assert!(defaults.len() >= 24, "the defaults were not understood: {defaults:?}");
    for (section, key, default) in defaults {
        if section.is_empty() {
            assert!(docs.contains(&format!("`{key}`")), "{key}");
            continue;
        }
        let start = docs.find(&format!("## `[{section}]`")).unwrap_or_else(|| panic!("no section {section}"));
        let part = docs[start + 3..].split("\n## ").next().unwrap();
        let row = part.lines().find(|line| line.starts_with(&format!("| `{key}` |")));
        let row = row.unwrap_or_else(|| panic!("[{section}] {key} is not in the docs"));
        if let Some(default) = default {
            assert!(
                row.contains(&format!("| `{default}` |")),
                "[{section}] {key} has the default {default}: {row}"
            );
        }
    }
}
