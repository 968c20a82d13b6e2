//! Results as tasks report them.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use lossnet_plugin_api::protocol::report::{FromSamples, Metric, Report, SampleRows};

/// A result of a split that is the mean of its samples' scores, which are not reported; those that are not numbers are counted. Tasks of this kit end
/// with an error where a sample fails, so none of them has failed.
pub fn mean(name: &str, split: &str, values: &[f64], unit: &str, higher_is_better: bool) -> Report {
    Report::Metric(mean_metric(name, split, values, unit, higher_is_better))
}

/// A result of a split that can't be computed from reported scores of samples.
pub fn metric(
    name: &str,
    split: &str,
    value: f64,
    unit: &str,
    higher_is_better: bool,
    samples: u64,
) -> Report {
    Report::Metric(Metric::new(name, split, value, unit, higher_is_better, samples))
}

/// A result of a split: the mean of a score over its samples, whose scores are reported as `column` of the split `table`.
/// Samples are counted as in [`mean`].
pub fn mean_of(
    name: &str,
    split: &str,
    values: &[f64],
    (column, table): (&str, &str),
    unit: &str,
    higher_is_better: bool,
) -> Report {
    let metric = mean_metric(name, split, values, unit, higher_is_better);
    Report::Metric(metric.computed_from(FromSamples::mean(column, table)))
}

/// The same result with the range that it can't leave, such as 0 to 1 for a share.
#[must_use]
pub fn within(report: Report, lowest: f64, highest: f64) -> Report {
    match report {
        Report::Metric(metric) => Report::Metric(metric.at_least(lowest).at_most(highest)),
        other => other,
    }
}

/// A result with what it is to be measured against: a name, and the metric of the same split that says what that reaches.
#[must_use]
pub fn against_metric(report: Report, name: &str, metric: &str) -> Report {
    match report {
        Report::Metric(reported) => Report::Metric(reported.against_metric(name, metric)),
        other => other,
    }
}

/// A result with what it is to be measured against: a name, and the score that that reaches.
#[must_use]
pub fn against(report: Report, name: &str, score: f64) -> Report {
    match report {
        Report::Metric(reported) => Report::Metric(reported.against(name, score)),
        other => other,
    }
}

fn mean_metric(name: &str, split: &str, values: &[f64], unit: &str, higher_is_better: bool) -> Metric {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let nan = values.iter().filter(|value| value.is_nan()).count();
    Metric::new(name, split, mean, unit, higher_is_better, values.len() as u64).with_counts(0, nan as u64)
}

/// Records the scores of all samples of a split, in order, for the cell at this position. Those that an interrupted run of
/// the cell has recorded are left out, so that none stands there twice.
///
/// Fails if that run has recorded more than there are now, or other samples: then the data has changed.
pub fn report(run: &dyn Run, cell: usize, rows: SampleRows) -> Result<(), PluginError> {
    let Some(context) = run.context().cells.get(cell) else {
        return Err(PluginError::run(format!("there is no cell {cell} in this run")));
    };
    let kept = run.recorded(cell, &rows.split, 0, rows.len() as u64 + 1)?;
    let changed = |what: &str| {
        PluginError::input(format!(
            "an earlier run of the cell {} has scored {what} in the split `{}`: the dataset has changed",
            context.id, rows.split
        ))
        .with_help(format!("move {} away to compute it anew", context.folder.display()))
    };
    let skip = kept.len();
    if skip > rows.len() {
        return Err(changed(&format!("more than the {} samples that there are now", rows.len())));
    }
    if kept.ids[..] != rows.ids[..skip] {
        return Err(changed("other samples"));
    }
    if skip == rows.len() {
        return Ok(());
    }
    run.report(cell, &Report::Samples(rows.without_first(skip)))
}

#[cfg(all(test, feature = "testing"))]
mod tests {
    #![allow(clippy::unwrap_used)]

    use lossnet_plugin_api::protocol::report::Column;

    use super::*;
    use crate::testing::MemoryRun;

    fn rows(count: usize) -> SampleRows {
        SampleRows {
            split: "test".to_owned(),
            groups: vec![String::new(); count],
            ids: (0..count).map(|index| index.to_string()).collect(),
            columns: vec![Column {
                name: "score".to_owned(),
                values: (0..count).map(|index| index as f64).collect(),
            }],
        }
    }

    #[test]
    fn what_an_interrupted_run_has_recorded_is_not_recorded_again() {
        let folder = tempfile::tempdir().unwrap();
        let run = |recorded| MemoryRun::new(folder.path()).unwrap().with_recorded(rows(recorded));
        let first = run(3);
        report(&first, 0, rows(5)).unwrap();
        let [Report::Samples(new)] = &first.reports()[..] else { panic!("{:?}", first.reports()) };
        assert_eq!(
            (new.ids.clone(), new.columns[0].values.clone()),
            (vec!["3".into(), "4".into()], vec![3.0, 4.0])
        );
        let complete = run(5);
        report(&complete, 0, rows(5)).unwrap();
        assert_eq!(complete.reports(), []);
    }

    #[test]
    fn scores_of_other_data_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = MemoryRun::new(folder.path()).unwrap().with_recorded(rows(3));
        let error = report(&run, 0, rows(2)).unwrap_err().to_string();
        assert!(error.contains("more than the 2 samples") && error.contains("`test`"), "{error}");
        let mut others = rows(4);
        others.ids[1] = "x".to_owned();
        assert!(report(&run, 0, others).unwrap_err().to_string().contains("other samples"));
    }
}
