//! Reads all results.

use std::cmp::Ordering;

use super::Row;
use super::row::as_number;
use crate::store::{ExperimentFolder, StoreError};

/// What is there.
#[derive(Debug, Default)]
pub struct Gathered {
    /// A row per metric and cell; the best first within each experiment, metric and split.
    pub rows: Vec<Row>,
    /// Results that can't be read.
    pub problems: Vec<StoreError>,
    /// Versions of what a task computes, where rows of several are in the table: they must not be compared.
    pub mixed_protocols: Vec<String>,
}

/// Reads the results of these experiments, also while runs go on.
pub fn gather(experiments: &[ExperimentFolder]) -> Result<Gathered, StoreError> {
    let mut gathered = Gathered::default();
    for experiment in experiments {
        for (_, cell) in experiment.cells()? {
            match cell.result() {
                Ok(Some(result)) => gathered.rows.extend(Row::of(&result)),
                Ok(None) => {}
                Err(problem) => gathered.problems.push(problem),
            }
        }
    }
    gathered.rows.sort_by(best_first);
    let mut versions: Vec<String> = gathered
        .rows
        .iter()
        .map(|row| format!("{} version {}", row.text("task"), row.text("protocol_version")))
        .collect();
    versions.sort();
    versions.dedup();
    let tasks: Vec<&str> = versions.iter().filter_map(|version| version.split(' ').next()).collect();
    if tasks.windows(2).any(|pair| pair[0] == pair[1]) {
        gathered.mixed_protocols = versions;
    }
    Ok(gathered)
}

fn best_first(a: &Row, b: &Row) -> Ordering {
    let key = |row: &Row| {
        ["experiment", "task", "metric", "split", "protocol_version"].map(|column| row.text(column))
    };
    let value = |row: &Row| row.get("value").and_then(as_number).unwrap_or(f64::NAN);
    let (first, second) = (value(a), value(b));
    let higher_is_better = a.get("higher_is_better").and_then(serde_json::Value::as_bool).unwrap_or(true);
    let by_value = match (first.is_nan(), second.is_nan()) {
        // What is no number is never the best.
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if higher_is_better => second.total_cmp(&first),
        (false, false) => first.total_cmp(&second),
    };
    key(a).cmp(&key(b)).then(by_value)
}
