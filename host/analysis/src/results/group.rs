//! Rows that differ only in what is averaged, as one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::column::Record;
use super::column::{COLUMNS, Column, Role};
use super::gather::{better, deviation};
use super::row::{CompleteCell, Row};
use super::value::Value;
use crate::leaderboards::{About, PROTOCOL, measured_by};

/// What is never averaged: metrics of different tasks, splits, units, or versions of what a task computes.
const APART: [&str; 6] = ["task", "protocol_version", "metric", "split", "unit", "higher_is_better"];

/// What says which samples a metric is of, and what is measured of them. Groups by all of these have nothing else to be kept
/// apart.
const MEASURED: [&str; 8] = [
    "task_settings",
    "dataset",
    "dataset_settings",
    "splits",
    "limit",
    "data_folder",
    "data_sha256",
    "test_data",
];

/// All that changes what a row's metric is about, by key: settings of the data, and those of the task that change what is
/// measured. Rows that differ in it are never averaged.
type Measure = BTreeMap<String, String>;

/// Rows that agree in some columns, as one record. Its value is their mean, `averaged` their number, its deviation their standard
/// deviation. Only if they are all repetitions of the same contender these are its repetitions and its spread, too. Samples are those of the row with the fewest, failed and NaN ones those of all rows; times are means
/// and the memory is that of the row with the most. In every
/// other column it has what the rows have in common, and nothing where they differ.
#[derive(Clone, Debug)]
pub struct Group {
    rows: Vec<Row>,
    value: f64,
    /// Standard deviation of the rows' values.
    deviation: Option<f64>,
    /// Whether the rows are repetitions of one contender.
    repeats: bool,
    measure: Arc<Measure>,
    /// The splits and groups of samples that the metric is computed of, as in the column `splits`.
    parts: String,
    /// Of the task's settings, where the rows differ in some, those that change what is measured.
    task_settings: String,
}

impl Group {
    fn new(rows: Vec<Row>, measure: Arc<Measure>, parts: String) -> Group {
        let values: Vec<f64> = rows.iter().map(|row| row.metric().value).collect();
        let value = values.iter().sum::<f64>() / values.len() as f64;
        let settings = &rows[0].config().task.settings;
        let measures = |key: &str| {
            measure.keys().any(|known| {
                known.strip_prefix(key).is_some_and(|rest| matches!(rest.chars().next(), None | Some('.')))
            })
        };
        let kept: Map<String, Json> = settings
            .iter()
            .filter(|(key, _)| measures(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let task_settings = if kept.is_empty() { String::new() } else { Json::Object(kept).to_string() };
        let contender = rows[0].contender();
        let repeats = rows.iter().all(|row| row.contender() == contender);
        Group { deviation: deviation(&values), repeats, rows, value, measure, parts, task_settings }
    }

    /// The rows, at least one; no two of the same cell.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether the rows are repetitions of one contender.
    pub fn repeats(&self) -> bool {
        self.repeats
    }

    /// What the rows have in common in a column, if they do.
    fn common(&self, column: &Column) -> Option<Value<'_>> {
        let mut values = self.rows.iter().map(|row| row.get(column));
        let first = values.next()?;
        values.all(|value| value == first).then_some(first)
    }

    /// Of the rows that have the number.
    fn mean(&self, of: impl Fn(&Row) -> Option<f64>) -> Value<'_> {
        let numbers: Vec<f64> = self.rows.iter().filter_map(of).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        if numbers.is_empty() { Value::Missing } else { Value::Number(mean) }
    }

    fn total(&self, of: impl Fn(&Row) -> Option<u64>) -> Value<'_> {
        let counts: Option<Vec<u64>> = self.rows.iter().map(of).collect();
        Value::optional(counts, |counts| Value::count(counts.iter().sum()))
    }
}

impl Record for Group {
    fn get(&self, column: &Column) -> Value<'_> {
        match column.name {
            "value" => Value::Number(self.value),
            "deviation" => Value::optional(self.deviation, Value::Number),
            "averaged" => Value::count(self.rows.len() as u64),
            "spread" if self.repeats => Value::optional(self.deviation, Value::Number),
            "repetitions" if self.repeats => Value::count(self.rows.len() as u64),
            // What several contenders have in common says nothing of their mean.
            "spread" | "low" | "high" | "tied" if !self.repeats => Value::Missing,
            "samples" => {
                Value::optional(self.rows.iter().map(|row| row.metric().samples).min(), Value::count)
            }
            // A group differs in these nearly always, so that what they have in common would be nothing.
            "seconds" => self.mean(|row| Some(row.result().seconds)),
            "cpu_seconds" => self.mean(|row| row.result().cpu_seconds),
            "peak_memory" => Value::optional(
                self.rows.iter().filter_map(|row| row.result().peak_memory).max(),
                Value::count,
            ),
            "forward_seconds" => self.mean(|row| Some(row.result().cost?.forward_seconds)),
            "backward_seconds" => self.mean(|row| row.result().cost?.backward_seconds),
            "failed" => self.total(|row| row.metric().failed),
            "nan" => self.total(|row| row.metric().nan),
            _ => self.common(column).unwrap_or_else(|| {
                let kept = match column.name {
                    "task_settings" => &self.task_settings,
                    "splits" => &self.parts,
                    _ => return Value::Missing,
                };
                if kept.is_empty() { Value::Missing } else { Value::Text(kept) }
            }),
        }
    }
}

/// What tells contenders apart: groups by these columns average over repetitions.
pub fn contender_columns() -> Vec<&'static Column> {
    COLUMNS.iter().filter(|column| column.role == Role::Contender).collect()
}

/// The columns of a table of groups by these columns.
pub fn group_columns(by: &[&'static Column]) -> Vec<&'static Column> {
    let shown = |column: &&Column| {
        let name = &column.name;
        by.contains(column) || column.role == Role::Score || APART.contains(name) || MEASURED.contains(name)
    };
    COLUMNS.iter().filter(shown).collect()
}

/// Puts rows that agree in these columns together, in the order of the first row of each, and the best first within each
/// task, metric and split if the rows stand so. Rows of different metrics, splits, units, tasks or versions are never put
/// together, nor are those of other data, or of other settings that change what is measured: what is on one leaderboard can
/// be averaged. A cell that is in several experiments counts once.
pub fn group(rows: &[Row], by: &[&'static Column], about: &About) -> Vec<Group> {
    let keys: Vec<&Column> =
        COLUMNS.iter().filter(|column| by.contains(column) || APART.contains(&column.name)).collect();
    // The columns themselves keep everything apart where these are among them.
    let is_by = |name: &str| by.iter().any(|column| column.name == name);
    let apart = !is_by("cell") && !MEASURED.iter().all(|name| is_by(name));
    let measures = if apart { measures(rows, about) } else { HashMap::new() };
    let nothing = Arc::new(Measure::new());
    let measure = |row: &Row| measures.get(&std::ptr::from_ref(row.cell())).unwrap_or(&nothing);
    let keys: Vec<String> = rows
        .iter()
        .map(|row| {
            let columns = keys.iter().map(|column| row.get(column).text().into_owned());
            let measure = measure(row).iter().flat_map(|(key, value)| [key.clone(), value.clone()]);
            columns.chain(measure).collect::<Vec<_>>().join("\u{1f}")
        })
        .collect();
    // Older results don't say what they are computed of: they are with the others, if there is but one kind of those.
    let mut known: HashMap<&str, HashSet<String>> = HashMap::new();
    for (row, key) in rows.iter().zip(&keys).filter(|_| apart) {
        known.entry(key).or_default().extend(parts(row));
    }
    let mut order: HashMap<(&str, String), usize> = HashMap::new();
    let mut members: Vec<(HashSet<&str>, Vec<Row>, String)> = Vec::new();
    for (row, key) in rows.iter().zip(&keys) {
        let known = known.get(key.as_str());
        let only = || known.filter(|known| known.len() == 1).and_then(|known| known.iter().next().cloned());
        let parts = if apart { parts(row).or_else(only).unwrap_or_default() } else { String::new() };
        let position = *order.entry((key, parts.clone())).or_insert(members.len());
        if position == members.len() {
            members.push((HashSet::new(), Vec::new(), parts));
        }
        let (cells, of_group, _) = &mut members[position];
        if cells.insert(row.result().cell.id.as_str()) {
            of_group.push(row.clone());
        }
    }
    let group = |(_, rows, parts): (_, Vec<Row>, _)| {
        let measure = Arc::clone(measure(&rows[0]));
        Group::new(rows, measure, parts)
    };
    members.into_iter().map(group).collect()
}

/// What each cell measures.
fn measures(rows: &[Row], about: &About) -> HashMap<*const CompleteCell, Arc<Measure>> {
    let mut found = HashMap::new();
    for row in rows {
        found
            .entry(std::ptr::from_ref(row.cell()))
            .or_insert_with(|| Arc::new(measured_by(&row.result().cell, about)));
    }
    found
}

/// The splits and groups of samples that a row's metric is computed of, if it says so.
fn parts(row: &Row) -> Option<String> {
    let from = row.metric().from_samples.as_ref()?;
    let parts = from.parts.iter().map(|part| match part.group.as_deref() {
        Some(group) if !group.is_empty() => format!("{}/{group}", part.split),
        _ => part.split.clone(),
    });
    Some(parts.collect::<Vec<_>>().join(","))
}

/// In what groups by these columns are kept apart besides: a head, and a value for each of them. Settings have their dotted
/// keys, since some are called like columns.
pub fn kept_apart(groups: &[Group], by: &[&'static Column]) -> Vec<(String, Vec<String>)> {
    let is_by = |name: &str| by.iter().any(|column| column.name == name);
    let keys: BTreeSet<&String> = groups.iter().flat_map(|group| group.measure.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let (column, head) = match key.strip_prefix("data.") {
            Some("name") => ("dataset", "dataset".to_owned()),
            Some("limit") => ("limit", "limit".to_owned()),
            Some("folder") => ("data_folder", "data_folder".to_owned()),
            Some("contents") => ("data_sha256", "data_sha256".to_owned()),
            Some(rest) if rest.starts_with("test.") => ("test_data", key.clone()),
            Some(_) => ("dataset_settings", key.clone()),
            None if key == PROTOCOL => ("protocol_version", "protocol_version".to_owned()),
            None => ("task_settings", format!("task.{key}")),
        };
        // Another dataset has other settings.
        let among = |group: &'_ Group| match column {
            "dataset_settings" => group.measure.get("data.name").cloned(),
            _ => None,
        };
        if !is_by(column) && differ(groups, &among, &|group| group.measure.get(key)) {
            let value = |group: &Group| group.measure.get(key).filter(|value| *value != "none").cloned();
            found.push((head, groups.iter().map(|group| value(group).unwrap_or_default()).collect()));
        }
    }
    let among = |group: &'_ Group| {
        let metric = group.rows[0].metric();
        (metric.name.clone(), metric.split.clone(), Arc::clone(&group.measure))
    };
    if !is_by("splits") && differ(groups, &among, &|group| &group.parts) {
        found.push(("splits".to_owned(), groups.iter().map(|group| group.parts.clone()).collect()));
    }
    found
}

/// Whether a value differs between any two groups that have this in common.
fn differ<'a, K: Eq + Hash, V: PartialEq>(
    groups: &'a [Group],
    in_common: &dyn Fn(&'a Group) -> K,
    value: &dyn Fn(&'a Group) -> V,
) -> bool {
    let mut first: HashMap<K, &Group> = HashMap::new();
    groups.iter().any(|group| value(first.entry(in_common(group)).or_insert(group)) != value(group))
}

/// The best mean first within each experiment, task, metric, split and what else is kept apart; equal ones stay as they are.
pub fn best_groups_first(groups: &mut [Group]) {
    groups.sort_by(|a, b| {
        let (first, second) = (&a.rows[0], &b.rows[0]);
        // Groups of all experiments may well have rows of several.
        let experiment = |group: &Group| {
            if group.measure.is_empty() { group.rows[0].text("experiment") } else { String::new() }
        };
        let board = |row: &Row| ["task", "metric", "split", "protocol_version"].map(|name| row.text(name));
        (experiment(a), board(first))
            .cmp(&(experiment(b), board(second)))
            .then_with(|| (&a.measure, &a.parts).cmp(&(&b.measure, &b.parts)))
            .then_with(|| better(a.value, b.value, first.metric().higher_is_better))
    });
}
