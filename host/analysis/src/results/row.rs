//! One metric of one cell.

use std::sync::Arc;

use lossnet_plugin_protocol::report::Metric;
use serde_json::{Map, Value as Json, json};

use lossnet_core::model::{DataSection, ResolvedConfig};
use lossnet_core::store::{CellFolder, CellResult, Found};

/// A complete cell.
#[derive(Debug)]
pub struct CompleteCell {
    /// The experiment that it is in: the name of the folder.
    pub experiment: String,
    /// The cell's folder.
    pub folder: CellFolder,
    /// What was found.
    pub result: CellResult,
    pub(super) texts: Texts,
}

/// Parts of the config as texts.
#[derive(Debug)]
pub(super) struct Texts {
    pub(super) task_settings: String,
    pub(super) dataset_settings: String,
    pub(super) splits: String,
    pub(super) test_data: String,
    pub(super) backbone_settings: String,
    pub(super) layers: String,
    pub(super) comparison_settings: String,
    pub(super) plugins: String,
}

impl CompleteCell {
    pub(super) fn new(found: Found<CellResult>) -> CompleteCell {
        let texts = Texts::of(&found.result);
        let Found { experiment, folder, result } = found;
        CompleteCell { experiment, folder, result, texts }
    }
}

impl Texts {
    fn of(result: &CellResult) -> Texts {
        let config = &result.cell.config;
        let network = &config.loss_network;
        let terms = network.comparison.terms.iter();
        let test: Map<String, Json> =
            config.data.test.iter().map(|(label, data)| (label.clone(), test_data(data))).collect();
        let plugins = result.versions.plugins.iter().map(|(name, version)| format!("{name} {version}"));
        Texts {
            task_settings: settings(&config.task.settings),
            dataset_settings: settings(&config.data.dataset.settings),
            splits: config.data.splits.join(","),
            test_data: settings(&test),
            backbone_settings: settings(&network.backbone.settings),
            layers: network.layers.join(","),
            comparison_settings: terms
                .map(|term| json!(term.settings).to_string())
                .collect::<Vec<_>>()
                .join("+"),
            plugins: plugins.collect::<Vec<_>>().join(", "),
        }
    }
}

/// A dataset for tests, as in `[data.test.LABEL]`.
fn test_data(data: &DataSection) -> Json {
    let mut settings = data.dataset.settings.clone();
    settings.insert("dataset".to_owned(), data.dataset.name.clone().into());
    settings.insert("splits".to_owned(), data.splits.clone().into());
    let others = [("folder", data.folder.clone().map(Json::from)), ("limit", data.limit.map(Json::from))];
    settings.extend(others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    Json::Object(settings)
}

/// Settings as JSON in one text; nothing where there are none.
fn settings(settings: &Map<String, Json>) -> String {
    if settings.is_empty() { String::new() } else { json!(settings).to_string() }
}

/// How a result varies over the repetitions of what was run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Repetitions {
    /// How many repetitions have the result.
    pub count: u64,
    /// Its standard deviation over them (of a sample: divided by their number less one), if there are several.
    pub spread: Option<f64>,
}

/// How what was run stands on its leaderboard: with all its repetitions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Standing {
    /// Lower and upper end of the 95 % interval of its score, if it has one.
    pub interval: Option<[f64; 2]>,
    /// Whether the best can't be told from it. None of what is on no leaderboard.
    pub tied: Option<bool>,
}

/// One metric of one cell with the cell's whole identity.
#[derive(Clone, Debug)]
pub struct Row {
    cell: Arc<CompleteCell>,
    metric: usize,
    pub(super) repetitions: Repetitions,
    pub(super) standing: Standing,
}

impl Row {
    /// A row per metric.
    pub(super) fn of(cell: &Arc<CompleteCell>) -> impl Iterator<Item = Row> + '_ {
        let alone = Repetitions { count: 1, spread: None };
        let row = move |metric| Row {
            cell: Arc::clone(cell),
            metric,
            repetitions: alone,
            standing: Standing::default(),
        };
        (0..cell.result.metrics.len()).map(row)
    }

    /// The cell.
    pub fn cell(&self) -> &CompleteCell {
        &self.cell
    }

    /// The result of the cell.
    pub fn result(&self) -> &CellResult {
        &self.cell.result
    }

    /// The cell's settings.
    pub fn config(&self) -> &ResolvedConfig {
        &self.cell.result.cell.config
    }

    /// The metric.
    pub fn metric(&self) -> &Metric {
        &self.cell.result.metrics[self.metric]
    }

    /// The metric's position among the cell's.
    pub fn metric_position(&self) -> usize {
        self.metric
    }

    /// How it stands on its leaderboard, as far as [`stand`](super::stand) was called.
    pub fn standing(&self) -> Standing {
        self.standing
    }

    /// How the metric varies over repetitions.
    pub fn repetitions(&self) -> Repetitions {
        self.repetitions
    }
}
