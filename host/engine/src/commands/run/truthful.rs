//! Whether results that a task reports can be: a report, a table and an interval would show them whatever they are.

use std::collections::HashSet;

use lossnet_core::store::CellFolder;
use lossnet_plugin_kit::similarity::average_precision;
use lossnet_plugin_protocol::report::{FromSamples, Metric, SamplePart, SampleStatistic};

/// Results and what they are said to be computed from may differ by so much of the larger one, or of 1: sums of float32 values
/// in another order do.
const TOLERANCE: f64 = 1e-5;

/// What is wrong with a result that is reported behind others, if anything can be told from the result itself.
pub(super) fn fault(metric: &Metric, earlier: &[Metric]) -> Option<String> {
    let Metric { name, split, value, .. } = metric;
    if earlier.iter().any(|other| other.name == *name && other.split == *split) {
        return Some(format!("it has reported `{name}` of `{split}` twice"));
    }
    let slack = |bound: f64| TOLERANCE * bound.abs().max(1.0);
    if let Some(lowest) = metric.lowest.filter(|lowest| *value < lowest - slack(*lowest)) {
        return Some(format!(
            "it says that `{name}` of `{split}` is {value}, and that it can't be below {lowest}"
        ));
    }
    if let Some(highest) = metric.highest.filter(|highest| *value > highest + slack(*highest)) {
        return Some(format!(
            "it says that `{name}` of `{split}` is {value}, and that it can't be above {highest}"
        ));
    }
    None
}

/// What is wrong with all that was reported of a cell, if anything.
pub(super) fn fault_of_all(metrics: &[Metric], cell: &CellFolder) -> Option<String> {
    if metrics.is_empty() {
        return Some("it has ended without an error and without a result".to_owned());
    }
    metrics.iter().find_map(|metric| {
        let from = metric.from_samples.as_ref()?;
        let (name, split, value) = (&metric.name, &metric.split, metric.value);
        match computed(from, cell) {
            Ok(Some(computed)) if differ(value, computed) => Some(format!(
                "it says that `{name}` of `{split}` is {value}, and the scores of samples that it is said to come from make \
                 {computed}"
            )),
            Ok(_) => None,
            Err(why) => Some(format!("it says that `{name}` of `{split}` comes from scores of samples, and {why}")),
        }
    })
}

fn differ(value: f64, computed: f64) -> bool {
    // Scores that are not numbers are counted, and how a task deals with them is its own.
    let most = TOLERANCE * value.abs().max(computed.abs()).max(1.0);
    computed.is_finite() && (!value.is_finite() || (value - computed).abs() > most)
}

/// The result that the recorded scores make; none where this lossnet does not know how.
fn computed(from: &FromSamples, cell: &CellFolder) -> Result<Option<f64>, String> {
    if from.parts.is_empty() {
        return Err("names no part of them".to_owned());
    }
    let parts: HashSet<&SamplePart> = from.parts.iter().collect();
    if parts.len() != from.parts.len() {
        return Err("names a part of them twice".to_owned());
    }
    let mut sum = 0.0;
    for part in &from.parts {
        let columns = from.statistic.columns();
        let missing = || format!("has recorded none in the split `{}`", part.split);
        let read = cell.sample_columns(&part.split, &columns).map_err(|_| missing())?;
        let places = read.places(part.group.as_deref()).filter(|places| !places.is_empty());
        let places = places.ok_or_else(|| match &part.group {
            Some(group) => format!("has recorded none of the group `{group}` in the split `{}`", part.split),
            None => missing(),
        })?;
        let column = |name: &str| {
            let column = read.column(name).and_then(|column| column.get(places.clone()));
            column.ok_or_else(|| format!("has recorded no column `{name}` in the split `{}`", part.split))
        };
        sum += match &from.statistic {
            SampleStatistic::Mean { column: name } => {
                let scores = column(name)?;
                scores.iter().sum::<f64>() / scores.len() as f64
            }
            SampleStatistic::AveragePrecision { distance, same } => {
                let pairs: Vec<(f64, f64)> =
                    column(distance)?.iter().copied().zip(column(same)?.iter().copied()).collect();
                average_precision(&pairs).unwrap_or(f64::NAN)
            }
            _ => return Ok(None),
        };
    }
    Ok(Some(sum / from.parts.len() as f64))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn metric(value: f64) -> Metric {
        Metric::new("score", "val", value, "share", true, 4)
    }

    #[test]
    fn a_result_stays_within_its_own_bounds_and_comes_once() {
        let bounded = |value| metric(value).at_least(0.0).at_most(1.0);
        for sound in [0.0, 1.0, 1.000_001, f64::NAN] {
            assert_eq!(fault(&bounded(sound), &[]), None, "{sound}");
        }
        assert!(fault(&bounded(1.2), &[]).unwrap().ends_with("is 1.2, and that it can't be above 1"));
        assert!(fault(&bounded(-0.1), &[]).unwrap().ends_with("is -0.1, and that it can't be below 0"));
        assert_eq!(fault(&metric(99.0), &[Metric { split: "test".to_owned(), ..metric(1.0) }]), None);
        assert_eq!(fault(&metric(99.0), &[metric(1.0)]).unwrap(), "it has reported `score` of `val` twice");
    }

    #[test]
    fn results_differ_by_more_than_rounding() {
        assert!(!differ(25.000_01, 25.0) && !differ(0.0, 1e-6));
        assert!(differ(99.0, 2.5) && differ(0.51, 0.5) && differ(f64::NAN, 0.5));
        assert!(!differ(1.0, f64::NAN));
    }
}
