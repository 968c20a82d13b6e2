//! Results as a table for people: what differs, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::cli::output;
use crate::config::flatten;
use crate::results::{COLUMNS, Row};

/// What was found, and from how much.
const SCORES: [&str; 5] = ["metric", "split", "value", "unit", "samples"];

/// No part of what was computed, or said by other columns already.
const BESIDE: [&str; 7] =
    ["higher_is_better", "weights_sha256", "seconds", "started", "cell", "seed", "signature"];

/// A column: its head, and a value for each row.
pub(in crate::cli) type Column = (String, Vec<String>);

/// The columns in which rows differ, then the scores with what they depend on.
pub(in crate::cli) fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no results".to_owned();
    }
    let mut columns = differing_identity(rows);
    columns.extend(SCORES.map(|name| (name.to_owned(), rows.iter().map(|row| score(row, name)).collect())));
    let mut lines = vec![columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()];
    lines.extend((0..rows.len()).map(|row| columns.iter().map(|(_, values)| values[row].clone()).collect()));
    // What rows have in common, and all of what a score depends on, is said once.
    let signatures: BTreeSet<String> = rows.iter().map(|row| row.text("signature")).collect();
    let common = common_parts(&signatures);
    format!("{}\nall: {common}", output::table(&lines))
}

/// What tells the rows' cells apart: the columns in which they differ.
pub(in crate::cli) fn differing_identity(rows: &[Row]) -> Vec<Column> {
    let identity = COLUMNS.into_iter().filter(|column| !SCORES.contains(column) && !BESIDE.contains(column));
    identity.flat_map(|name| differing(rows, name)).collect()
}

fn score(row: &Row, name: &str) -> String {
    match row.get(name).and_then(Value::as_f64) {
        Some(value) if name == "value" => format!("{value:.6}"),
        _ => row.text(name),
    }
}

/// The column, if its values differ; of settings, a column for each of those that differ.
fn differing(rows: &[Row], name: &str) -> Vec<Column> {
    let values: Vec<String> = rows.iter().map(|row| row.text(name)).collect();
    if values.iter().all(|value| *value == values[0]) {
        return Vec::new();
    }
    let Some(settings) = parsed(&values) else { return vec![(name.to_owned(), values)] };
    let keys: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    let column = |key: &String| {
        let of_key = settings.iter().map(|settings| settings.get(key).cloned().unwrap_or_default());
        (key.clone(), of_key.collect::<Vec<String>>())
    };
    let columns = keys.into_iter().map(column);
    columns.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}

/// Texts that are all JSON objects or empty, as values by dotted key.
fn parsed(texts: &[String]) -> Option<Vec<BTreeMap<String, String>>> {
    let parse = |text: &String| {
        if text.is_empty() {
            return Some(BTreeMap::new());
        }
        let Ok(Value::Object(settings)) = serde_json::from_str(text) else { return None };
        let plain = |value: Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(flatten(&settings).into_iter().map(|(key, value)| (key, plain(value))).collect())
    };
    texts.iter().map(parse).collect()
}

/// The parts (`name=value`, separated by `|`) that all signatures have.
fn common_parts(signatures: &BTreeSet<String>) -> String {
    let mut signatures = signatures.iter();
    let Some(first) = signatures.next() else { return String::new() };
    let parts: Vec<&str> = first.split('|').collect();
    let rest: Vec<BTreeSet<&str>> = signatures.map(|signature| signature.split('|').collect()).collect();
    let shared: Vec<&str> =
        parts.into_iter().filter(|part| rest.iter().all(|other| other.contains(part))).collect();
    shared.join("|")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(first: &str, second: &str) -> Vec<(String, String, String)> {
        let texts = [first.to_owned(), second.to_owned()];
        let flat = parsed(&texts).unwrap_or_default();
        let keys: BTreeSet<String> = flat.iter().flat_map(|settings| settings.keys().cloned()).collect();
        let value = |row: usize, key: &str| flat[row].get(key).cloned().unwrap_or_default();
        keys.into_iter().map(|key| (key.clone(), value(0, &key), value(1, &key))).collect()
    }

    #[test]
    fn settings_are_taken_apart_by_dotted_key() {
        let found = columns(r#"{"variant":"lin","training":{"epochs":3}}"#, r#"{"variant":"tune"}"#);
        let texts = |of: [&str; 3]| (of[0].to_owned(), of[1].to_owned(), of[2].to_owned());
        assert_eq!(found, [texts(["training.epochs", "3", ""]), texts(["variant", "lin", "tune"])]);
        assert!(parsed(&["no JSON".to_owned()]).is_none());
    }
}
