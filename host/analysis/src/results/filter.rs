//! Conditions on rows, and their order.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::str::FromStr;

use super::column::Record;
use super::column::{Column, UnknownColumn, find_column};
use super::row::{CompleteCell, Row};
use super::value::{Storage, Value, compare_layers, indices};
use lossnet_core::model::Cell;
use lossnet_core::relation::Relation;
use lossnet_plan::planner;

/// The column whose texts are lists of numbers.
const LAYERS: &str = "layers";

/// A condition on a column, such as `metric=2afc_score` or `value>=0.6`, or on a setting of the cell by its dotted key, such as
/// `task.variant=lin`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition(Subject);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Subject {
    Column { column: &'static Column, relation: Relation, value: String },
    Setting(planner::Condition),
}

/// Not a condition, or not a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConditionError {
    /// No relation in it.
    #[error("`{0}` is not a condition: write column=value, with =, !=, <, <=, > or >=")]
    Form(String),
    /// No such column.
    #[error(transparent)]
    Column(#[from] UnknownColumn),
    /// No such setting.
    #[error(transparent)]
    Setting(#[from] planner::ConditionError),
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

/// A condition is on a setting that no cell has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no result matches: {why}")]
pub struct NoSuchSetting {
    why: String,
    /// What may have been meant.
    pub help: Option<String>,
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (column, relation, value) =
            Relation::split(text).ok_or_else(|| ConditionError::Form(text.to_owned()))?;
        if column.contains('.') {
            return Ok(Condition(Subject::Setting(planner::Condition::parse(text)?)));
        }
        let column = match find_column(column) {
            Ok(column) => column,
            // A short name of a setting that has no column, such as `variant`.
            Err(unknown) => {
                return match planner::Condition::parse(text) {
                    Err(planner::ConditionError::Key { .. }) => Err(unknown.into()),
                    setting => Ok(Condition(Subject::Setting(setting?))),
                };
            }
        };
        let value = value.to_owned();
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
    /// The rows that meet all of these. Of columns numbers are compared as numbers, layers by their indices, everything else as
    /// text. What is missing is neither less nor greater than anything, and `column=` finds it; nor is what is not a number, which
    /// `column=NaN` finds. Cells that lack a setting don't meet a condition on it.
    ///
    /// Fails where a condition is on a setting that none of the rows' cells has or could have.
    pub fn select(conditions: &[Condition], rows: &[Row]) -> Result<Vec<Row>, NoSuchSetting> {
        let settings: Vec<&planner::Condition> = conditions.iter().filter_map(Condition::setting).collect();
        let is_met = |row: &&Row| conditions.iter().all(|condition| condition.holds_of_column(row));
        if settings.is_empty() {
            return Ok(rows.iter().filter(is_met).cloned().collect());
        }
        // A cell has many rows.
        let mut cells: HashMap<*const CompleteCell, bool> = HashMap::new();
        let mut known: Vec<bool> = settings.iter().map(|setting| setting.is_of_any_cell()).collect();
        for row in rows {
            cells.entry(std::ptr::from_ref(row.cell())).or_insert_with(|| {
                let met = planner::Condition::each_met_by(&settings, &row.result().cell);
                known.iter_mut().zip(&met).for_each(|(known, met)| *known |= met.is_some());
                met.iter().all(|met| *met == Some(true))
            });
        }
        if let Some(position) = known.iter().position(|known| !known).filter(|_| !rows.is_empty()) {
            let cells: Vec<&Cell> = rows.iter().map(|row| &row.result().cell).collect();
            let (why, help) = planner::why_none(&[settings[position].clone()], &cells);
            return Err(NoSuchSetting { why, help });
        }
        let of_cell = |row: &&Row| cells.get(&std::ptr::from_ref(row.cell())).is_some_and(|met| *met);
        Ok(rows.iter().filter(of_cell).filter(is_met).cloned().collect())
    }

    /// The condition, if it is on a setting.
    fn setting(&self) -> Option<&planner::Condition> {
        match &self.0 {
            Subject::Setting(setting) => Some(setting),
            Subject::Column { .. } => None,
        }
    }

    /// Whether a row meets it, if it is on a column.
    fn holds_of_column(&self, row: &Row) -> bool {
        let Subject::Column { column, relation, value: wanted } = &self.0 else { return true };
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
