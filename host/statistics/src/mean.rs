//! Means over groups of samples, and their intervals in closed form.

use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::{Interval, StatisticsError, Strata, check};

/// Name of the statistic in errors.
const WHAT: &str = "a mean";

/// Mean over groups of the groups' means.
pub fn stratified_mean(values: &[f64], strata: &Strata) -> Result<f64, StatisticsError> {
    check::same_length(WHAT, values.len(), strata.samples())?;
    check::finite(WHAT, values)?;
    Ok(mean_of_means(values, strata))
}

/// The same for values that were checked.
pub(crate) fn mean_of_means(values: &[f64], strata: &Strata) -> f64 {
    strata.ranges().map(|range| mean(&values[range])).sum::<f64>() / strata.groups() as f64
}

/// Mean of at least one value.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Student's t interval of a mean over groups of groups' means.
///
/// The variance is `Σ s²_g / n_g / G²` over the G groups; the degrees of freedom are Welch's and Satterthwaite's
/// (B. L. Welch, "The generalization of 'Student's' problem", Biometrika 34, 1947). With one group it is the usual
/// t interval. `confidence` lies in (0, 1).
///
/// It takes microseconds where a bootstrap takes a second, and from some hundred samples on the two agree to a few
/// per cent of their width; with few samples of a skewed score the bootstrap's is to be preferred.
pub fn mean_interval(values: &[f64], strata: &Strata, confidence: f64) -> Result<Interval, StatisticsError> {
    check::share("the confidence", confidence)?;
    let estimate = stratified_mean(values, strata)?;
    let (mut variance, mut over_freedom) = (0.0, 0.0);
    for range in strata.ranges() {
        let group = &values[range];
        let (n, center) = (group.len() as f64, mean(group));
        let squares: f64 = group.iter().map(|value| (value - center).powi(2)).sum();
        let of_mean = squares / (n - 1.0) / n;
        variance += of_mean;
        over_freedom += of_mean * of_mean / (n - 1.0);
    }
    let half = if variance > 0.0 {
        let freedom = variance * variance / over_freedom;
        quantile_of_t(0.5 + confidence / 2.0, freedom) * variance.sqrt() / strata.groups() as f64
    } else {
        0.0
    };
    Ok(Interval { estimate, low: estimate - half, high: estimate + half, confidence })
}

/// Quantile of Student's distribution with `freedom` > 0.
fn quantile_of_t(share: f64, freedom: f64) -> f64 {
    // Location 0, scale 1 and a positive number of degrees of freedom are always accepted.
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::NAN, |distribution| distribution.inverse_cdf(share))
}
