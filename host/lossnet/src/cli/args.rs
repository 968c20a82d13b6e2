//! All arguments of the command line.

mod comparing;
mod examples;
mod running;

use crate::context::Options;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

pub(super) use comparing::{CompareArguments, MetricPreset};
pub(super) use running::{
    AskPluginsArguments, CancelArguments, Executor, RunArguments, SlurmTaskArguments, WorkerArguments,
};

/// Find the best loss network: combine image tasks with pretrained networks, layers and comparisons, run the cross
/// product and report the results.
#[derive(Debug, Parser)]
#[command(name = "lossnet", version, max_term_width = 100, propagate_version = true)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// The heading of what every command takes.
const GLOBAL: &str = "Options of every command";

/// What every command takes.
#[derive(Clone, Debug, Args)]
pub(super) struct Global {
    /// Search this directory for plugins, before LOSSNET_PLUGIN_PATH, `plugins` beside the binary, and the user's data
    /// directory. Repeatable.
    #[arg(long, global = true, value_name = "FOLDER", help_heading = GLOBAL)]
    pub(super) plugin_dir: Vec<PathBuf>,
    /// Increase verbosity (-v: progress, -vv: details).
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL)]
    pub(super) verbose: u8,
    /// Decrease verbosity (-q: no progress, -qq: no warnings).
    #[arg(
        short,
        long,
        global = true,
        action = ArgAction::Count,
        conflicts_with = "verbose",
        help_heading = GLOBAL
    )]
    pub(super) quiet: u8,
    /// Do not download anything.
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(super) offline: bool,
}

impl Global {
    /// The same as plain data.
    pub(super) fn options(self) -> Options {
        let Global { plugin_dir, verbose, quiet, offline } = self;
        Options { plugin_dir, verbose, quiet, offline }
    }
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List components, metrics and plugins.
    List(ListArguments),
    /// Show a component or metric with its settings; for a backbone also its layers.
    Show(ShowArguments),
    /// Write the features of images at some layers of a network.
    Features(FeaturesArguments),
    /// Print the perceptual distance between two images, or between many.
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Inspect a directory of your own images and write a config for it.
    Init(InitArguments),
    /// Run all cells of a config; completed cells are skipped.
    #[command(after_help = examples::RUN)]
    Run(RunArguments),
    /// Internal: run one group of a plan in a worker process.
    #[command(hide = true)]
    Worker(WorkerArguments),
    /// Internal: load plugins in a separate process and print their manifests.
    #[command(hide = true)]
    AskPlugins(AskPluginsArguments),
    /// Internal: run one task of a Slurm array job.
    #[command(hide = true)]
    SlurmTask(SlurmTaskArguments),
    /// Show which cells are done, running, queued, failed or still to do.
    Status(StatusArguments),
    /// Cancel an experiment's pending and running Slurm jobs. Running tasks save a checkpoint first.
    Cancel(CancelArguments),
    /// Show leaderboards, or write the table of results.
    #[command(after_help = examples::RESULTS)]
    Results(ResultsArguments),
    /// Write an HTML report: which loss network is best, with confidence intervals.
    #[command(after_help = examples::REPORT)]
    Report(ReportArguments),
    /// Check the claims in a file against the results.
    Claims(ClaimsArguments),
    /// Download weights and datasets.
    #[command(after_help = examples::FETCH)]
    Fetch(FetchArguments),
    /// Check versions, libtorch, CUDA, directories and plugins.
    Doctor(DoctorArguments),
    /// Print a completion script for a shell.
    Completions(CompletionsArguments),
    /// Print the version.
    Version,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// Kind to list [default: all].
    #[arg(value_enum)]
    pub(super) what: Option<Listed>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Listed {
    Backbones,
    Comparisons,
    Datasets,
    Tasks,
    Trackers,
    Metrics,
    Plugins,
}

#[derive(Debug, Args)]
pub(super) struct ShowArguments {
    /// The component's kind.
    #[arg(value_enum)]
    pub(super) kind: Shown,
    /// Its name, as `lossnet list` prints it.
    pub(super) name: String,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Draw the backbone with its layers as SVG into this file.
    #[arg(long, value_name = "FILE.svg")]
    pub(super) draw: Option<PathBuf>,
    /// Side in pixels of the square input for shapes and costs [default: 224].
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(i64).range(1..=65536))]
    pub(super) size: Option<i64>,
    /// Show every inner node of a backbone, not only the indexed layers.
    #[arg(long)]
    pub(super) nodes: bool,
}

/// What can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shown {
    Backbone,
    Comparison,
    Dataset,
    Task,
    Tracker,
    Metric,
}

/// How images become features.
#[derive(Clone, Debug, Args)]
pub(super) struct NetworkArguments {
    /// Weights: `imagenet`, `DEFAULT` (the newest), a published entry (IMAGENET1K_V2), a file (.pth, .safetensors, an
    /// index of shards; FILE#KEY for the tensors below a key) or random:SEED.
    #[arg(long, default_value = "imagenet", value_name = "WEIGHTS")]
    pub(super) weights: String,
    /// Input normalization: `imagenet`, `none`, `published-lpips`, or mean and standard deviation per channel: m,m,m/s,s,s.
    #[arg(long, value_name = "NORMALIZATION")]
    pub(super) normalize: Option<String>,
    /// Rotate and mirror images according to their EXIF orientation (by default, as in Pillow, it is ignored).
    #[arg(long)]
    pub(super) exif_orientation: bool,
    /// Resize the images to SIZE×SIZE first (antialiased bilinear, as in Pillow).
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(super) size: Option<u32>,
    /// Tensors of the weights file that must match: those `used` by the requested layers, or `all`.
    #[arg(long, value_enum, default_value_t = CheckWeights::Used)]
    pub(super) check_weights: CheckWeights,
    /// Device: `auto`, `cpu`, `cuda` or `cuda:N`.
    #[arg(long, default_value = "auto")]
    pub(super) device: String,
    /// Precision: `fp32`, `tf32` or `bf16`.
    #[arg(long, default_value = "fp32")]
    pub(super) precision: String,
    /// Directory of the published weights [default: LOSSNET_WEIGHTS_DIR, or `weights` in lossnet's cache directory]. Files
    /// in PyTorch's cache are used from there.
    #[arg(long, value_name = "FOLDER")]
    pub(super) weights_dir: Option<PathBuf>,
}

impl NetworkArguments {
    /// The weights as a file, which there may or may not be.
    pub(super) fn weights_file(&self) -> Option<&Path> {
        (!self.weights.is_empty()).then(|| Path::new(&self.weights))
    }
}

/// How strictly weights are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckWeights {
    All,
    Used,
}

#[derive(Debug, Args)]
pub(super) struct InitArguments {
    /// Kind of data in the directory.
    #[arg(value_enum)]
    pub(super) kind: InitKind,
    /// The directory.
    pub(super) folder: PathBuf,
    /// Config file to write; must not exist [default: standard output].
    #[arg(long, value_name = "FILE.toml")]
    pub(super) out: Option<PathBuf>,
}

/// What people have in folders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InitKind {
    /// Which of two images is closer to a reference: a table, or folders ref, p0, p1 and judge.
    Triplets,
    /// Mean opinion scores (not yet there).
    Mos,
    /// Images to enlarge.
    Hr,
    /// Folders of images and of masks of lines.
    Masks,
    /// A folder of images for each class.
    Images,
}

#[derive(Debug, Args)]
pub(super) struct FeaturesArguments {
    /// The images.
    #[arg(required = true)]
    pub(super) images: Vec<PathBuf>,
    /// The network.
    #[arg(long)]
    pub(super) backbone: String,
    /// Layers by index or dotted name (1,4,features.7), `all` indexed layers, or the `paper`'s four.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(super) layers: Vec<String>,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// File to write: one float32 tensor N×C×H×W per layer.
    #[arg(long, value_name = "FILE.safetensors")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// Experiment [default: all].
    pub(super) experiment: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(super) struct ResultsArguments {
    /// Experiment [default: all].
    pub(super) experiment: Option<String>,
    /// Write the table as CSV into this file (`-`: standard output).
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write the table as Parquet into this file.
    #[arg(long, value_name = "FILE")]
    pub(super) parquet: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Keep only rows that meet this condition on a column or setting: metric=2afc_score, backbone!=alexnet, 'value>0.6',
    /// task.variant=lin. Repeatable; all conditions must hold.
    #[arg(long = "where", value_name = "CONDITION")]
    pub(super) conditions: Vec<String>,
    /// Sort by these columns, descending with `:desc` [default: best first].
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) sort: Vec<String>,
    /// Average rows that agree in these columns and belong to one leaderboard: `value` is the mean, `averaged` the number of
    /// rows, `deviation` the standard deviation (`spread` and `repetitions` for repetitions of one contender).
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) group: Option<Vec<String>>,
    /// Show or write only these columns.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) columns: Option<Vec<String>>,
    /// Show all leaderboards with all contenders, not only the best ten of the main ones.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare"])]
    pub(super) all: bool,
    /// Print the leaderboards as LaTeX tables (booktabs).
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare"])]
    pub(super) latex: bool,
    /// Print the leaderboards as Markdown tables.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare", "latex"])]
    pub(super) markdown: bool,
    /// Test all pairs of contenders on the main leaderboards, on the same samples.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "sort", "group", "columns"])]
    pub(super) pairs: bool,
    /// Test two contenders (names as printed by --pairs) on all leaderboards that contain both.
    #[arg(
        long,
        num_args = 2,
        value_names = ["CONTENDER", "CONTENDER"],
        conflicts_with_all = ["csv", "parquet", "conditions", "sort", "group", "columns"]
    )]
    pub(super) compare: Option<Vec<String>>,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

impl ResultsArguments {
    /// Whether results are for other programs.
    pub(super) fn writes_files(&self) -> bool {
        self.csv.is_some() || self.parquet.is_some() || self.json
    }
}

#[derive(Debug, Args)]
pub(super) struct ReportArguments {
    /// Experiments [default: all].
    pub(super) experiments: Vec<String>,
    /// Directory for report.html [default: the experiment's directory; the working directory for several experiments].
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Open the report in the browser.
    #[arg(long, conflicts_with = "json")]
    pub(super) open: bool,
    /// Check the claims of this file against the results, as `lossnet claims` does.
    #[arg(long, value_name = "FILE")]
    pub(super) claims: Option<PathBuf>,
    /// Title of the report [default: the names of the experiments].
    #[arg(long)]
    pub(super) title: Option<String>,
    /// Print the data of the report as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ClaimsArguments {
    /// File of claims, such as configs/paper/claims.toml.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Experiments [default: all].
    #[arg(value_name = "EXPERIMENT")]
    pub(super) experiments: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Directory of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct FetchArguments {
    /// Datasets by name, or weights: `weights` (the default weights of every backbone), a backbone's name (its default
    /// weights), or BACKBONE:ENTRY.
    #[arg(required = true)]
    pub(super) what: Vec<String>,
    /// Set a key of the config's section `data` for the datasets, such as -s factor=2.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Only check existing files; do not download.
    #[arg(long)]
    pub(super) check: bool,
    /// Directory of the published weights [default: LOSSNET_WEIGHTS_DIR, or `weights` in lossnet's cache directory]. Files
    /// in PyTorch's cache are used from there.
    #[arg(long, value_name = "FOLDER")]
    pub(super) weights_dir: Option<PathBuf>,
    /// Directory of the datasets.
    #[arg(long, default_value = "datasets", value_name = "FOLDER")]
    pub(super) datasets_dir: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArguments {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArguments {
    /// The shell.
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }
}
