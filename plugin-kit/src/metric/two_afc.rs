//! Two-alternative forced choice: which of two images is closer to the reference?

use std::collections::BTreeMap;

use crate::similarity::{two_afc_agrees, two_afc_score};
use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::report::{Metric, Report, SampleRows};

use super::evaluate::{column, result_name};

/// Sums over the triplets of a group.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: u64,
    score: f64,
    agreed: u64,
}

/// What is kept of one cell's triplets: sums per group.
#[derive(Debug, Default)]
pub struct Triplets {
    groups: BTreeMap<String, Sums>,
}

impl Triplets {
    /// Takes recorded distances. Fails if a column is missing.
    pub fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        let (d0, d1, judge) = (column(rows, "d0")?, column(rows, "d1")?, column(rows, "judge")?);
        for (row, group) in rows.groups.iter().enumerate() {
            let sums = self.groups.entry(group.clone()).or_default();
            sums.count += 1;
            sums.score += two_afc_score(d0[row], d1[row], judge[row]);
            sums.agreed += u64::from(two_afc_agrees(d0[row], d1[row], judge[row]));
        }
        Ok(())
    }

    /// Reports score and accuracy of each group.
    pub fn report(&self, run: &dyn Run, cell: usize, split: &str) -> Result<(), PluginError> {
        for (group, sums) in &self.groups {
            let count = sums.count as f64;
            report(
                run,
                cell,
                &result_name(split, group),
                sums.score / count,
                sums.agreed as f64 / count,
                sums.count,
            )?;
        }
        Ok(())
    }
}

/// Means over the groups of each cell, by split.
#[derive(Debug)]
pub struct Means {
    cells: Vec<BTreeMap<String, Groups>>,
}

/// Sums by the name of their results: `val/cnn` as a group of `val` and as a split of its own is one.
type Groups = BTreeMap<String, Sums>;

impl Means {
    /// For so many cells.
    pub fn new(cells: usize) -> Means {
        Means { cells: vec![BTreeMap::new(); cells] }
    }

    /// Takes the groups of a split for the cell at this position.
    pub fn add(&mut self, cell: usize, split: &str, triplets: &Triplets) {
        // `val/cnn` and `val/color` as splits of their own have the mean `val/mean`, as groups of `val` have.
        let parent = split.split('/').next().unwrap_or(split).to_owned();
        let sums = triplets.groups.iter().map(|(group, sums)| (result_name(split, group), *sums));
        self.cells[cell].entry(parent).or_default().extend(sums);
    }

    /// Reports the mean over groups, each counting the same; that of a single one, too.
    pub fn report(&self, run: &dyn Run) -> Result<(), PluginError> {
        self.report_from(1, run)
    }

    /// Reports the mean over groups, each counting the same, where there are several.
    pub fn report_several(&self, run: &dyn Run) -> Result<(), PluginError> {
        self.report_from(2, run)
    }

    /// Those over so many groups or more.
    fn report_from(&self, least: usize, run: &dyn Run) -> Result<(), PluginError> {
        for (cell, splits) in self.cells.iter().enumerate() {
            for (split, groups) in splits.iter().filter(|(_, groups)| groups.len() >= least) {
                let count = groups.len() as f64;
                let score = groups.values().map(|sums| sums.score / sums.count as f64).sum::<f64>() / count;
                let accuracy =
                    groups.values().map(|sums| sums.agreed as f64 / sums.count as f64).sum::<f64>() / count;
                let samples = groups.values().map(|sums| sums.count).sum();
                report(run, cell, &format!("{split}/mean"), score, accuracy, samples)?;
            }
        }
        Ok(())
    }
}

fn report(
    run: &dyn Run,
    cell: usize,
    split: &str,
    score: f64,
    accuracy: f64,
    samples: u64,
) -> Result<(), PluginError> {
    for (name, value) in [("2afc_score", score), ("2afc_accuracy", accuracy)] {
        let metric = Metric {
            name: name.to_owned(),
            split: split.to_owned(),
            value,
            unit: "share".to_owned(),
            higher_is_better: true,
            samples,
        };
        run.report(cell, &Report::Metric(metric))?;
    }
    Ok(())
}
