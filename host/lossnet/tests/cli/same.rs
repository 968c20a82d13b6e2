//! Whether two runs have found the same, to the last byte.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

/// Compares two folders of results (of an experiment, of a cell) or checkpoints: all files of theirs must be the same, less
/// times, memory and what says who did what when.
pub(crate) fn assert_same_results(a: &Path, b: &Path) {
    let (found, expected) = (contents(a), contents(b));
    assert!(!found.is_empty(), "there is nothing in {}", a.display());
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "{} and {} have different files", a.display(), b.display());
    for (name, bytes) in &found {
        let other = &expected[name];
        if bytes != other {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).chars().take(2000).collect::<String>();
            panic!("{name} differs:\n{}\n--- and ---\n{}", text(bytes), text(other));
        }
    }
}

/// What is to be the same, by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    gather(folder, folder, &mut files);
    files
}

fn gather(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            gather(&path, root, files);
        } else if !is_about_the_run(&name) {
            let mut bytes = std::fs::read(&path).unwrap();
            if name == "result.json" {
                bytes = without_costs(&bytes);
            }
            files.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned(), bytes);
        }
    }
}

/// Logs, locks, plans, and tables and reports that say when, and how long things took.
fn is_about_the_run(name: &str) -> bool {
    ["run.log", ".lock", "plan.json", "results.csv", "results.parquet", "report.html", "failed.json"]
        .contains(&name)
}

fn without_costs(result: &[u8]) -> Vec<u8> {
    let mut result: Value = serde_json::from_slice(result).unwrap();
    let fields = result.as_object_mut().unwrap();
    // What was used meanwhile, where that was measured.
    for used in ["cpu_seconds", "peak_memory", "cost"] {
        fields.remove(used);
    }
    for time in ["started", "seconds"] {
        assert!(fields.remove(time).is_some(), "no `{time}` in {fields:?}");
    }
    serde_json::to_vec_pretty(&result).unwrap()
}
