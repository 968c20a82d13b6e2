//! Numbers with as many digits as can be seen: a report of a large sweep has millions of them.

use crate::report::data::Board;

/// Six significant digits.
pub(super) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Rounds what boards say of each contender and each pair of them.
pub(super) fn round(boards: &mut [Board]) {
    let all = |values: &mut [f64]| values.iter_mut().for_each(|value| *value = rounded(*value));
    for board in boards {
        for entry in &mut board.entries {
            for value in [&mut entry.value, &mut entry.deviation, &mut entry.seconds] {
                *value = value.map(rounded);
            }
            if let Some(cost) = &mut entry.cost {
                cost.forward_seconds = rounded(cost.forward_seconds);
                cost.backward_seconds = cost.backward_seconds.map(rounded);
            }
            all(entry.interval.as_mut_slice().as_flattened_mut());
        }
        for baseline in &mut board.baselines {
            baseline.value = rounded(baseline.value);
        }
        for pair in &mut board.pairs {
            pair.difference = rounded(pair.difference);
            pair.p = pair.p.map(rounded);
            pair.p_alone = pair.p_alone.map(rounded);
            all(pair.interval.as_mut_slice().as_flattened_mut());
        }
        for (_, rank) in board.ranks.iter_mut().flat_map(|ranks| &mut ranks.averages) {
            *rank = rounded(*rank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_six_digits() {
        for (value, expected) in
            [(0.123_456_789, 0.123_457), (-98_765_432.0, -98_765_400.0), (0.0, 0.0), (3.0, 3.0)]
        {
            assert!((rounded(value) - expected).abs() <= f64::EPSILON * expected.abs(), "{value}");
        }
    }
}
