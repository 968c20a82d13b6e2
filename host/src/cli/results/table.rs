//! Results as a table for people: what differs, and what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::analysis::About;
use crate::cli::output;
use crate::config::flatten;
use crate::results::{
    COLUMNS, Column, Gathered, Group, Record, Role, Row, Value, best_groups_first, contender_columns, group,
    kept_apart,
};

/// A column as it is shown: its head, and a value for each row.
pub(in crate::cli) type Shown = (String, Vec<String>);

/// So many contenders are shown of each metric and split at the end of a run.
const SHOWN_AFTER_A_RUN: usize = 10;

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
    add("spread", &|value| value != Value::Missing);
    add("repetitions", &more_than(1));
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

/// What a run ends with: the contenders' means on all of the data, the best first, and how to see the rest.
pub(in crate::cli) fn summary(experiment: &str, gathered: &Gathered) -> Option<String> {
    let by = contender_columns();
    // By all that contenders differ in, so that nothing else has to be known.
    let about = About::default();
    let mut all = group(&main_rows(&gathered.rows), &by, &about);
    best_groups_first(&mut all);
    let mut shown_of: BTreeMap<(String, String), usize> = BTreeMap::new();
    let total = group(&gathered.rows, &by, &about).len();
    all.retain(|group| {
        let metric = group.rows()[0].metric();
        let shown = shown_of.entry((metric.name.clone(), metric.split.clone())).or_default();
        *shown += 1;
        *shown <= SHOWN_AFTER_A_RUN
    });
    if all.is_empty() {
        return None;
    }
    let mut text = groups(&all, &by);
    if all.len() < total {
        let _ = write!(
            text,
            "\n{} of {total} results are shown: `lossnet results {experiment}` shows all, --where, --sort and --group choose",
            all.len()
        );
    }
    Some(text)
}

/// The rows about all of the data: means over its parts where there are some, and no parts then.
fn main_rows(rows: &[Row]) -> Vec<Row> {
    let parent = |row: &'_ Row| -> (String, Option<String>) {
        let metric = row.metric();
        let (split, part) = metric.split.rsplit_once('/').unwrap_or((&metric.split, ""));
        (format!("{} {split}", metric.name), Some(part.to_owned()).filter(|part| !part.is_empty()))
    };
    let whole = |part: &str| matches!(part, "mean" | "all");
    let summed: BTreeSet<String> = rows
        .iter()
        .map(parent)
        .filter(|(_, part)| part.as_deref().is_some_and(whole))
        .map(|(parent, _)| parent)
        .collect();
    let is_main = |row: &&Row| {
        let (parent, part) = parent(row);
        part.is_none_or(|part| whole(&part) || !summed.contains(&parent))
    };
    rows.iter().filter(is_main).cloned().collect()
}

/// What tells the rows' cells apart: the columns in which they differ.
pub(in crate::cli) fn differing_identity(rows: &[Row]) -> Vec<Shown> {
    let identity = COLUMNS.iter().filter(|column| matches!(column.role, Role::Contender | Role::Run));
    identity.flat_map(|column| differing(rows, column)).collect()
}

/// A value for people.
fn text(record: &impl Record, column: &Column) -> String {
    match record.get(column) {
        Value::Number(number) => format!("{number:.6}"),
        other => other.text().into_owned(),
    }
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
    let values: Vec<String> = records.iter().map(|record| text(record, column)).collect();
    let Some(settings) = parsed(&values) else { return vec![(column.name.to_owned(), values)] };
    let keys: BTreeSet<&String> = settings.iter().flat_map(BTreeMap::keys).collect();
    let of_key = |key: &String| {
        let of_key = settings.iter().map(|settings| settings.get(key).cloned().unwrap_or_default());
        (key.clone(), of_key.collect::<Vec<String>>())
    };
    let columns = keys.into_iter().map(of_key);
    columns.filter(|(_, values)| values.iter().any(|value| *value != values[0])).collect()
}
/// Texts that are all JSON objects or empty, as values by dotted key.
fn parsed(texts: &[String]) -> Option<Vec<BTreeMap<String, String>>> {
    let parse = |text: &String| {
        if text.is_empty() {
            return Some(BTreeMap::new());
        }
        let Ok(Json::Object(settings)) = serde_json::from_str(text) else { return None };
        let plain = |value: Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Some(flatten(&settings).into_iter().map(|(key, value)| (key, plain(value))).collect())
    };
    texts.iter().map(parse).collect()
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
    }
}
