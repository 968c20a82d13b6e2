//! Checks that several statistics share.

use crate::StatisticsError;

/// All values are finite.
pub(crate) fn finite(what: &'static str, values: &[f64]) -> Result<(), StatisticsError> {
    match values.iter().position(|value| !value.is_finite()) {
        Some(position) => Err(StatisticsError::NotFinite { what, position, value: values[position] }),
        None => Ok(()),
    }
}

/// There are enough values.
pub(crate) fn enough(what: &'static str, given: usize, needed: usize) -> Result<(), StatisticsError> {
    if given < needed { Err(StatisticsError::TooFew { what, needed, given }) } else { Ok(()) }
}

/// Two lists have the same length.
pub(crate) fn same_length(what: &'static str, first: usize, second: usize) -> Result<(), StatisticsError> {
    if first == second { Ok(()) } else { Err(StatisticsError::Lengths { what, first, second }) }
}

/// A parameter in (0, 1).
pub(crate) fn share(name: &'static str, value: f64) -> Result<(), StatisticsError> {
    if value > 0.0 && value < 1.0 {
        Ok(())
    } else {
        Err(StatisticsError::Parameter { name, value, range: "between 0 and 1" })
    }
}
