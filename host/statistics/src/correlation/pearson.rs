//! Pearson's product-moment correlation.

use statrs::function::beta::beta_reg;

use super::{Correlation, check_pairs, fisher_interval};
use crate::mean::mean;
use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "Pearson's correlation";

/// Pearson's r: how well a straight line describes two quantities; as SciPy's `pearsonr`, with the interval of Fisher's
/// z of deviation `1/√(n - 3)`.
///
/// At least four pairs, all finite, neither list constant; `confidence` in (0, 1). p value and interval suppose that
/// both are normally distributed.
pub fn pearson(x: &[f64], y: &[f64], confidence: f64) -> Result<Correlation, StatisticsError> {
    check::share("the confidence", confidence)?;
    check_pairs(WHAT, x, y, 4)?;
    let r = coefficient(x, y);
    let n = x.len() as f64;
    Ok(Correlation {
        interval: fisher_interval(r, 1.0 / (n - 3.0).sqrt(), confidence),
        p_value: p_value(r, n),
        pairs: x.len(),
    })
}

/// r of two lists that are not constant.
pub(super) fn coefficient(x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (normed(x), normed(y));
    x.iter().zip(&y).map(|(x, y)| x * y).sum::<f64>().clamp(-1.0, 1.0)
}

/// Distances from the mean, of length 1 as a vector.
fn normed(values: &[f64]) -> Vec<f64> {
    let center = mean(values);
    let distances: Vec<f64> = values.iter().map(|value| value - center).collect();
    // By their largest, so that no square is too large or too small for a number.
    let largest = distances.iter().fold(0.0_f64, |largest, distance| largest.max(distance.abs()));
    let length = distances.iter().map(|distance| (distance / largest).powi(2)).sum::<f64>().sqrt();
    distances.into_iter().map(|distance| distance / largest / length).collect()
}

/// Two-sided, by Student's t with n - 2 degrees of freedom, as an incomplete beta function of `1 - r²`.
pub(super) fn p_value(r: f64, n: f64) -> f64 {
    let rest = (1.0 - r) * (1.0 + r);
    if rest <= 0.0 { 0.0 } else { beta_reg(n / 2.0 - 1.0, 0.5, rest) }
}
