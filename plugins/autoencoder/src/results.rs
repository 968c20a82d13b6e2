//! What is reported at the end.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::scores;

use crate::codes::Codes;
use crate::prediction::Scores;

/// A score of each sample.
struct Score<'a> {
    /// The name of its mean.
    metric: &'static str,
    /// The name of its column.
    column: &'static str,
    values: &'a [f64],
    unit: &'static str,
    higher_is_better: bool,
}

impl Scores {
    fn all(&self) -> [Score<'_>; 4] {
        let score = |metric, column, values, unit, higher_is_better| Score {
            metric,
            column,
            values,
            unit,
            higher_is_better,
        };
        [
            score("accuracy", "correct", &self.correct, "share", true),
            score("loss", "loss", &self.loss, "squared error", false),
            score("l1", "l1", &self.l1, "distance", false),
            score("l2", "l2", &self.l2, "distance", false),
        ]
    }
}

/// Where the scores of samples are.
#[derive(Clone, Copy)]
pub(crate) enum Recorded {
    /// Nowhere.
    Not,
    /// In columns of the split's samples.
    All,
    /// Only whether they are right, in a column with the predictor's name.
    Correct,
}

/// What needs no code: what predictors are to be better than.
pub(crate) struct Baselines {
    /// Number of classes.
    pub(crate) classes: u32,
    /// Scores of the frequencies of the classes in training, given for every image.
    pub(crate) frequencies: Scores,
}

impl Baselines {
    fn of(&self, metric: &str) -> Vec<(&'static str, f64)> {
        let frequencies = self.frequencies.all();
        let constant =
            frequencies.iter().find(|score| score.metric == metric).map(|score| mean(score.values));
        let name =
            if metric == "accuracy" { "the most frequent class" } else { "the frequencies of the classes" };
        let chance = (metric == "accuracy").then(|| ("chance", 1.0 / f64::from(self.classes)));
        constant.map(|constant| (name, constant)).into_iter().chain(chance).collect()
    }
}

/// Reports the scores of one predictor on a split, as means over its samples.
pub(crate) fn report(
    run: &dyn Run,
    split: &str,
    predictor: &str,
    scores: &Scores,
    recorded: Recorded,
    baselines: &Baselines,
) -> Result<(), PluginError> {
    let name = format!("{split}/{predictor}");
    for Score { metric, column, values, unit, higher_is_better } in scores.all() {
        let of_predictor = format!("{column}/{predictor}");
        let column = match recorded {
            Recorded::All => Some(column),
            Recorded::Correct if column == "correct" => Some(of_predictor.as_str()),
            Recorded::Correct | Recorded::Not => None,
        };
        let report = if let Some(column) = column {
            scores::mean_of(metric, &name, values, (column, split), unit, higher_is_better)
        } else {
            scores::mean(metric, &name, values, unit, higher_is_better)
        };
        let report = if metric == "accuracy" { scores::within(report, 0.0, 1.0) } else { report };
        let report = baselines
            .of(metric)
            .into_iter()
            .fold(report, |report, (name, score)| scores::against(report, name, score));
        run.report(0, &report)?;
    }
    Ok(())
}

/// Records what the best predictor made of each sample of a split, and which ones the others (with their names) got right.
pub(crate) fn record(
    run: &dyn Run,
    codes: &Codes,
    best: &Scores,
    all: &[(&str, &Scores)],
) -> Result<(), PluginError> {
    let of_best =
        best.all().map(|score| Column { name: score.column.to_owned(), values: score.values.to_vec() });
    let of_others = all
        .iter()
        .map(|(name, scores)| Column { name: format!("correct/{name}"), values: scores.correct.clone() });
    let rows = SampleRows {
        split: codes.split.clone(),
        groups: codes.groups.clone(),
        ids: codes.ids.clone(),
        columns: of_best.into_iter().chain(of_others).collect(),
    };
    scores::report(run, 0, rows)
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
