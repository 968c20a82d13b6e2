//! Two-alternative forced choice: which of two images is closer to the reference?

use std::collections::BTreeMap;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::report::{FromSamples, Metric, Report, SampleRows};

use super::recorded::{column, result_name};

/// Name of the score, of a triplet and of many.
pub(super) const SCORE: &str = "2afc_score";

/// Name of the accuracy; of a triplet it is 1, 0, or half where distances or judgements are undecided.
pub(super) const ACCURACY: &str = "2afc_accuracy";

/// Name of the loss of a trained metric, of a triplet and of many.
pub(super) const LOSS: &str = "2afc_loss";

/// Sums over the triplets of a group.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    count: u64,
    score: f64,
    agreed: f64,
    /// Of a metric that was trained.
    loss: Option<f64>,
}

/// What is kept of one cell's triplets: sums per group.
#[derive(Debug, Default)]
pub struct Triplets {
    groups: BTreeMap<String, Sums>,
}

impl Triplets {
    /// Takes recorded scores. Fails if a column is missing.
    pub fn add(&mut self, rows: &SampleRows) -> Result<(), PluginError> {
        let (scores, agreed) = (column(rows, SCORE)?, column(rows, ACCURACY)?);
        let losses = rows.column(LOSS);
        for (row, group) in rows.groups.iter().enumerate() {
            let sums = self.groups.entry(group.clone()).or_default();
            sums.count += 1;
            sums.score += scores[row];
            sums.agreed += agreed[row];
            if let Some(losses) = losses {
                *sums.loss.get_or_insert(0.0) += losses[row];
            }
        }
        Ok(())
    }

    /// Reports score and accuracy of each group.
    pub fn report(&self, run: &dyn Run, cell: usize, split: &str) -> Result<(), PluginError> {
        for (group, sums) in &self.groups {
            let name = result_name(split, group);
            report(run, cell, &name, &[(split, group, *sums)])?;
        }
        Ok(())
    }
}

/// Means over the groups of each cell, by split.
#[derive(Debug)]
pub struct Means {
    cells: Vec<BTreeMap<String, Groups>>,
}

/// Split, group and sums by the name of their results: `val/cnn` as a group of `val` and as a split of its own is one.
type Groups = BTreeMap<String, (String, String, Sums)>;

impl Means {
    /// For so many cells.
    pub fn new(cells: usize) -> Means {
        Means { cells: vec![BTreeMap::new(); cells] }
    }

    /// Takes the groups of a split for the cell at this position.
    pub fn add(&mut self, cell: usize, split: &str, triplets: &Triplets) {
        // `val/cnn` and `val/color` as splits of their own have the mean `val/mean`, as groups of `val` have.
        let parent = split.split('/').next().unwrap_or(split).to_owned();
        let sums = triplets
            .groups
            .iter()
            .map(|(group, sums)| (result_name(split, group), (split.to_owned(), group.clone(), *sums)));
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

    /// Reports the mean over all splits, each counting the same, as that of `images/mean`, where there are several without
    /// groups.
    pub fn report_over_splits(&self, run: &dyn Run) -> Result<(), PluginError> {
        let has_several = |splits: &BTreeMap<String, Groups>| {
            splits.len() > 1 && splits.values().all(|groups| groups.len() == 1)
        };
        for (cell, splits) in self.cells.iter().enumerate().filter(|(_, splits)| has_several(splits)) {
            let groups = splits.values().flat_map(BTreeMap::values);
            let groups: Vec<(&str, &str, Sums)> =
                groups.map(|(split, group, sums)| (split.as_str(), group.as_str(), *sums)).collect();
            report(run, cell, "images/mean", &groups)?;
        }
        Ok(())
    }

    /// Those over so many groups or more.
    fn report_from(&self, least: usize, run: &dyn Run) -> Result<(), PluginError> {
        for (cell, splits) in self.cells.iter().enumerate() {
            for (split, groups) in splits.iter().filter(|(_, groups)| groups.len() >= least) {
                let groups: Vec<(&str, &str, Sums)> = groups
                    .values()
                    .map(|(split, group, sums)| (split.as_str(), group.as_str(), *sums))
                    .collect();
                report(run, cell, &format!("{split}/mean"), &groups)?;
            }
        }
        Ok(())
    }
}

/// Reports the means over some groups (split, name, sums), each counting the same.
fn report(run: &dyn Run, cell: usize, split: &str, groups: &[(&str, &str, Sums)]) -> Result<(), PluginError> {
    let mean = |of: fn(&Sums) -> f64| {
        groups.iter().map(|(_, _, sums)| of(sums) / sums.count as f64).sum::<f64>() / groups.len() as f64
    };
    let count = groups.iter().map(|(_, _, sums)| sums.count).sum();
    let values = [(SCORE, mean(|sums| sums.score)), (ACCURACY, mean(|sums| sums.agreed))];
    for (name, value) in values {
        let parts = groups.iter().map(|(split, group, _)| (*split, *group));
        // A distance that is not finite has ended the run, as has a sample that can't be read.
        let metric = Metric::new(name, split, value, "share", true, count)
            .with_counts(0, 0)
            .computed_from(FromSamples::mean_of_groups(name, parts))
            .at_least(0.0)
            .at_most(1.0)
            .against("chance", 0.5);
        run.report(cell, &Report::Metric(metric))?;
    }
    if groups.iter().all(|(_, _, sums)| sums.loss.is_some()) {
        let loss = mean(|sums| sums.loss.unwrap_or_default());
        let parts = groups.iter().map(|(split, group, _)| (*split, *group));
        let metric = Metric::new(LOSS, split, loss, "nats", false, count)
            .with_counts(0, 0)
            .computed_from(FromSamples::mean_of_groups(LOSS, parts))
            .at_least(0.0)
            .against("always undecided", std::f64::consts::LN_2);
        run.report(cell, &Report::Metric(metric))?;
    }
    Ok(())
}
