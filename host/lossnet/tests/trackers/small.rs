//! A small training, and what its own files say of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::User;

/// A delineation of a few seconds that keeps a checkpoint after every step and makes pictures, with these trackers.
pub(crate) fn config(epochs: u32, trackers: &str) -> String {
    format!(
        r#"
[experiment]
name = "small"
description = "A try."
[run]
device = "cpu"
num_workers = 1
[task]
name = "delineation"
crop = 32
size = 32
[task.training]
checkpoint_minutes = 0.0
epochs = {epochs}
batch_size = 4
[loss_network]
weights = "random:0"
backbone = "squeezenet1_1"
layers = [1]
[data]
name = "synthetic"
content = "curves"
samples = 10
side = 32
{trackers}
"#
    )
}

/// The folder of the experiment's only cell.
pub(crate) fn cell(user: &User) -> PathBuf {
    let folder = user.path("logs/small");
    let mut cells: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("config.toml").is_file())
        .collect();
    assert_eq!(cells.len(), 1, "{cells:?}");
    cells.remove(0)
}

/// The directory of the event files of a cell.
pub(crate) fn board(cell: &Path) -> PathBuf {
    let end = format!("_{}", id(cell));
    let entries = std::fs::read_dir(cell.with_file_name("tensorboard")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.to_str().unwrap().ends_with(&end));
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// The name of a cell's folder.
pub(crate) fn id(cell: &Path) -> String {
    cell.file_name().unwrap().to_string_lossy().into_owned()
}

/// Name, step and value of each point of a cell's curves.
pub(crate) type Curves = BTreeMap<String, BTreeMap<u64, f64>>;

/// The curves as lossnet keeps them.
pub(crate) fn curves(cell: &Path) -> Curves {
    let text = std::fs::read_to_string(cell.join("curves.csv")).unwrap();
    let mut curves = Curves::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let twice = curves
            .entry(fields[0].to_owned())
            .or_default()
            .insert(fields[1].parse().unwrap(), fields[2].parse().unwrap());
        assert!(twice.is_none(), "{line} comes twice");
    }
    assert!(curves.len() >= 3, "{text}");
    curves
}

/// The results, by the names that trackers give them.
pub(crate) fn results(cell: &Path) -> BTreeMap<String, f64> {
    let text = std::fs::read_to_string(cell.join("result.json")).unwrap();
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    let metrics = result["metrics"].as_array().unwrap();
    assert!(!metrics.is_empty());
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    metrics
        .iter()
        .map(|metric| {
            let name = format!("{}/{}", text(&metric["name"]), text(&metric["split"]));
            (name, metric["value"].as_f64().unwrap())
        })
        .collect()
}

/// The files of the images that a cell has told of.
pub(crate) fn images(cell: &Path) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(cell.join("metrics.jsonl")).unwrap();
    let reports = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let mut images: Vec<PathBuf> = reports
        .filter(|report| report["report"] == "image")
        .map(|report| cell.join(report["path"].as_str().unwrap()))
        .collect();
    images.sort();
    images.dedup();
    assert!(!images.is_empty());
    images
}

/// Starts the run, kills it with signal 9 once it has reported `points` lines more, and does so `times` times.
pub(crate) fn kill(user: &User, points: usize, times: usize) {
    for _ in 0..times {
        let before = reported(user);
        let mut child = user.command(&["-q", "run", "small.toml"]).spawn().unwrap();
        let started = Instant::now();
        while reported(user) < before + points {
            assert!(child.try_wait().unwrap().is_none(), "the run ended before it could be killed");
            assert!(started.elapsed() < Duration::from_mins(6), "nothing was reported");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Lines in the files of reports.
fn reported(user: &User) -> usize {
    let mut lines = 0;
    for entry in std::fs::read_dir(user.path("logs/small")).into_iter().flatten().flatten() {
        if let Ok(text) = std::fs::read_to_string(entry.path().join("metrics.jsonl")) {
            lines += text.lines().count();
        }
    }
    lines
}
