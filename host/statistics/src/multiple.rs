//! Many tests at once.

use crate::{StatisticsError, check};

/// Holm's step-down correction of p values: those of at most α are significant together, with a chance of at most α
/// that any of them is so by accident, whatever the tests have to do with each other.
///
/// With the m values in ascending order, the i-th (from 0) becomes the largest of `(m - j) · p_j` over j ≤ i, and at
/// most 1 (S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6,
/// 1979). The corrected values stand where the given ones stood.
pub fn holm(p_values: &[f64]) -> Result<Vec<f64>, StatisticsError> {
    check::finite("Holm's correction", p_values)?;
    if let Some(value) = p_values.iter().find(|value| !(0.0..=1.0).contains(*value)) {
        return Err(StatisticsError::Parameter { name: "a p value", value: *value, range: "from 0 to 1" });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (place, position) in order.into_iter().enumerate() {
        let remaining = (p_values.len() - place) as f64;
        largest = largest.max((remaining * p_values[position]).min(1.0));
        corrected[position] = largest;
    }
    Ok(corrected)
}
