//! Results as a table for people: what differs, and what was found.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::terminal::output;
use lossnet_analysis::results::{COLUMNS, Column, Group, Record, Role, Row, Value, kept_apart};
use lossnet_core::number;
use lossnet_plan::config::flatten;

/// Digits of numbers in tables, of which nothing says how sure they are.
const DIGITS: usize = 6;

/// A column as it is shown: its head, and a value for each row.
pub(in crate::cli) type Shown = (String, Vec<String>);

/// These columns of groups as they are.
pub(super) fn columns(groups: &[Group], columns: &[&Column]) -> String {
    if groups.is_empty() {
        return "no results".to_owned();
    }
    let shown = columns.iter().map(|column| {
        let values = groups.iter().map(|group| text(group, column)).collect();
        (column.name.to_owned(), values)
    });
    lines(&shown.collect::<Vec<_>>())
}

/// Groups by these columns, a table for each task, and for each experiment if they are by that: what tells contenders apart
/// differs between tasks.
pub(super) fn groups(groups: &[Group], by: &[&'static Column]) -> String {
    if groups.is_empty() {
        return "no results".to_owned();
    }
    let is_shown = |column: &&Column| match column.name {
        "experiment" => by.contains(column),
        name => name == "task",
    };
    let titles: Vec<&Column> = COLUMNS.iter().filter(is_shown).collect();
    let title = |group: &Group| {
        let parts = titles.iter().map(|column| text(group, column));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
    };
    let mut parts: Vec<(String, Vec<Group>)> = Vec::new();
    for group in groups {
        let title = title(group);
        match parts.iter_mut().find(|(known, _)| *known == title) {
            Some((_, part)) => part.push(group.clone()),
            None => parts.push((title, vec![group.clone()])),
        }
    }
    if let [(_, only)] = &parts[..] {
        return one_table(only, by);
    }
    let table = |(title, part): &(String, Vec<Group>)| format!("{title}\n{}", one_table(part, by));
    parts.iter().map(table).collect::<Vec<_>>().join("\n\n")
}

/// The columns in which groups differ, then the means with what they depend on.
fn one_table(groups: &[Group], by: &[&'static Column]) -> String {
    let mut shown: Vec<Shown> = by
        .iter()
        .filter(|column| column.role != Role::Score)
        .flat_map(|column| differing(groups, column))
        .collect();
    shown.extend(kept_apart(groups, by));
    let score = |name: &str| COLUMNS.iter().find(|column| column.name == name);
    let mut add = |name: &str, only_if: &dyn Fn(Value<'_>) -> bool| {
        let Some(column) = score(name) else { return };
        if groups.iter().any(|group| only_if(group.get(column))) {
            shown.push((name.to_owned(), groups.iter().map(|group| text(group, column)).collect()));
        }
    };
    let always = |_: Value<'_>| true;
    let more_than = |least: i64| move |value: Value<'_>| matches!(value, Value::Integer(n) if n > least);
    for name in ["metric", "split", "value"] {
        add(name, &always);
    }
    // Of repetitions of one contender all that is averaged are repetitions, which is said once.
    let repeats = groups.iter().all(Group::repeats);
    let [many, spread] = if repeats { ["repetitions", "spread"] } else { ["averaged", "deviation"] };
    add(spread, &|value| value != Value::Missing);
    add(many, &more_than(1));
    add("unit", &always);
    add("samples", &always);
    add("failed", &more_than(0));
    add("nan", &more_than(0));
    // What rows have in common, and all of what a score depends on, is said once.
    let signatures: BTreeSet<&str> =
        groups.iter().flat_map(Group::rows).map(|row| row.result().signature.as_str()).collect();
    let text = lines(&shown);
    let common = common_parts(&signatures);
    if common.is_empty() { text } else { format!("{text}\nall: {common}") }
}

/// What tells the rows' cells apart: the columns in which they differ.
pub(in crate::cli) fn differing_identity(rows: &[Row]) -> Vec<Shown> {
    let identity = COLUMNS.iter().filter(|column| matches!(column.role, Role::Contender | Role::Run));
    identity.flat_map(|column| differing(rows, column)).collect()
}

/// A value for people: numbers with the digits that make sense, settings as `key=value`.
fn text(record: &impl Record, column: &Column) -> String {
    match record.get(column) {
        Value::Number(value) => number::significant(value, DIGITS),
        other => {
            let text = other.text();
            settings(&text).map_or_else(|| text.to_string(), |settings| said(&settings))
        }
    }
}

/// `training.epochs=3, variant=lin`
fn said(settings: &BTreeMap<String, String>) -> String {
    let parts: Vec<String> = settings.iter().map(|(key, value)| format!("{key}={value}")).collect();
    parts.join(", ")
}

fn lines(shown: &[Shown]) -> String {
    let rows = shown.first().map_or(0, |(_, values)| values.len());
    let mut lines = vec![shown.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>()];
    lines.extend((0..rows).map(|row| shown.iter().map(|(_, values)| values[row].clone()).collect()));
    output::table(&lines)
}

/// Sums of files, with the columns that name these: a sum tells something only where the names agree.
const SUMS: [(&str, &[&str]); 3] = [
    ("weights_sha256", &["backbone", "backbone_settings", "weights"]),
    ("calibration_sha256", &["calibration"]),
    ("data_sha256", &["dataset", "data_folder"]),
];

/// Settings, with the column that names what they are of: they tell something only where they differ for one name.
const SETTINGS: [(&str, &str); 4] = [
    ("comparison_settings", "comparison"),
    ("backbone_settings", "backbone"),
    ("dataset_settings", "dataset"),
    ("task_settings", "task"),
];

/// Whether records of the same name always have the same in a column.
fn is_said_by(records: &[impl Record], column: &Column, named_by: &str) -> bool {
    let Some(name) = COLUMNS.iter().find(|known| known.name == named_by) else { return false };
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    records.iter().all(|record| {
        let value = text(record, column);
        *first.entry(text(record, name)).or_insert_with(|| value.clone()) == value
    })
}

/// The column of sums, their first digits, if those of files of one name differ.
fn differing_sums(records: &[impl Record], column: &Column, named_by: &[&str]) -> Option<Shown> {
    let names: Vec<&Column> = COLUMNS.iter().filter(|known| named_by.contains(&known.name)).collect();
    let mut first: BTreeMap<Vec<String>, String> = BTreeMap::new();
    let mut differ = false;
    let sums: Vec<String> = records.iter().map(|record| text(record, column)).collect();
    for (record, sum) in records.iter().zip(&sums) {
        let name = names.iter().map(|column| text(record, column)).collect();
        differ |= first.entry(name).or_insert_with(|| sum.clone()) != sum;
    }
    let short = |sum: &String| sum.chars().take(8).collect();
    differ.then(|| (column.name.to_owned(), sums.iter().map(short).collect()))
}

/// The column, if its values differ; of settings, a column for each of those that differ.
fn differing(records: &[impl Record], column: &Column) -> Vec<Shown> {
    if let Some((_, named_by)) = SUMS.iter().find(|(name, _)| *name == column.name) {
        return differing_sums(records, column, named_by).into_iter().collect();
    }
    let first = records.first().map_or(Value::Missing, |record| record.get(column));
    if records.iter().all(|record| record.get(column) == first) {
        return Vec::new();
    }
    let named_by = SETTINGS.iter().find(|(name, _)| *name == column.name).map(|(_, by)| *by);
    if named_by.is_some_and(|by| is_said_by(records, column, by)) {
        return Vec::new();
    }
    let plain = |record| Record::get(record, column);
    let as_they_are: Vec<String> = records.iter().map(|record| plain(record).text().into_owned()).collect();
    let values: Vec<String> = records.iter().map(|record| text(record, column)).collect();
    let Some(settings) = parsed(&as_they_are) else { return vec![(column.name.to_owned(), values)] };
    let keys: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    let of_key = |key: &String| {
        let of_key = settings.iter().map(|settings| settings.get(key).cloned().unwrap_or_default());
        (key.clone(), of_key.collect::<Vec<String>>())
    };
    let columns = keys.into_iter().map(of_key);
    columns.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}

/// Texts that are all settings or empty, as values by dotted key.
fn parsed(texts: &[String]) -> Option<Vec<BTreeMap<String, String>>> {
    texts.iter().map(|text| if text.is_empty() { Some(BTreeMap::new()) } else { settings(text) }).collect()
}

/// Settings, which are JSON objects with a `+` between them where there are several (the terms of a comparison), as values by
/// dotted key; the second object's have `2.` before them, and so on. None if it is another text.
fn settings(text: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    let mut rest = text;
    for place in 1.. {
        let mut objects = serde_json::Deserializer::from_str(rest).into_iter::<Json>();
        let Some(Ok(Json::Object(object))) = objects.next() else { return None };
        let before = if place == 1 { String::new() } else { format!("{place}.") };
        let plain = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        found.extend(
            flatten(&object).into_iter().map(|(key, value)| (format!("{before}{key}"), plain(value))),
        );
        rest = rest.get(objects.byte_offset()..)?;
        if rest.is_empty() {
            break;
        }
        rest = rest.strip_prefix('+')?;
    }
    Some(found)
}

/// The parts (`name=value`, separated by `|`) that all signatures have.
fn common_parts(signatures: &BTreeSet<&str>) -> String {
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
        let terms = settings(r#"{"p":2}+{"p":1}"#).unwrap();
        assert_eq!(said(&terms), "2.p=1, p=2");
    }
}
