//! What trackers call things.

use std::path::{Path, PathBuf};

use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_api::prelude::*;
use serde_json::{Map, Value};

/// The settings that say what a cell is about, whatever the experiment varies.
const ALWAYS: [&str; 5] =
    ["task.name", "loss_network.backbone", "loss_network.layers", "loss_network.comparison", "data.name"];

/// As much of a cell's name stands in the name of a directory.
const LONGEST_NAME: usize = 150;

/// What a result is called beside curves: its name and the part of the data.
pub(crate) fn result_name(metric: &Metric) -> String {
    format!("{}/{}", metric.name, metric.split)
}

/// The name of a directory that says which cell it is of: the cell's name in characters that every file system takes, and its id,
/// which keeps cells of one name apart.
pub(crate) fn directory_name(cell: &TrackedCell) -> String {
    let mut name = String::new();
    for part in cell.name.split(" · ") {
        if !name.is_empty() {
            name.push('_');
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '=' | '+' | ',');
        name.extend(part.chars().map(|c| if fits(c) { c } else { '-' }));
    }
    name.truncate(LONGEST_NAME);
    format!("{}_{}", name.trim_start_matches('.'), cell.id)
}

/// What a number means, in a few words.
pub(crate) fn result_meaning(metric: &Metric) -> String {
    let direction = if metric.higher_is_better { "higher is better" } else { "lower is better" };
    format!("{}, {direction}, {} samples", metric.unit, metric.samples)
}

/// All settings by dotted key, lists as one text.
pub(crate) fn flat(config: &Map<String, Value>) -> Vec<(String, Value)> {
    let mut settings = Vec::new();
    add("", config, &mut settings);
    settings
}

fn add(prefix: &str, table: &Map<String, Value>, settings: &mut Vec<(String, Value)>) {
    for (key, value) in table {
        let key = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => add(&key, inner, settings),
            Value::Array(values) => {
                let texts: Vec<String> = values.iter().map(text).collect();
                settings.push((key, Value::String(texts.join(","))));
            }
            single => settings.push((key, single.clone())),
        }
    }
}

/// A value as text, without quotes around text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The settings by which cells are told apart: what each is about, and what the experiment varies.
pub(crate) fn distinguishing(cell: &TrackedCell) -> Vec<(String, Value)> {
    let mut settings = flat(&cell.config);
    settings.retain(|(key, _)| ALWAYS.contains(&key.as_str()) || cell.varied.contains(key));
    settings
}

/// All files in a folder and below, sorted; none if it is not there.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, PluginError> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs_err::read_dir(&folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    Ok(found)
}

/// An error of the file system, which names the file.
#[expect(clippy::needless_pass_by_value, reason = "made to be given to map_err")]
pub(crate) fn failed(error: std::io::Error) -> PluginError {
    PluginError::run(error.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_named_by_dotted_keys() {
        let config = json!({ "task": { "name": "metric", "training": { "epochs": 3 } }, "data": { "splits": ["a", "b"] } });
        let Value::Object(config) = config else { unreachable!() };
        let expected = [
            ("task.name", json!("metric")),
            ("task.training.epochs", json!(3)),
            ("data.splits", json!("a,b")),
        ];
        assert_eq!(flat(&config), expected.map(|(key, value)| (key.to_owned(), value)));
        let cell =
            TrackedCell { config, varied: vec!["task.training.epochs".to_owned()], ..TrackedCell::default() };
        let keys: Vec<String> = distinguishing(&cell).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["task.name", "task.training.epochs"]);
    }

    #[test]
    fn directories_are_named_as_cells_are() {
        let cell = |name: &str| TrackedCell {
            name: name.to_owned(),
            id: "0366c4d1095bfc72".to_owned(),
            ..TrackedCell::default()
        };
        let name = directory_name(&cell("alexnet · 1,4 · spatial+sort · weights=a/w:1 ü.pth · repetition 2"));
        assert_eq!(name, "alexnet_1,4_spatial+sort_weights=a-w-1--.pth_repetition-2_0366c4d1095bfc72");
        assert_eq!(directory_name(&cell(&"x".repeat(400))).len(), 167);
        assert_eq!(directory_name(&cell("..")), "_0366c4d1095bfc72");
    }

    #[test]
    fn files_are_found_in_all_folders() {
        let folder = tempfile::tempdir().unwrap();
        assert!(files(&folder.path().join("none")).unwrap().is_empty());
        std::fs::create_dir_all(folder.path().join("b/c")).unwrap();
        for name in ["a", "b/c/d", "b/e"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let expected = ["a", "b/c/d", "b/e"].map(|name| folder.path().join(name));
        assert_eq!(files(folder.path()).unwrap(), expected);
    }
}
