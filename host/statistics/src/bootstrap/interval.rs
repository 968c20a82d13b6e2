//! From resampled values to an interval.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use crate::{Interval, StatisticsError, Strata, check};

/// Name of the statistic in errors.
const WHAT: &str = "a bootstrap interval";

/// A BCa interval with its two corrections.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Bca {
    /// The interval.
    pub interval: Interval,
    /// z₀: how far the median of the resampled values lies from the estimate, in standard deviations.
    pub bias: f64,
    /// a: how fast the standard deviation changes with the value, from the jackknife.
    pub acceleration: f64,
}

/// The percentile interval: the quantiles `(1 ± confidence) / 2` of the statistic's values on the resamples, between
/// which is interpolated linearly (Hyndman's and Fan's type 7, as NumPy does).
pub fn percentile(estimate: f64, resampled: &[f64], confidence: f64) -> Result<Interval, StatisticsError> {
    let mut values = checked(estimate, resampled, confidence)?;
    Ok(percentile_of(estimate, &mut values, confidence))
}

/// The bias-corrected and accelerated interval (Efron 1987; Efron and Tibshirani, "An Introduction to the Bootstrap",
/// 1993, section 14.3), as SciPy's `bootstrap` computes it of the same resampled values: z₀ counts values that equal
/// the estimate half, and the acceleration is that of several samples,
/// `a = Σ U³/n³ / (6 (Σ U²/n²)^1.5)` with `U = (n - 1)(mean - jackknife)` for each group of n samples.
///
/// `jackknife` holds the statistic's values without each sample in turn. Where nothing varies, a is 0.
pub fn bca(
    estimate: f64,
    resampled: &[f64],
    jackknife: &[f64],
    strata: &Strata,
    confidence: f64,
) -> Result<Bca, StatisticsError> {
    check::same_length(WHAT, strata.samples(), jackknife.len())?;
    check::finite(WHAT, jackknife)?;
    let mut values = checked(estimate, resampled, confidence)?;
    bca_of(estimate, &mut values, acceleration_of_jackknife(jackknife, strata), confidence)
}

fn checked(estimate: f64, resampled: &[f64], confidence: f64) -> Result<Vec<f64>, StatisticsError> {
    check::share("the confidence", confidence)?;
    check::enough(WHAT, resampled.len(), 2)?;
    check::finite(WHAT, &[estimate])?;
    check::finite(WHAT, resampled)?;
    Ok(resampled.to_vec())
}

/// Brings the values into another order.
pub(super) fn percentile_of(estimate: f64, values: &mut [f64], confidence: f64) -> Interval {
    let outside = (1.0 - confidence) / 2.0;
    let (low, high) = (quantile(values, outside), quantile(values, 1.0 - outside));
    Interval { estimate, low, high, confidence }
}

/// Brings the values into another order.
pub(super) fn bca_of(
    estimate: f64,
    values: &mut [f64],
    acceleration: f64,
    confidence: f64,
) -> Result<Bca, StatisticsError> {
    let below = values.iter().filter(|value| **value < estimate).count();
    let not_above = values.iter().filter(|value| **value <= estimate).count();
    let share = (below + not_above) as f64 / (2 * values.len()) as f64;
    if share == 0.0 || share == 1.0 {
        return Err(StatisticsError::OneSided { estimate });
    }
    let normal = Normal::standard();
    let bias = normal.inverse_cdf(share);
    let end = normal.inverse_cdf((1.0 - confidence) / 2.0);
    let corrected = |z: f64| {
        let shifted = bias + z;
        normal.cdf(bias + shifted / (1.0 - acceleration * shifted))
    };
    let (low, high) = (quantile(values, corrected(end)), quantile(values, corrected(-end)));
    let interval = Interval { estimate, low, high, confidence };
    Ok(Bca { interval, bias, acceleration })
}

/// Quantile with linear interpolation. Finds the two values that it lies between without sorting the others, which for
/// thousands of resamples takes a tenth of the time.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    let position = share * (values.len() - 1) as f64;
    let index = (position.floor() as usize).min(values.len() - 1);
    let (_, &mut low, above) = values.select_nth_unstable_by(index, f64::total_cmp);
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    low + (high - low) * (position - index as f64)
}

pub(super) fn acceleration_of_jackknife(jackknife: &[f64], strata: &Strata) -> f64 {
    let groups = strata.ranges().map(|range| {
        let values = &jackknife[range];
        let n = values.len() as f64;
        let center = crate::mean::mean(values);
        // U / n
        values.iter().map(move |value| (n - 1.0) / n * (center - value))
    });
    acceleration(groups.flatten())
}

/// `a` of the influences `U / n` of all samples of all groups.
pub(super) fn acceleration(influences: impl Iterator<Item = f64>) -> f64 {
    let (cubes, squares) = influences.fold((0.0, 0.0), |(cubes, squares), influence| {
        let square = influence * influence;
        (cubes + square * influence, squares + square)
    });
    if squares > 0.0 { cubes / (6.0 * f64::powf(squares, 1.5)) } else { 0.0 }
}
