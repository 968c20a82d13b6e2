//! Just noticeable differences: do people see two images as the same?

use std::collections::BTreeMap;

use crate::similarity::average_precision;
use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::report::{FromSamples, Metric, Report, SampleRows, SampleStatistic};

use super::recorded::{column, result_name};

/// What is kept of one cell's pairs: distance and share of "same", by group. Precision depends on the order of all.
#[derive(Debug, Default)]
pub struct Pairs {
    groups: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Pairs {
    /// Takes recorded distances. Fails if a column is missing.
    pub fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        let (distances, same) = (column(rows, "d")?, column(rows, "same")?);
        for (row, group) in rows.groups.iter().enumerate() {
            self.groups.entry(group.clone()).or_default().push((distances[row], same[row]));
        }
        Ok(())
    }

    /// Reports the average precision of each group, and over all pairs as `<split>/all` where there are several groups.
    pub fn report(&self, run: &dyn Run, cell: usize, split: &str) -> Result<(), PluginError> {
        for (group, pairs) in &self.groups {
            report(run, cell, &result_name(split, group), pairs, from(split, Some(group)))?;
        }
        if self.groups.len() > 1 {
            let all: Vec<(f64, f64)> = self.groups.values().flatten().copied().collect();
            report(run, cell, &format!("{split}/all"), &all, from(split, None))?;
        }
        Ok(())
    }
}

/// How such a result comes from the recorded pairs.
fn from(split: &str, group: Option<&str>) -> FromSamples {
    let precision = SampleStatistic::AveragePrecision { distance: "d".to_owned(), same: "same".to_owned() };
    FromSamples::of(precision, split, group)
}

fn report(
    run: &dyn Run,
    cell: usize,
    split: &str,
    pairs: &[(f64, f64)],
    from_samples: FromSamples,
) -> Result<(), PluginError> {
    let Some(value) = average_precision(pairs) else {
        // Small subsets can have no such pair; the other results are sound.
        if cell == 0 {
            run.notice(&format!(
                "in `{split}` none of the {} pairs is judged to be the same at all, so it has no average precision",
                pairs.len()
            ));
        }
        return Ok(());
    };
    // A distance that is not finite has ended the run, as has a sample that can't be read.
    let metric = Metric::new("jnd_map", split, value, "share", true, pairs.len() as u64);
    let metric = metric.with_counts(0, 0).computed_from(from_samples).at_least(0.0).at_most(1.0);
    // Of pairs in any order the precision is the share of "the same" among all.
    let share = pairs.iter().map(|(_, same)| same).sum::<f64>() / pairs.len() as f64;
    let metric = metric.against("chance", share);
    run.report(cell, &Report::Metric(metric))
}
