//! What a task tells the host while it runs, and what trackers and result files are made of.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Something that a task has to say about one of its cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Report {
    /// A result of the cell.
    Metric(Metric),
    /// A point of a curve, such as the training loss at a step.
    Scalar(Scalar),
    /// Scores of single samples.
    Samples(SampleRows),
    /// A stage of a training goes on from a checkpoint, or begins (`step` 0): what was reported of it by an earlier,
    /// interrupted attempt is void behind this step, and so are results and pictures without a step that it reported of
    /// anything, since they are found anew. What the same attempt has reported of other stages stays. A task says so before
    /// it reports anything of the stage; what a task that never says so reported in an earlier attempt is void altogether.
    Resume {
        /// The stage: the part before the first `/` of its curves' names.
        stage: String,
        /// The last step that counts.
        step: u64,
    },
    /// An image file that the task has written into the cell's folder.
    Image {
        /// What it shows.
        name: String,
        /// Its path.
        path: std::path::PathBuf,
        /// The step it belongs to.
        step: Option<u64>,
        /// What is to be seen, in one sentence; empty where the name says it. Further lines, if there are any, say in a few words
        /// what each row of the picture shows, from top to bottom: a report writes them beside the rows.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        caption: String,
    },
}

impl Report {
    /// Whether it is a point or a picture of this stage of a training, see [`Report::Resume`].
    pub fn is_of_stage(&self, stage: &str) -> bool {
        let name = match self {
            Report::Scalar(scalar) => &scalar.name,
            Report::Image { name, .. } => name,
            _ => return false,
        };
        name.strip_prefix(stage).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// A result: a number that knows how to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// Its name, such as `2afc_score`.
    pub name: String,
    /// The part of the data it is about, such as `val/cnn`; `val/mean` for a mean over the parts.
    pub split: String,
    /// The number.
    #[serde(with = "crate::number::one")]
    pub value: f64,
    /// Its unit, such as `share` or `dB`.
    pub unit: String,
    /// Whether a larger value is a better one.
    pub higher_is_better: bool,
    /// How many samples it was computed from.
    pub samples: u64,
    /// How many samples failed and were left out. None if the task does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<u64>,
    /// How many of the samples have a score that is not a number (NaN). None if the task does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nan: Option<u64>,
    /// How it can be computed from the reported scores of single samples, if it can: then results have confidence intervals
    /// and paired tests. What earlier versions reported does not say so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_samples: Option<FromSamples>,
    /// The smallest number that it can be, if there is one: intervals don't go below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowest: Option<f64>,
    /// The largest number that it can be, if there is one: intervals don't go above it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub highest: Option<f64>,
    /// What it is to be measured against: what is reached without any loss network. Leaderboards show it, and answers say when
    /// the best contender does not reach it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub baselines: Vec<Baseline>,
}

/// A score that needs no loss network, such as that of guessing or of bicubic interpolation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// What reaches it, such as `chance` or `bicubic`.
    pub name: String,
    /// The score.
    pub score: BaselineScore,
}

/// Where the score of a baseline is found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BaselineScore {
    /// It is this number.
    Value(f64),
    /// It is the metric of this name of the same cell and split, such as `bicubic_psnr`; none where the cell has none.
    Metric(String),
}

impl Metric {
    /// A result that says nothing of samples that failed or have no number.
    pub fn new(
        name: impl Into<String>,
        split: impl Into<String>,
        value: f64,
        unit: impl Into<String>,
        higher_is_better: bool,
        samples: u64,
    ) -> Metric {
        let (name, split, unit) = (name.into(), split.into(), unit.into());
        Metric {
            name,
            split,
            value,
            unit,
            higher_is_better,
            samples,
            failed: None,
            nan: None,
            from_samples: None,
            lowest: None,
            highest: None,
            baselines: Vec::new(),
        }
    }

    /// The same with the number of samples that failed, and of those whose score is not a number.
    #[must_use]
    pub fn with_counts(self, failed: u64, nan: u64) -> Metric {
        Metric { failed: Some(failed), nan: Some(nan), ..self }
    }

    /// The same with how it is computed from the reported scores of samples.
    #[must_use]
    pub fn computed_from(self, samples: FromSamples) -> Metric {
        Metric { from_samples: Some(samples), ..self }
    }

    /// The same with the smallest number that it can be.
    #[must_use]
    pub fn at_least(self, lowest: f64) -> Metric {
        Metric { lowest: Some(lowest), ..self }
    }

    /// The same with the largest number that it can be.
    #[must_use]
    pub fn at_most(self, highest: f64) -> Metric {
        Metric { highest: Some(highest), ..self }
    }

    /// The same with a score to be measured against that is known beforehand, such as 0.5 for a guess between two.
    #[must_use]
    pub fn against(mut self, name: &str, score: f64) -> Metric {
        self.baselines.push(Baseline { name: name.to_owned(), score: BaselineScore::Value(score) });
        self
    }

    /// The same with another metric to be measured against, which the cell reports of the same split.
    #[must_use]
    pub fn against_metric(mut self, name: &str, metric: &str) -> Metric {
        self.baselines
            .push(Baseline { name: name.to_owned(), score: BaselineScore::Metric(metric.to_owned()) });
        self
    }
}

/// How a metric is computed from the scores of single samples: the mean, over some parts of the samples, of a statistic of
/// each part. Each part counts the same, however many samples it has.
///
/// ```
/// use lossnet_plugin_protocol::report::FromSamples;
///
/// // The mean of the column `psnr` over the split `set5`.
/// let psnr = FromSamples::mean("psnr", "set5");
/// // The mean over two groups of `val` of the groups' means.
/// let score = FromSamples::mean_of_groups("2afc_score", [("val", "cnn"), ("val", "color")]);
/// assert_eq!((psnr.parts.len(), score.parts.len()), (1, 2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FromSamples {
    /// What is computed of each part.
    pub statistic: SampleStatistic,
    /// The parts, one at least; no sample is in two of them.
    pub parts: Vec<SamplePart>,
}

/// Some of the samples whose scores a cell has reported.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SamplePart {
    /// The split, as in [`SampleRows::split`].
    pub split: String,
    /// The samples of this group only; all of the split if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
}

/// A number that is computed of the scores of some samples.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum SampleStatistic {
    /// The mean of a column.
    Mean {
        /// The column.
        column: String,
    },
    /// Average precision of calling the samples of the smallest distance "the same": the area under the precision-recall
    /// curve with precision made monotone from the right (PASCAL VOC 2010). Samples of equal distance count in the order of
    /// the names of their groups, then of their rows.
    AveragePrecision {
        /// The column that orders the samples, ascending.
        distance: String,
        /// The column with the share, in [0, 1], of "the same" of each sample.
        same: String,
    },
}

impl FromSamples {
    /// The mean of a column over a split.
    pub fn mean(column: &str, split: &str) -> FromSamples {
        FromSamples::of(SampleStatistic::Mean { column: column.to_owned() }, split, None)
    }

    /// The mean of a column over each of some groups (split and group), and the mean of those.
    pub fn mean_of_groups<'a>(
        column: &str,
        groups: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> FromSamples {
        let parts = groups
            .into_iter()
            .map(|(split, group)| SamplePart { split: split.to_owned(), group: Some(group.to_owned()) });
        FromSamples { statistic: SampleStatistic::Mean { column: column.to_owned() }, parts: parts.collect() }
    }

    /// A statistic of a split, or of one of its groups.
    pub fn of(statistic: SampleStatistic, split: &str, group: Option<&str>) -> FromSamples {
        let part = SamplePart { split: split.to_owned(), group: group.map(str::to_owned) };
        FromSamples { statistic, parts: vec![part] }
    }
}

impl SampleStatistic {
    /// The columns that it needs.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            SampleStatistic::Mean { column } => vec![column],
            SampleStatistic::AveragePrecision { distance, same } => vec![distance, same],
        }
    }
}

/// A point of a curve.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scalar {
    /// The curve's name, such as `train/loss`.
    pub name: String,
    /// Where on the curve.
    pub step: u64,
    /// The number.
    #[serde(with = "crate::number::one")]
    pub value: f64,
}

/// Scores of some samples, column by column. The rows of all reports of a cell stand one after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SampleRows {
    /// The split, such as `val`.
    pub split: String,
    /// The samples' groups, such as `cnn`.
    pub groups: Vec<String>,
    /// The samples' ids.
    pub ids: Vec<String>,
    /// The numbers.
    pub columns: Vec<Column>,
}

impl SampleRows {
    /// The rows behind the first so many.
    #[must_use]
    pub fn without_first(mut self, count: usize) -> SampleRows {
        self.ids.drain(..count);
        self.groups.drain(..count);
        for column in &mut self.columns {
            column.values.drain(..count);
        }
        self
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The numbers of the column of this name.
    pub fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|column| column.name == name).map(|column| column.values.as_slice())
    }
}

/// A named list of numbers, one for each sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// Its name, such as `d0`.
    pub name: String,
    /// One number for each sample.
    #[serde(with = "crate::number::list")]
    pub values: Vec<f64>,
}

/// How far some work has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// What is being done, such as `val` or `downloading alexnet-owt-7be5be79.pth`.
    pub stage: String,
    /// How much is done. A stage's first report says where it begins: 0, or what an earlier attempt has done; its last one,
    /// with all of `total`, ends it.
    pub done: u64,
    /// How much there is to do, if that is known.
    pub total: Option<u64>,
    /// What is counted, such as `triplets` or `bytes`.
    pub unit: String,
    /// How it goes, such as `epoch 3/50, loss 0.0123`; may change from report to report.
    #[serde(default)]
    pub detail: String,
}

impl Progress {
    /// So much of it is done, without a detail.
    pub fn new(stage: impl Into<String>, done: u64, total: Option<u64>, unit: impl Into<String>) -> Progress {
        Progress { stage: stage.into(), done, total, unit: unit.into(), detail: String::new() }
    }
}

/// One of the cells that a task serves in a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellContext {
    /// The cell's id.
    pub id: String,
    /// Its whole resolved config.
    pub config: Map<String, Value>,
    /// Where its log files and images go.
    pub folder: std::path::PathBuf,
    /// Where its checkpoints go.
    pub checkpoints: std::path::PathBuf,
    /// Scores that an interrupted run of the cell has left, by split, as the number of rows.
    pub recorded: Vec<(String, u64)>,
}

/// What a task needs to know of the run it is part of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunContext {
    /// The cells to serve, one at least. They differ only along the axes that the task declared as shared.
    pub cells: Vec<CellContext>,
    /// The device, `cpu` or `cuda:N`.
    pub device: String,
    /// Samples per batch, unless the task's settings say otherwise.
    pub batch_size: usize,
    /// Whether memory has run out in an earlier attempt: then no batch that is only evaluated may be larger than
    /// `batch_size`, whatever the task's settings say.
    #[serde(default)]
    pub short_of_memory: bool,
    /// Threads that may load data.
    pub num_workers: usize,
    /// Seed of the cells' randomness. Task code derives named seeds from it.
    pub seed: u64,
    /// The configured dataset's splits that are to be evaluated.
    pub splits: Vec<String>,
    /// All splits that the configured dataset says it has; none if only the user's folders tell.
    #[serde(default)]
    pub known_splits: Vec<String>,
    /// Whether the judgements in the configured dataset were asked of people.
    #[serde(default)]
    pub asks_people: bool,
    /// Further datasets, for tests only.
    #[serde(default)]
    pub test: Vec<TestData>,
}

impl RunContext {
    /// All splits that are to be evaluated, as a run opens them: those of the main dataset, then those of the further
    /// datasets as `label:split`.
    pub fn evaluated_splits(&self) -> Vec<String> {
        let further = self.test.iter().flat_map(TestData::labelled_splits);
        self.splits.iter().cloned().chain(further).collect()
    }

    /// Whether the judgements of a split, as a run opens it, were asked of people.
    pub fn asks_people(&self, split: &str) -> bool {
        let label = split.split_once(':').map(|(label, _)| label);
        let further = self.test.iter().find(|test| Some(test.label.as_str()) == label);
        further.map_or(self.asks_people, |test| test.asks_people)
    }
}

/// A dataset beside the main one: `[data.test.<label>]` of a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestData {
    /// Its name in the config. Its split `test` is opened as `label:test`.
    pub label: String,
    /// The dataset's name.
    pub dataset: String,
    /// Its splits to be used.
    pub splits: Vec<String>,
    /// Whether the judgements in it were asked of people.
    #[serde(default)]
    pub asks_people: bool,
}

impl TestData {
    /// Its splits as a run opens them: `label:split`.
    pub fn labelled_splits(&self) -> impl Iterator<Item = String> + '_ {
        self.splits.iter().map(|split| format!("{}:{split}", self.label))
    }
}
