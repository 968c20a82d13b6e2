//! What a report shows: plain data, which the page gets as one JSON document.
//!
//! Networks, boards and the like are named by their position in the lists of [`ReportData`], so that nothing is said twice.
//! Numbers that are not finite are `null` in JSON: a page shows them as missing.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use lossnet_core::store::Cost;

/// Everything that a report shows.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReportData {
    /// What the report is about, such as the experiments' names.
    pub title: String,
    /// When it was made, ISO 8601 in UTC.
    pub generated: String,
    /// The version of lossnet that made it.
    pub lossnet: String,
    /// The answer in a few sentences, the most important first: which loss network to use, and how sure that is.
    pub answer: Vec<String>,
    /// The experiments, by name.
    pub experiments: Vec<Experiment>,
    /// The loss networks (with whatever else was varied) that are compared.
    pub networks: Vec<Network>,
    /// One per task, dataset, metric and split; of each task and dataset the main one first.
    pub boards: Vec<Board>,
    /// What holds over all tasks.
    pub overall: Overall,
    /// Verdicts on statements, if there were any to check.
    pub claims: Vec<Claim>,
    /// Every metric of every cell.
    pub table: Table,
    /// Curves of trainings.
    pub curves: Vec<Curve>,
    /// Images side by side.
    pub panels: Vec<Panel>,
    /// What the results depend on.
    pub provenance: Vec<Provenance>,
    /// What can't be read or must not be compared, each in one sentence.
    pub problems: Vec<String>,
    /// What was left out because the report would be too large with it, each in one sentence: no problem, but to be known.
    pub notes: Vec<String>,
}

/// How far an experiment is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// What its config says that it is for.
    pub description: String,
    /// Number of cells by state: `done`, `running`, `failed`, `to do`.
    pub cells: BTreeMap<String, usize>,
    /// The reasons of failures, each with the number of cells that failed so.
    pub failures: Vec<(String, usize)>,
}

/// A contender: a loss network with whatever else was varied beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Network {
    /// A short name that no other contender has.
    pub label: String,
    /// The backbone's name.
    pub backbone: String,
    /// The weights, such as `imagenet`.
    pub weights: String,
    /// The layers as they were written, joined by commas.
    pub layers: String,
    /// The comparison's name.
    pub comparison: String,
    /// Other settings in which contenders differ, by dotted key.
    pub others: BTreeMap<String, String>,
    /// Where the deepest layer lies in its backbone, from 0 to 1. None if the backbone is not at hand.
    pub depth: Option<f64>,
    /// Published top-1 accuracy on ImageNet of the weights, in percent.
    pub imagenet_top1: Option<f64>,
    /// Parameters of the whole backbone.
    pub parameters: Option<u64>,
    /// Multiply-adds of one image of 224×224 up to the deepest layer.
    pub multiply_adds: Option<u64>,
}

/// A leaderboard: one metric of one task on one split of one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Board {
    /// The task.
    pub task: String,
    /// Settings of the task that tell its boards apart, such as `factor=4`; mostly empty.
    pub variant: String,
    /// The dataset.
    pub dataset: String,
    /// The metric's name.
    pub metric: String,
    /// The split, such as `val/mean`.
    pub split: String,
    /// The metric's unit.
    pub unit: String,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Whether this is what the task is mainly judged by.
    pub main: bool,
    /// Decimals that all of its scores are shown with.
    pub decimals: usize,
    /// The contenders, the best first.
    pub entries: Vec<Entry>,
    /// What is reached without a loss network, such as by chance: no contenders, but to be measured against.
    pub baselines: Vec<Baseline>,
    /// How intervals and ties were made, for readers.
    pub method: String,
    /// The result in one sentence.
    pub answer: String,
    /// Tests of pairs of contenders, where samples are kept. Of large boards the best ones against each other only.
    pub pairs: Vec<Pair>,
    /// Average ranks over blocks (samples, splits, repetitions) and the critical difference, where there are blocks.
    pub ranks: Option<Ranks>,
    /// Score against what is known of the networks.
    pub correlations: Vec<Correlation>,
}

/// A score that no loss network is needed for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Baseline {
    /// What reaches it, such as `chance` or `bicubic`.
    pub name: String,
    /// The score.
    pub value: f64,
    /// The score as text.
    pub text: Shown,
}

/// Numbers as they are shown, everywhere in the same form ([`number`](lossnet_core::number)): pages show these texts and round nothing again.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shown {
    /// The number itself: a score, a difference, a rank, a coefficient. A dash where there is none.
    pub value: String,
    /// Lower and upper end of its interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<[String; 2]>,
    /// Standard deviation over repetitions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deviation: Option<String>,
    /// p value, corrected if there are several tests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p: Option<String>,
    /// p value of this test alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_alone: Option<String>,
}

impl Shown {
    /// The number with its interval: `0.694 [0.690, 0.698]`.
    pub fn with_interval(&self) -> String {
        match &self.interval {
            Some([low, high]) => format!("{} [{low}, {high}]", self.value),
            None => self.value.clone(),
        }
    }
}

/// A contender on a board.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Entry {
    /// Position in [`ReportData::networks`].
    pub network: usize,
    /// The score: the mean over repetitions.
    pub value: Option<f64>,
    /// Lower and upper end of the 95 % confidence interval, where there is one.
    pub interval: Option<[f64; 2]>,
    /// Standard deviation over repetitions, where there are several.
    pub deviation: Option<f64>,
    /// Number of repetitions.
    pub repetitions: usize,
    /// Samples that the score was computed from, of one repetition.
    pub samples: u64,
    /// Samples that failed.
    pub failed: u64,
    /// Samples whose score is not a number.
    pub nan: u64,
    /// Rank from 1, as written in competitions: equal values share the best rank.
    pub rank: usize,
    /// Whether the best can't be told from it: no Holm-corrected paired test says that it is worse.
    pub tied_with_best: bool,
    /// Seconds of its group, divided by the group's cells; the mean over repetitions.
    pub seconds: Option<f64>,
    /// Peak memory of its process in bytes, where it was measured.
    pub peak_memory: Option<u64>,
    /// What the loss network costs for one image: of the repetition with the quickest pass.
    pub cost: Option<Cost>,
    /// The cells' ids.
    pub cells: Vec<String>,
    /// Score, interval and deviation as text.
    pub text: Shown,
}

/// A paired comparison of two contenders on the same samples.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Pair {
    /// Positions in [`ReportData::networks`].
    pub networks: [usize; 2],
    /// Mean of the first's score less the second's.
    pub difference: f64,
    /// 95 % interval of the difference by the paired bootstrap, of this pair alone: not corrected.
    pub interval: Option<[f64; 2]>,
    /// The test's name: `wilcoxon`, `mcnemar`, `paired-bootstrap`.
    pub test: String,
    /// p value, Holm-corrected over the board's pairs.
    pub p: Option<f64>,
    /// p value of this test alone, not corrected, as the interval is.
    pub p_alone: Option<f64>,
    /// Difference, interval and p values as text.
    pub text: Shown,
}

/// A critical-difference diagram (Demšar 2006).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Ranks {
    /// What the blocks are, such as `samples` or `splits and repetitions`.
    pub blocks: String,
    /// Number of blocks.
    pub count: usize,
    /// Contender (position in [`ReportData::networks`]) and its average rank, the best first.
    pub averages: Vec<(usize, f64)>,
    /// The average ranks as text.
    pub average_texts: Vec<String>,
    /// p value of Friedman's test.
    pub friedman_p: Option<f64>,
    /// Difference of average ranks from which two contenders differ (Nemenyi, alpha 0.05).
    pub critical_difference: f64,
    /// The critical difference as text, with the p value of Friedman's test.
    pub text: Shown,
    /// Contenders that can't be told apart: first and last position in `averages` of each maximal group.
    pub cliques: Vec<(usize, usize)>,
}

/// A correlation with its interval.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Correlation {
    /// What is on the x axis: `imagenet_top1`, `parameters`, `depth`, `multiply_adds`; or a board's name.
    pub with: String,
    /// `pearson`, `spearman` or `kendall`.
    pub kind: String,
    /// The coefficient, from -1 to 1; positive where more of x goes with a better score.
    pub value: f64,
    /// 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// p value.
    pub p: Option<f64>,
    /// Number of points.
    pub count: usize,
    /// Coefficient, interval and p value as text.
    pub text: Shown,
}

/// What holds over all tasks: each main board counts once.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Overall {
    /// The boards that count: positions in [`ReportData::boards`].
    pub boards: Vec<usize>,
    /// Mean rank of each backbone (the best of its layers on each board), the best first.
    pub backbones: Vec<MeanRank>,
    /// Mean rank of each backbone and layer, the best first.
    pub networks: Vec<MeanRank>,
    /// Mean rank of the depth of the layer, from early to late, within backbones.
    pub layers: Vec<MeanRank>,
    /// Spearman's and Kendall's correlation of the rankings of each two boards.
    pub between_boards: Vec<BoardCorrelation>,
}

/// Something with its mean rank over boards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct MeanRank {
    /// A backbone's name, `backbone · layer`, or `layer 1 of 4`.
    pub name: String,
    /// Mean of its ranks as a share: 0 the best, 1 the worst of each board.
    pub mean_rank: f64,
    /// 95 % interval of the mean, by the bootstrap over boards; none where there are too few boards.
    pub interval: Option<[f64; 2]>,
    /// Whether the first can't be told from it, being the first itself included.
    pub tied_with_best: bool,
    /// Its share on each of the boards that count; none where it is not on it.
    pub ranks: Vec<Option<f64>>,
    /// The mean with its interval as text.
    pub text: Shown,
    /// Its shares as text.
    pub rank_texts: Vec<String>,
}

/// The correlation of the rankings of two boards.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct BoardCorrelation {
    /// Positions in [`ReportData::boards`].
    pub boards: [usize; 2],
    /// The correlation over what both have.
    pub correlation: Correlation,
}

/// A statement and what the results say about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Claim {
    /// The statement.
    pub text: String,
    /// Where it is from.
    pub source: String,
    /// `holds`, `does not hold`, `undecided` or `no data`.
    pub verdict: String,
    /// The numbers behind it, in one sentence.
    pub evidence: String,
}

/// Rows of one table, column by column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    /// Number of rows.
    pub rows: usize,
    /// The columns.
    pub columns: Vec<TableColumn>,
}

/// A column, as small as it can be said.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TableColumn {
    /// The same value in all rows.
    Constant {
        /// The column's name.
        name: String,
        /// The value.
        value: String,
    },
    /// Texts that repeat.
    Texts {
        /// The column's name.
        name: String,
        /// The texts.
        texts: Vec<String>,
        /// For each row a position in `texts`.
        codes: Vec<u32>,
    },
    /// Numbers.
    Numbers {
        /// The column's name.
        name: String,
        /// For each row a number, if it has one.
        #[serde(serialize_with = "short")]
        values: Vec<Option<f64>>,
    },
}

/// A curve of a training, thinned out to what can be seen.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Curve {
    /// The task.
    pub task: String,
    /// Position in [`ReportData::networks`].
    pub network: usize,
    /// The cell.
    pub cell: String,
    /// Which repetition, from 0.
    pub repetition: u32,
    /// The curve's name, such as `train/loss`.
    pub name: String,
    /// Steps, ascending.
    pub steps: Vec<u64>,
    /// A value for each step.
    pub values: Vec<Option<f64>>,
}

impl Board {
    /// A value turned so that more is better.
    pub(crate) fn score(&self, value: f64) -> f64 {
        if self.higher_is_better { value } else { -value }
    }
}

/// Images of the same thing side by side.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Panel {
    /// The task.
    pub task: String,
    /// What it shows, such as `reconstructions`, `disagreements`, `spatial maps`.
    pub title: String,
    /// How to read it, in one sentence.
    pub caption: String,
    /// The images, the best contenders first.
    pub images: Vec<PanelImage>,
}

/// An image of a panel.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PanelImage {
    /// Position in [`ReportData::networks`].
    pub network: usize,
    /// The cell.
    pub cell: String,
    /// What it shows, also for those who can't see it; empty if the panel's caption says it.
    pub caption: String,
    /// What each of its rows shows, from top to bottom, if a task says so.
    pub rows: Vec<String>,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// The image as a `data:` address.
    pub source: String,
}

/// What some results depend on.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Provenance {
    /// The experiment.
    pub experiment: String,
    /// Number of cells that this is true of.
    pub cells: usize,
    /// Name and value, such as `lossnet version`, `libtorch`, `device`, `precision`, `weights_sha256`, `protocol_version`.
    pub facts: BTreeMap<String, String>,
    /// The resolved config of one of the cells (TOML).
    pub config: String,
    /// The signature that its scores are printed with.
    pub signature: String,
}

/// Whole numbers without a fraction, which is shorter and the same number to every reader.
fn short<S: Serializer>(values: &[Option<f64>], serializer: S) -> Result<S::Ok, S::Error> {
    /// Up to here every whole number is an `f64` of its own.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Short {
        Whole(i64),
        Any(Option<f64>),
    }
    serializer.collect_seq(values.iter().map(|value| match value {
        Some(number) if number.fract() == 0.0 && number.abs() < EXACT => Short::Whole(*number as i64),
        other => Short::Any(*other),
    }))
}
