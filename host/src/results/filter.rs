//! Conditions on rows, and their order.

use std::cmp::Ordering;
use std::str::FromStr;

use super::column::{Column, UnknownColumn, find_column};
use super::row::{Record, Row};
use super::value::{Storage, Value, compare_layers, indices};
use crate::plan::{self, Cell};
use crate::relation::Relation;

/// The column whose texts are lists of numbers.
const LAYERS: &str = "layers";

/// A condition on a column, such as `metric=2afc_score` or `value>=0.6`, or on a setting of the cell by its dotted key, such as
/// `task.variant=lin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Subject);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Column { column: &'static Column, relation: Relation, value: String },
    Setting(plan::Condition),
}

/// Not a condition, or not a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// No relation in it.
    #[error("`{0}` is no condition: write column=value, with =, !=, <, <=, > or >=")]
    Form(String),
    /// No such column.
    #[error(transparent)]
    Column(#[from] UnknownColumn),
    /// No such setting.
    #[error(transparent)]
    Setting(#[from] plan::ConditionError),
    /// A value that no row can have.
    #[error("`{condition}` holds for no row: the column `{column}` has {values}")]
    Value {
        /// The condition.
        condition: String,
        /// The column.
        column: &'static str,
        /// What the column has.
        values: &'static str,
    },
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (column, relation, value) =
            Relation::split(text).ok_or_else(|| ConditionError::Form(text.to_owned()))?;
        if column.contains('.') {
            return Ok(Condition(Subject::Setting(plan::Condition::parse(text)?)));
        }
        let (column, value) = (find_column(column)?, value.to_owned());
        let values = match column.storage {
            _ if value.is_empty() => None,
            Storage::Integer | Storage::Number if value.parse::<f64>().is_err() => Some("numbers"),
            Storage::Flag if value.parse::<bool>().is_err() => Some("`true` and `false`"),
            _ => None,
        };
        match values {
            Some(values) => {
                Err(ConditionError::Value { condition: text.to_owned(), column: column.name, values })
            }
            None => Ok(Condition(Subject::Column { column, relation, value })),
        }
    }
}

impl Condition {
    /// Whether a row meets it. Numbers are compared as numbers, layers by their indices, everything else as text. What is missing is neither less nor
    /// greater than anything, and `column=` finds it; nor is what is no number, which `column=NaN` finds.
    pub fn holds(&self, row: &Row) -> bool {
        let (column, relation, wanted) = match &self.0 {
            Subject::Setting(condition) => return condition.is_met_by(&row.result().cell),
            Subject::Column { column, relation, value } => (column, relation, value),
        };
        let value = row.get(column);
        let order = match (value.number(), wanted.parse::<f64>()) {
            (Some(ours), Ok(theirs)) if ours.is_nan() && theirs.is_nan() => Some(Ordering::Equal),
            (Some(ours), Ok(theirs)) => ours.partial_cmp(&theirs),
            _ if value == Value::Missing => wanted.is_empty().then_some(Ordering::Equal),
            _ if column.name == LAYERS => compare_layers(&value.text(), wanted),
            _ => Some(value.text().as_ref().cmp(wanted.as_str())),
        };
        relation.holds(order)
    }

    /// Why no row meets these conditions, as far as it is for settings: in one part of a sentence, with what may have been
    /// meant. Nothing where some row meets each condition on a setting.
    pub fn why_none(conditions: &[Condition], rows: &[Row]) -> Option<(String, Option<String>)> {
        let settings = conditions.iter().filter_map(|condition| match &condition.0 {
            Subject::Setting(setting) => Some(setting.clone()),
            Subject::Column { .. } => None,
        });
        let settings: Vec<plan::Condition> = settings.collect();
        let unmet =
            |condition: &&plan::Condition| !rows.iter().any(|row| condition.is_met_by(&row.result().cell));
        let unmet = settings.iter().find(unmet)?;
        let cells: Vec<&Cell> = rows.iter().map(|row| &row.result().cell).collect();
        Some(plan::why_none(std::slice::from_ref(unmet), &cells))
    }
}

/// An order by one column, such as `value:desc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    column: &'static Column,
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
        Ok(Order { column: find_column(name.trim())?, descending })
    }
}

impl Order {
    /// Puts records into this order; equal ones stay as they are. What has no value comes last.
    pub fn sort(self, records: &mut [impl Record]) {
        records.sort_by(|a, b| match (a.get(self.column), b.get(self.column)) {
            (Value::Text(a), Value::Text(b)) if self.column.name == LAYERS => {
                // Names come after indices.
                let order =
                    compare_layers(a, b).unwrap_or_else(|| indices(a).is_none().cmp(&indices(b).is_none()));
                if self.descending { order.reverse() } else { order }
            }
            (a, b) => a.compare(b, self.descending),
        });
    }
}
