//! Conditions on rows, and their order.

use std::cmp::Ordering;
use std::str::FromStr;

use serde_json::Value;

use super::{COLUMNS, Row};
use crate::catalog::did_you_mean;

/// A condition such as `metric=2afc_score` or `value>=0.6`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    column: &'static str,
    relation: Relation,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Different,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// Longer ones first, so that `>=` is not taken for `>`.
const RELATIONS: [(&str, Relation); 6] = [
    ("!=", Relation::Different),
    (">=", Relation::GreaterOrEqual),
    ("<=", Relation::LessOrEqual),
    ("=", Relation::Equal),
    (">", Relation::Greater),
    ("<", Relation::Less),
];

/// Not a condition, or not a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// No relation in it.
    #[error("`{0}` is no condition: write column=value, with =, !=, <, <=, > or >=")]
    Form(String),
    /// No such column.
    #[error("the table has no column `{name}`{hint}; its columns are {}", COLUMNS.join(", "))]
    Column {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        hint: String,
    },
}

fn column(name: &str) -> Result<&'static str, ConditionError> {
    COLUMNS.into_iter().find(|known| *known == name).ok_or_else(|| ConditionError::Column {
        name: name.to_owned(),
        hint: did_you_mean(name, COLUMNS).map(|hint| format!(": {hint}")).unwrap_or_default(),
    })
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // The first sign that occurs, the longest where several begin there.
        let found = RELATIONS
            .into_iter()
            .filter_map(|(sign, relation)| text.find(sign).map(|at| (at, sign, relation)))
            .min_by_key(|(at, sign, _)| (*at, std::cmp::Reverse(sign.len())));
        let (at, sign, relation) = found.ok_or_else(|| ConditionError::Form(text.to_owned()))?;
        let value = text[at + sign.len()..].trim().to_owned();
        Ok(Condition { column: column(text[..at].trim())?, relation, value })
    }
}

impl Condition {
    /// Whether a row meets it. Numbers are compared as numbers, everything else as text.
    pub fn holds(&self, row: &Row) -> bool {
        let Some(value) = row.get(self.column) else { return false };
        let order = match (value.as_f64(), self.value.parse::<f64>()) {
            (Some(ours), Ok(theirs)) => ours.total_cmp(&theirs),
            _ => super::row::text(value).as_str().cmp(&self.value),
        };
        match self.relation {
            Relation::Equal => order == Ordering::Equal,
            Relation::Different => order != Ordering::Equal,
            Relation::Less => order == Ordering::Less,
            Relation::LessOrEqual => order != Ordering::Greater,
            Relation::Greater => order == Ordering::Greater,
            Relation::GreaterOrEqual => order != Ordering::Less,
        }
    }
}

/// An order by one column, such as `value:desc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    column: &'static str,
    descending: bool,
}

impl FromStr for Order {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, descending) = match text.split_once(':') {
            Some((name, "desc")) => (name, true),
            Some((name, "asc")) => (name, false),
            _ => (text, false),
        };
        Ok(Order { column: column(name)?, descending })
    }
}

impl Order {
    /// Puts rows into this order; equal ones stay as they are.
    pub fn sort(self, rows: &mut [Row]) {
        rows.sort_by(|a, b| {
            let order = match (a.get(self.column), b.get(self.column)) {
                (Some(a), Some(b)) => compare(a, b),
                _ => Ordering::Equal,
            };
            if self.descending { order.reverse() } else { order }
        });
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => super::row::text(a).cmp(&super::row::text(b)),
    }
}
