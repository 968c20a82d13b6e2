//! Spearman's rank correlation.

use super::pearson::{coefficient, p_value};
use super::{Correlation, check_pairs, fisher_interval};
use crate::ranks::ranked;
use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "Spearman's correlation";

/// Spearman's ρ: how well any rising (or falling) curve describes two quantities, as SciPy's `spearmanr`; ties share
/// their ranks. The interval is Fisher's with the deviation `√((1 + ρ²/2) / (n - 3))` of D. G. Bonett and T. A. Wright,
/// "Sample size requirements for estimating Pearson, Kendall and Spearman correlations", Psychometrika 65, 2000.
///
/// At least four pairs, all finite, neither list constant; `confidence` in (0, 1). The p value is Student's t's, for
/// ten pairs and more; with fewer it is rough.
pub fn spearman(x: &[f64], y: &[f64], confidence: f64) -> Result<Correlation, StatisticsError> {
    check::share("the confidence", confidence)?;
    check_pairs(WHAT, x, y, 4)?;
    let rho = coefficient(&ranked(x).0, &ranked(y).0);
    let n = x.len() as f64;
    let deviation = ((1.0 + rho * rho / 2.0) / (n - 3.0)).sqrt();
    Ok(Correlation {
        interval: fisher_interval(rho, deviation, confidence),
        p_value: p_value(rho, n),
        pairs: x.len(),
    })
}
