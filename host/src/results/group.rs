//! Rows that differ only in what is averaged, as one.

use std::collections::{HashMap, HashSet};

use super::column::{COLUMNS, Column, Role};
use super::gather::{better, deviation};
use super::row::{Record, Row};
use super::value::Value;

/// What is never averaged: metrics of different tasks, splits, units, or versions of what a task computes.
const APART: [&str; 6] = ["task", "protocol_version", "metric", "split", "unit", "higher_is_better"];

/// Rows that agree in some columns, as one record. Its value is their mean, its spread their standard deviation, its
/// repetitions their number; samples are those of the row with the fewest, failed and NaN ones those of all rows. In every
/// other column it has what the rows have in common, and nothing where they differ.
#[derive(Clone, Debug)]
pub struct Group {
    rows: Vec<Row>,
    value: f64,
    spread: Option<f64>,
}

impl Group {
    fn new(rows: Vec<Row>) -> Group {
        let values: Vec<f64> = rows.iter().map(|row| row.metric().value).collect();
        let value = values.iter().sum::<f64>() / values.len() as f64;
        Group { rows, value, spread: deviation(&values) }
    }

    /// The rows, at least one; no two of the same cell.
    pub fn rows(&self) -> &[Row] {
        &self.rows
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
            "spread" => Value::optional(self.spread, Value::Number),
            "repetitions" => Value::count(self.rows.len() as u64),
            "samples" => {
                Value::optional(self.rows.iter().map(|row| row.metric().samples).min(), Value::count)
            }
            "failed" => self.total(|row| row.metric().failed),
            "nan" => self.total(|row| row.metric().nan),
            _ => {
                let mut values = self.rows.iter().map(|row| row.get(column));
                let first = values.next().unwrap_or(Value::Missing);
                if values.all(|value| value == first) { first } else { Value::Missing }
            }
        }
    }
}

/// What tells contenders apart: groups by these columns average over repetitions.
pub fn contender_columns() -> Vec<&'static Column> {
    COLUMNS.iter().filter(|column| column.role == Role::Contender).collect()
}

/// The columns of a table of groups by these columns.
pub fn group_columns(by: &[&'static Column]) -> Vec<&'static Column> {
    let shown =
        |column: &&Column| by.contains(column) || column.role == Role::Score || APART.contains(&column.name);
    COLUMNS.iter().filter(shown).collect()
}

/// Puts rows that agree in these columns together, in the order of the first row of each, and the best first within each
/// task, metric and split if the rows stand so. Rows of different metrics, splits, units, tasks or versions are never put
/// together. A cell that is in several experiments counts once.
pub fn group(rows: &[Row], by: &[&'static Column]) -> Vec<Group> {
    let keys: Vec<&Column> =
        COLUMNS.iter().filter(|column| by.contains(column) || APART.contains(&column.name)).collect();
    let mut order: HashMap<String, usize> = HashMap::new();
    let mut members: Vec<(HashSet<&str>, Vec<Row>)> = Vec::new();
    for row in rows {
        let key: Vec<_> = keys.iter().map(|column| row.get(column).text()).collect();
        let position = *order.entry(key.join("\u{1f}")).or_insert(members.len());
        if position == members.len() {
            members.push(Default::default());
        }
        let (cells, of_group) = &mut members[position];
        if cells.insert(row.result().cell.id.as_str()) {
            of_group.push(row.clone());
        }
    }
    members.into_iter().map(|(_, rows)| Group::new(rows)).collect()
}

/// The best mean first within each experiment, task, metric and split; equal ones stay as they are.
pub fn best_groups_first(groups: &mut [Group]) {
    groups.sort_by(|a, b| {
        let (first, second) = (&a.rows[0], &b.rows[0]);
        let board = |row: &Row| {
            let names = ["experiment", "task", "metric", "split", "protocol_version"];
            names.map(|name| row.text(name))
        };
        board(first)
            .cmp(&board(second))
            .then_with(|| better(a.value, b.value, first.metric().higher_is_better))
    });
}
