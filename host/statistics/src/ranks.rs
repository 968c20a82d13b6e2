//! Ranks with ties.

use crate::{StatisticsError, check};

/// Ranks from 1 for the smallest value; equal values share the mean of their ranks, as in SciPy's
/// `rankdata(method="average")`. Negate values of which the largest is to have rank 1.
pub fn ranks(values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    check::finite("a ranking", values)?;
    Ok(ranked(values).0)
}

/// Ranks of finite values, and the sizes of the groups of equal values, in ascending order of values.
pub(crate) fn ranked(values: &[f64]) -> (Vec<f64>, Vec<usize>) {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut groups = Vec::new();
    let mut start = 0;
    // By `==`, so that 0 and -0, which stand next to each other, are equal.
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let end = start + group.len();
        let shared = (start + 1 + end) as f64 / 2.0;
        for position in group {
            ranks[*position] = shared;
        }
        groups.push(group.len());
        start = end;
    }
    (ranks, groups)
}

/// `Σ (t³ - t)` over the groups of equal values.
pub(crate) fn ties(groups: &[usize]) -> f64 {
    groups.iter().map(|size| (*size as f64).powi(3) - *size as f64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_mean_rank() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]).unwrap(), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(ranks(&[0.0, -0.0]).unwrap(), [1.5, 1.5]);
        assert_eq!(ranks(&[]).unwrap(), [0.0; 0]);
    }

    #[test]
    fn what_is_no_number_has_no_rank() {
        let error = ranks(&[1.0, f64::NAN]).unwrap_err().to_string();
        assert_eq!(error, "a ranking needs finite numbers; number 1 (from 0) is NaN");
    }
}
