//! Does one quantity go with another?

mod kendall;
mod pearson;
mod spearman;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::{Interval, StatisticsError, check};

pub use kendall::kendall;
pub use pearson::pearson;
pub use spearman::spearman;

/// A coefficient of correlation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Correlation {
    /// The coefficient in [-1, 1], with its interval.
    pub interval: Interval,
    /// Two-sided p value of no correlation.
    pub p_value: f64,
    /// Number of pairs.
    pub pairs: usize,
}

/// Two lists of the same length with at least `needed` finite values, neither constant.
fn check_pairs(what: &'static str, x: &[f64], y: &[f64], needed: usize) -> Result<(), StatisticsError> {
    check::same_length(what, x.len(), y.len())?;
    check::enough(what, x.len(), needed)?;
    for values in [x, y] {
        check::finite(what, values)?;
        if values.iter().all(|value| *value == values[0]) {
            return Err(StatisticsError::Constant { what, value: values[0] });
        }
    }
    Ok(())
}

/// The interval whose ends are `tanh(artanh(r) ± z·deviation)` (R. A. Fisher, Metron 1, 1921); one point for a
/// coefficient of 1 or -1.
fn fisher_interval(coefficient: f64, deviation: f64, confidence: f64) -> Interval {
    let half = Normal::standard().inverse_cdf(0.5 + confidence / 2.0) * deviation;
    let center = coefficient.atanh();
    Interval { estimate: coefficient, low: (center - half).tanh(), high: (center + half).tanh(), confidence }
}
