//! Which of many networks differ: Nemenyi's critical difference of average ranks.

use statrs::function::erf::erfc;

use crate::{StatisticsError, check};

/// Average ranks over `blocks` tasks that are further apart than this differ (at the level `alpha`, all pairs of
/// `treatments` networks together): `q · sqrt(k(k+1) / 6N)` (P. Nemenyi 1963; J. Demšar, "Statistical Comparisons of
/// Classifiers over Multiple Data Sets", JMLR 7, 2006, section 3.2.2), where q is the quantile of the studentized
/// range with infinitely many degrees of freedom, divided by √2.
///
/// `treatments` is at least 2, `blocks` at least 2, `alpha` in (0, 1).
pub fn critical_difference(treatments: usize, blocks: usize, alpha: f64) -> Result<f64, StatisticsError> {
    check::enough("Nemenyi's test", blocks, 2)?;
    let q = studentized_range_quantile(treatments, alpha)? / std::f64::consts::SQRT_2;
    let (k, n) = (treatments as f64, blocks as f64);
    Ok(q * (k * (k + 1.0) / (6.0 * n)).sqrt())
}

/// The value that the range of `treatments` standard normal numbers exceeds with probability `alpha`: the studentized
/// range's upper quantile with infinitely many degrees of freedom, to about 1e-12.
pub fn studentized_range_quantile(treatments: usize, alpha: f64) -> Result<f64, StatisticsError> {
    check::enough("the studentized range", treatments, 2)?;
    check::share("the level", alpha)?;
    // The tail falls from 1 at 0 to less than any double's α at 80, so that halving the interval finds the place.
    let (mut low, mut high) = (0.0_f64, 80.0_f64);
    while high - low > 4.0 * f64::EPSILON * high {
        let middle = low.midpoint(high);
        if tail(middle, treatments) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low.midpoint(high))
}

/// The probability that the range of `treatments` standard normal numbers is larger than `range` ≥ 0.
///
/// With a range of `|R_a - R_b| / sqrt(k(k+1) / 12N)` it is Nemenyi's p value for two average ranks.
pub fn studentized_range_tail(range: f64, treatments: usize) -> Result<f64, StatisticsError> {
    check::enough("the studentized range", treatments, 2)?;
    if range.is_nan() || range < 0.0 {
        return Err(StatisticsError::Parameter { name: "a range", value: range, range: "0 or more" });
    }
    Ok(tail(range, treatments))
}

/// `1 - k ∫ φ(z) (Φ(z) - Φ(z - q))^(k-1) dz`: the largest of k numbers is z, and the others lie within q below it.
///
/// As `k ∫ φ(z) (Φ(z)^(k-1) - (Φ(z) - Φ(z - q))^(k-1)) dz`, since `k ∫ φ Φ^(k-1) = 1`, small tails keep their digits.
fn tail(range: f64, treatments: usize) -> f64 {
    /// Beyond this a normal density is below 1e-31.
    const END: f64 = 12.0;
    /// Step of the trapezoidal rule, which for smooth functions that vanish at both ends is exact to rounding once
    /// the step is small against their width: the largest of k normal numbers has a deviation of 0.2 for k = 10⁶.
    const STEP: f64 = 1.0 / 64.0;
    let others = treatments as f64 - 1.0;
    let steps = (END / STEP) as i32;
    let sum: f64 = (-steps..=steps)
        .map(|step| {
            let z = f64::from(step) * STEP;
            let below = normal_tail(-z);
            let beyond = normal_tail(range - z);
            if below == 0.0 {
                return 0.0;
            }
            let power = others * below_to_log(z, below);
            let share = (beyond / below).min(1.0);
            // a^m - b^m = a^m (1 - (b/a)^m), with b/a = 1 - share.
            let lost = -(others * (-share).ln_1p()).exp_m1();
            density(z) * power.exp() * lost
        })
        .sum();
    (treatments as f64 * sum * STEP).clamp(0.0, 1.0)
}

/// ln Φ(z), where `below` is Φ(z).
fn below_to_log(z: f64, below: f64) -> f64 {
    if z > 0.0 { (-normal_tail(z)).ln_1p() } else { below.ln() }
}

/// 1 - Φ(z).
fn normal_tail(z: f64) -> f64 {
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// φ(z).
fn density(z: f64) -> f64 {
    (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The largest sets of treatments whose average ranks are at most `difference` apart, as the bars of a
/// critical-difference diagram join them: each has at least two members and is part of no other one. Positions in
/// `average_ranks`, in ascending order of ranks; the sets with the lowest ranks come first.
pub fn cliques(average_ranks: &[f64], difference: f64) -> Result<Vec<Vec<usize>>, StatisticsError> {
    check::finite("a critical-difference diagram", average_ranks)?;
    if difference.is_nan() || difference < 0.0 {
        return Err(StatisticsError::Parameter {
            name: "the critical difference",
            value: difference,
            range: "0 or more",
        });
    }
    let mut order: Vec<usize> = (0..average_ranks.len()).collect();
    order.sort_by(|a, b| average_ranks[*a].total_cmp(&average_ranks[*b]));
    let mut found = Vec::new();
    let (mut end, mut covered) = (0, 0);
    for start in 0..order.len() {
        let lowest = average_ranks[order[start]];
        while end < order.len() && average_ranks[order[end]] - lowest <= difference {
            end += 1;
        }
        // What ends where an earlier set ended is a part of that one.
        if end > covered && end - start > 1 {
            found.push(order[start..end].to_vec());
        }
        covered = covered.max(end);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_join_neighbours_and_hide_no_smaller_bar() {
        let ranks = [3.0, 1.0, 1.9, 2.5, 6.0];
        assert_eq!(cliques(&ranks, 1.0).unwrap(), [[1, 2], [2, 3], [3, 0]]);
        assert_eq!(cliques(&ranks, 1.2).unwrap(), [vec![1, 2], vec![2, 3, 0]]);
        assert_eq!(cliques(&ranks, 0.1).unwrap(), [[0; 0]; 0]);
        assert_eq!(cliques(&ranks, 9.0).unwrap(), [[1, 2, 3, 0, 4]]);
    }
}
