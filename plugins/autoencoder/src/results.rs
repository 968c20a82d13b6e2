//! What is reported at the end.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::scores;

use crate::codes::Codes;
use crate::prediction::Scores;

/// Reports the scores of one predictor on a split, as means over its samples.
pub(crate) fn report(
    run: &dyn Run,
    split: &str,
    predictor: &str,
    scores: &Scores,
) -> Result<(), PluginError> {
    let split = format!("{split}/{predictor}");
    let numbers = [
        ("accuracy", &scores.correct, "share", true),
        ("loss", &scores.loss, "squared error", false),
        ("l1", &scores.l1, "distance", false),
        ("l2", &scores.l2, "distance", false),
    ];
    for (name, values, unit, higher_is_better) in numbers {
        let samples = values.len() as u64;
        let report = scores::metric(name, &split, mean(values), unit, higher_is_better, samples);
        run.report(0, &report)?;
    }
    Ok(())
}

/// Records what the best predictor made of each sample of a split.
pub(crate) fn record(run: &dyn Run, codes: &Codes, scores: &Scores) -> Result<(), PluginError> {
    let column = |name: &str, values: &[f64]| Column { name: name.to_owned(), values: values.to_vec() };
    let rows = SampleRows {
        split: codes.split.clone(),
        groups: codes.groups.clone(),
        ids: codes.ids.clone(),
        columns: vec![column("correct", &scores.correct), column("loss", &scores.loss)],
    };
    scores::report(run, 0, rows)
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
