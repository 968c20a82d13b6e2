//! McNemar's test: two networks that are each right or wrong on the same samples.

use serde::Serialize;
use statrs::function::beta::beta_reg;
use statrs::function::erf::erfc;

/// McNemar's test of two counts (Q. McNemar, Psychometrika 12, 1947).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Mcnemar {
    /// Samples on which only the first network is right.
    pub only_first: u64,
    /// Samples on which only the second network is right.
    pub only_second: u64,
    /// The exact two-sided p value: a binomial test of a half. The one to be used.
    pub exact: f64,
    /// p value of `(b - c)² / (b + c)`, χ²-distributed with one degree of freedom; for 25 and more samples on which
    /// the two differ.
    pub chi_squared: f64,
    /// The same with Edwards' correction for continuity, `(|b - c| - 1)² / (b + c)` (A. L. Edwards, Psychometrika 13,
    /// 1948).
    pub chi_squared_corrected: f64,
}

/// Tests whether two networks are right on the same share of samples, from the samples on which only one of them is.
/// Where there are none, all p values are 1.
pub fn mcnemar(only_first: u64, only_second: u64) -> Mcnemar {
    let (b, c) = (only_first as f64, only_second as f64);
    let (apart, total) = ((b - c).abs(), b + c);
    let mut test =
        Mcnemar { only_first, only_second, exact: 1.0, chi_squared: 1.0, chi_squared_corrected: 1.0 };
    if total > 0.0 {
        if apart > 0.0 {
            let fewer = b.min(c);
            // P(X ≤ k) of a binomial distribution, as the regularized incomplete beta function.
            test.exact = (2.0 * beta_reg(total - fewer, fewer + 1.0, 0.5)).min(1.0);
        }
        test.chi_squared = tail(apart * apart / total);
        test.chi_squared_corrected = tail((apart - 1.0).max(0.0).powi(2) / total);
    }
    test
}

/// Upper tail of χ² with one degree of freedom.
fn tail(statistic: f64) -> f64 {
    erfc((statistic / 2.0).sqrt())
}
