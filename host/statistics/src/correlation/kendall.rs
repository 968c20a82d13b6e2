//! Kendall's rank correlation.

use statrs::function::erf::erfc;

use super::{Correlation, check_pairs, fisher_interval};
use crate::ranks::ranked;
use crate::{StatisticsError, check};

/// Name of the statistic in errors.
const WHAT: &str = "Kendall's correlation";

/// Pairs up to which the p value is exact where nothing is tied, as in SciPy.
const EXACT_UP_TO: usize = 33;

/// Kendall's τ-b: by how much more often two pairs agree in order than they disagree, with the correction for ties, as
/// SciPy's `kendalltau` (M. G. Kendall, "The treatment of ties in ranking problems", Biometrika 33, 1945). The p value
/// is exact up to 33 pairs without ties, else normal with the variance for ties. The interval is Fisher's with the
/// deviation `√(0.437 / (n - 4))` of E. C. Fieller, H. O. Hartley and E. S. Pearson, "Tests for rank correlation
/// coefficients I", Biometrika 44, 1957.
///
/// At least five pairs, all finite, neither list constant; `confidence` in (0, 1). It compares all pairs of pairs: n²
/// steps.
pub fn kendall(x: &[f64], y: &[f64], confidence: f64) -> Result<Correlation, StatisticsError> {
    check::share("the confidence", confidence)?;
    check_pairs(WHAT, x, y, 5)?;
    let (mut concordant, mut discordant) = (0_u64, 0_u64);
    for first in 0..x.len() {
        for second in 0..first {
            let agreement = sign(x[first], x[second]) * sign(y[first], y[second]);
            concordant += u64::from(agreement > 0);
            discordant += u64::from(agreement < 0);
        }
    }
    let (x_groups, y_groups) = (ranked(x).1, ranked(y).1);
    let n = x.len() as f64;
    let all = n * (n - 1.0) / 2.0;
    let tied = |groups: &[usize]| groups.iter().map(|size| (size * (size - 1) / 2) as f64).sum::<f64>();
    let (x_tied, y_tied) = (tied(&x_groups), tied(&y_groups));
    let difference = concordant as f64 - discordant as f64;
    let tau = (difference / (all - x_tied).sqrt() / (all - y_tied).sqrt()).clamp(-1.0, 1.0);
    let fewer = discordant.min(concordant);
    let p_value = if x_tied == 0.0 && y_tied == 0.0 && (x.len() <= EXACT_UP_TO || fewer <= 1) {
        exact_p_value(x.len(), fewer as usize)
    } else {
        let cubes = |groups: &[usize]| {
            groups.iter().map(|size| *size as f64).map(|t| t * (t - 1.0) * (t - 2.0)).sum::<f64>()
        };
        let turns = |groups: &[usize]| {
            groups.iter().map(|size| *size as f64).map(|t| t * (t - 1.0) * (2.0 * t + 5.0)).sum::<f64>()
        };
        let pairs = n * (n - 1.0);
        let variance = (pairs * (2.0 * n + 5.0) - turns(&x_groups) - turns(&y_groups)) / 18.0
            + 2.0 * x_tied * y_tied / pairs
            + cubes(&x_groups) * cubes(&y_groups) / (9.0 * pairs * (n - 2.0));
        erfc(difference.abs() / variance.sqrt() / std::f64::consts::SQRT_2)
    };
    Ok(Correlation {
        interval: fisher_interval(tau, (0.437 / (n - 4.0)).sqrt(), confidence),
        p_value,
        pairs: x.len(),
    })
}

fn sign(a: f64, b: f64) -> i8 {
    i8::from(a > b) - i8::from(a < b)
}

/// Twice the share of the n! orders with at most `inversions` inversions.
fn exact_p_value(n: usize, inversions: usize) -> f64 {
    // Probability of each number of inversions among the first i numbers: the i-th adds 0..i, each as likely.
    let mut probabilities = vec![0.0; inversions + 1];
    probabilities[0] = 1.0;
    for added in 2..=n {
        let mut sums = vec![0.0; inversions + 1];
        let mut window = 0.0;
        for (count, sum) in sums.iter_mut().enumerate() {
            window += probabilities[count];
            if count >= added {
                window -= probabilities[count - added];
            }
            *sum = window / added as f64;
        }
        probabilities = sums;
    }
    (2.0 * probabilities.iter().sum::<f64>()).min(1.0)
}
