//! What the folders promise of the code: dependencies point one way, and no files import each other in a circle.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use crate::files::root;
use crate::imports;

/// Our own crates that each of them depends on, tests aside.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let packages = metadata["packages"].as_array().unwrap();
    let own: BTreeSet<String> = packages.iter().map(|package| text(&package["name"])).collect();
    let of = |package: &serde_json::Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .filter(|name| own.contains(name))
            .collect()
    };
    packages.iter().map(|package| (text(&package["name"]), of(package))).collect()
}

#[test]
fn dependencies_point_from_users_to_contracts() {
    // Each crate may depend on those in the rows above it that are named.
    let allowed: [(&str, &[&str]); 9] = [
        ("lossnet-plugin-protocol", &[]),
        ("lossnet-statistics", &[]),
        ("lossnet-plugin-api", &["lossnet-plugin-protocol"]),
        ("lossnet-plugin-kit", &["lossnet-plugin-api", "lossnet-plugin-protocol"]),
        ("lossnet-core", &["lossnet-plugin-protocol"]),
        ("lossnet-plan", &["lossnet-core", "lossnet-plugin-protocol"]),
        (
            "lossnet-analysis",
            &["lossnet-core", "lossnet-plan", "lossnet-plugin-protocol", "lossnet-statistics"],
        ),
        (
            "lossnet-engine",
            &["lossnet-core", "lossnet-plugin-api", "lossnet-plugin-kit", "lossnet-plugin-protocol"],
        ),
        ("lossnet", &["lossnet-analysis", "lossnet-core", "lossnet-plan", "lossnet-plugin-protocol"]),
    ];
    let found = dependencies();
    for (name, own) in &found {
        let allowed = match allowed.iter().find(|(known, _)| known == name) {
            Some((_, allowed)) => allowed,
            // Plugins know what every author knows.
            None if name.starts_with("lossnet-plugin-") => {
                &["lossnet-plugin-api", "lossnet-plugin-kit", "lossnet-plugin-protocol"][..]
            }
            None => &[][..],
        };
        for dependency in own {
            assert!(allowed.contains(&dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
    assert!(allowed.iter().all(|(name, _)| found.contains_key(*name)), "a crate is missing: {found:?}");
}

#[test]
fn the_engine_knows_nothing_of_the_command_line_and_the_report() {
    let mut cargo = Command::new(env!("CARGO"));
    let output = cargo
        .args(["tree", "--package=lossnet-engine", "--edges=normal", "--prefix=none", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    let tree = String::from_utf8(output.stdout).unwrap();
    let crates: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains("lossnet-core"), "{}", String::from_utf8_lossy(&output.stderr));
    for wrong in ["clap", "indicatif", "parquet", "minijinja", "jsonschema", "lossnet-analysis", "lossnet"] {
        assert!(!crates.contains(wrong), "lossnet-engine depends on {wrong}");
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for folder in ["host", "plugin-api", "plugins"] {
        let crates = std::fs::read_dir(root().join(folder)).unwrap();
        for sources in crates.map(|entry| entry.unwrap().path().join("src")).filter(|path| path.is_dir()) {
            circles.extend(imports::circles(&sources));
        }
    }
    circles.extend(imports::circles(&root().join("xtask/src")));
    assert!(
        circles.is_empty(),
        "{} circles of imports; each line names a file and the modules of its circle that it imports:\n{}\n\
         Move what two of them share, often a constant or a small type, into a file below both.",
        circles.len(),
        circles.join("\n")
    );
}

#[test]
fn what_runs_cells_knows_nothing_of_commands() {
    let sources = root().join("host/lossnet/src");
    for module in ["context.rs", "draw", "engine", "estimate", "execute", "failure.rs", "index", "terminal"] {
        let mut open = vec![sources.join(module)];
        while let Some(path) = open.pop() {
            if path.is_dir() {
                open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.contains("crate::cli"), "{} imports from `cli`, which is above it", path.display());
        }
    }
}
