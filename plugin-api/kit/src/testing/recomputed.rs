//! Metrics, computed again from what was reported of samples.

use lossnet_plugin_api::protocol::report::{FromSamples, Report, SamplePart, SampleRows, SampleStatistic};

use crate::similarity::average_precision;

/// Computes each reported metric that says how it comes from samples anew, and gives it by name, split, value as reported
/// and value as computed. What can't be computed, since a split or column is missing, is NaN.
pub fn recomputed(reports: &[Report]) -> Vec<(String, String, f64, f64)> {
    let rows: Vec<&SampleRows> = reports
        .iter()
        .filter_map(|report| match report {
            Report::Samples(rows) => Some(rows),
            _ => None,
        })
        .collect();
    let metrics = reports.iter().filter_map(|report| match report {
        Report::Metric(metric) => Some((metric, metric.from_samples.as_ref()?)),
        _ => None,
    });
    metrics
        .map(|(metric, from)| (metric.name.clone(), metric.split.clone(), metric.value, value(from, &rows)))
        .collect()
}

fn value(from: &FromSamples, rows: &[&SampleRows]) -> f64 {
    let of_parts = from.parts.iter().map(|part| of_part(&from.statistic, part, rows).unwrap_or(f64::NAN));
    of_parts.sum::<f64>() / from.parts.len() as f64
}

fn of_part(statistic: &SampleStatistic, part: &SamplePart, rows: &[&SampleRows]) -> Option<f64> {
    let mut samples: Vec<(&str, Vec<f64>)> = Vec::new();
    for rows in rows.iter().filter(|rows| rows.split == part.split) {
        let columns: Option<Vec<&[f64]>> =
            statistic.columns().into_iter().map(|name| rows.column(name)).collect();
        let columns = columns?;
        for (row, group) in rows.groups.iter().enumerate() {
            if part.group.as_ref().is_none_or(|wanted| wanted == group) {
                samples.push((group, columns.iter().map(|column| column[row]).collect()));
            }
        }
    }
    match statistic {
        SampleStatistic::Mean { .. } => {
            Some(samples.iter().map(|(_, values)| values[0]).sum::<f64>() / samples.len() as f64)
        }
        SampleStatistic::AveragePrecision { .. } => {
            samples.sort_by_key(|(group, _)| *group);
            let pairs: Vec<(f64, f64)> = samples.iter().map(|(_, values)| (values[0], values[1])).collect();
            average_precision(&pairs)
        }
        _ => None,
    }
}
