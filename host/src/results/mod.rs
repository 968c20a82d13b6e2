//! All results as one table.

mod filter;
mod gather;
mod parquet;
mod row;

pub use filter::{Condition, ConditionError, Order};
pub use gather::{Gathered, gather};
pub use parquet::write_parquet;
pub use row::{COLUMNS, Row, csv, to_json};
