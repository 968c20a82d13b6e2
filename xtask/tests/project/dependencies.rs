//! What the workspace depends on: each crate in one version, as building from nothing must not take long.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Crates in several versions: the name, the versions, and who needs which.
const SEVERAL: [(&str, &[&str], &str); 13] = [
    ("cpufeatures", &["0.2", "0.3"], "0.2 sha2, which is tch's version, too; 0.3 proptest"),
    (
        "getrandom",
        &["0.2", "0.3", "0.4"],
        "0.2 ring and tch's rand; 0.3 jsonschema and parquet; 0.4 tempfile",
    ),
    ("hashbrown", &["0.16", "0.17"], "0.16 safetensors; 0.17 serde_json and parquet"),
    ("miniz_oxide", &["0.8", "0.9"], "0.8 png; 0.9 flate2"),
    ("num-bigint", &["0.4", "0.5"], "0.4 jsonschema and npyz; 0.5 parquet"),
    (
        "rand",
        &["0.8", "0.9", "0.10"],
        "0.8 tch; 0.9 ours, as each version draws other numbers; 0.10 proptest",
    ),
    ("rand_chacha", &["0.3", "0.9"], "as rand"),
    ("rand_core", &["0.6", "0.9", "0.10"], "as rand"),
    ("safetensors", &["0.3", "0.8"], "0.3 tch, which reads fewer types of numbers; 0.8 ours"),
    (
        "syn",
        &["1", "2", "3"],
        "1 abi_stable; 2 zerocopy, jsonschema's strum and tch's thiserror; 3 all others",
    ),
    ("thiserror", &["1", "2"], "1 tch; 2 all others"),
    ("thiserror-impl", &["1", "2"], "as thiserror"),
    ("zip", &["0.6", "8"], "0.6 tch; 8 ours and pytorch-reader"),
];

#[test]
fn each_crate_has_one_version_unless_others_force_two_on_us() {
    let mut several = duplicates();
    // Cargo also names crates that build scripts use with other features than libraries do: one version, built twice.
    several.retain(|_, versions| versions.len() > 1);
    let expected: BTreeMap<String, BTreeSet<String>> = SEVERAL
        .iter()
        .map(|(name, versions, _)| {
            ((*name).to_owned(), versions.iter().map(|&version| version.to_owned()).collect())
        })
        .collect();
    assert_eq!(
        several, expected,
        "left: what cargo found; right: the list in this test, with who needs what"
    );
}

/// The versions of each crate that is built more than once, without the numbers behind which versions are compatible.
fn duplicates() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut tree = Command::new(cargo);
    tree.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    tree.args(["tree", "--workspace", "--locked", "--offline", "--duplicates", "--edges=normal,build,dev"]);
    tree.args(["--depth=0", "--prefix=none", "--format={p}"]);
    let output = tree.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        // `syn v2.0.119`, and headings such as `[build-dependencies]`.
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) =
            (words.next(), words.next().and_then(|word| word.strip_prefix('v')))
        {
            found.entry(name.to_owned()).or_default().insert(compatible(version));
        }
    }
    found
}

/// A version up to its first number that is not 0: what Cargo regards as compatible.
fn compatible(version: &str) -> String {
    let numbers: Vec<&str> = version.split('.').collect();
    let last = numbers.iter().position(|&number| number != "0").unwrap_or(numbers.len() - 1);
    numbers[..=last].join(".")
}

#[test]
fn versions_are_compatible_up_to_the_first_number_that_is_not_0() {
    assert_eq!(["1.0.109", "0.8.9", "0.0.3"].map(compatible), ["1", "0.8", "0.0.3"]);
}
