//! All results as one table.

mod column;
mod filter;
mod gather;
mod group;
mod parquet;
mod row;
mod table;
mod value;

pub use column::Record;
pub use column::{COLUMNS, Column, Role, UnknownColumn, find_column, find_columns};
pub use filter::{Condition, ConditionError, NoSuchSetting, Order};
pub use gather::{Gathered, gather, stand};
pub use group::{Group, best_groups_first, contender_columns, group, group_columns, kept_apart};
pub use parquet::{parquet, write_parquet};
pub use row::{CompleteCell, Repetitions, Row, Standing};
pub use table::{csv, to_json};
pub use value::{Storage, Value};
