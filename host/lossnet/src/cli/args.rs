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

/// Which loss network should I use? Composes image tasks with pretrained networks, layers and comparisons, runs the
/// cross product and shows what it found.
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
    /// Look for plugins in this folder, too (before LOSSNET_PLUGIN_PATH, `plugins` beside the binary, and
    /// the user's data folder). Can be given several times.
    #[arg(long, global = true, value_name = "FOLDER", help_heading = GLOBAL)]
    pub(super) plugin_dir: Vec<PathBuf>,
    /// Say more (-v: what is done, -vv: how).
    #[arg(short, long, global = true, action = ArgAction::Count, help_heading = GLOBAL)]
    pub(super) verbose: u8,
    /// Say less: no progress (-q), no warnings (-qq).
    #[arg(
        short,
        long,
        global = true,
        action = ArgAction::Count,
        conflicts_with = "verbose",
        help_heading = GLOBAL
    )]
    pub(super) quiet: u8,
    /// Download nothing.
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
    /// Show a component or metric: what it is, its settings; for a backbone its layers.
    Show(ShowArguments),
    /// Write the features of images at some layers of a network.
    Features(FeaturesArguments),
    /// Print the perceptual distance between two images, or between many.
    #[command(after_help = examples::COMPARE)]
    Compare(CompareArguments),
    /// Look at a folder of your own images, say what is in it and write a config that runs on it.
    Init(InitArguments),
    /// Run the cells of a config's cross product; what is done already is not done again.
    #[command(after_help = examples::RUN)]
    Run(RunArguments),
    /// Run one group of a plan, for whoever has planned it.
    #[command(hide = true)]
    Worker(WorkerArguments),
    /// Load plugins and say what they hold, for whoever does not want to be ended by them.
    #[command(hide = true)]
    AskPlugins(AskPluginsArguments),
    /// Run what one task of a Slurm job is to run.
    #[command(hide = true)]
    SlurmTask(SlurmTaskArguments),
    /// Show which cells are done, running, queued, failed and still to do.
    Status(StatusArguments),
    /// Cancel what of an experiment waits or runs in Slurm. What runs is told to save.
    Cancel(CancelArguments),
    /// Show or write the table of results.
    #[command(after_help = examples::RESULTS)]
    Results(ResultsArguments),
    /// Write one HTML file about experiments: which loss network is best, and how sure that is.
    #[command(after_help = examples::REPORT)]
    Report(ReportArguments),
    /// Say which statements of a file hold for the results, and how sure that is.
    Claims(ClaimsArguments),
    /// Bring weights and datasets.
    #[command(after_help = examples::FETCH)]
    Fetch(FetchArguments),
    /// Check versions, libtorch, CUDA, folders and plugins: what works here.
    Doctor(DoctorArguments),
    /// Print a completion script for a shell.
    Completions(CompletionsArguments),
    /// Print the version.
    Version,
}

#[derive(Debug, Args)]
pub(super) struct ListArguments {
    /// What to list; everything unless given.
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
    /// Draw a backbone with its layers into this SVG file.
    #[arg(long, value_name = "FILE.svg")]
    pub(super) draw: Option<PathBuf>,
    /// Side of the square input for which a backbone's shapes and costs are computed; 224 unless given.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(i64).range(1..=65536))]
    pub(super) size: Option<i64>,
    /// Every inner node of a backbone, not only its indexed layers.
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
    /// `imagenet`, `DEFAULT` (torchvision's word for the newest), the name of a published file's entry (IMAGENET1K_V2), a
    /// file (.pth, .safetensors, an index of several; FILE#KEY for the tensors below a key) or random:SEED.
    #[arg(long, default_value = "imagenet", value_name = "WEIGHTS")]
    pub(super) weights: String,
    /// `imagenet`, `none`, `published-lpips`, or mean and deviation of each channel: m,m,m/s,s,s.
    #[arg(long, value_name = "NORMALIZATION")]
    pub(super) normalize: Option<String>,
    /// Turn images as their EXIF data say, which Pillow and so lossnet does not do unasked.
    #[arg(long)]
    pub(super) exif_orientation: bool,
    /// Resize the images to SIZE×SIZE first (antialiased bilinear, as Pillow).
    #[arg(long, value_name = "SIZE", value_parser = clap::value_parser!(u32).range(1..=16384))]
    pub(super) size: Option<u32>,
    /// Which tensors of the weights file must fit: those `used` by the wanted layers, or `all`.
    #[arg(long, value_enum, default_value_t = CheckWeights::Used)]
    pub(super) check_weights: CheckWeights,
    /// `auto`, `cpu`, `cuda` or `cuda:N`.
    #[arg(long, default_value = "auto")]
    pub(super) device: String,
    /// `fp32`, `tf32` or `bf16`.
    #[arg(long, default_value = "fp32")]
    pub(super) precision: String,
    /// Folder of the published weights; LOSSNET_WEIGHTS_DIR unless given, or `weights` in lossnet's cache folder. What PyTorch
    /// has in its own cache is taken from there.
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
    /// What is in the folder.
    #[arg(value_enum)]
    pub(super) kind: InitKind,
    /// The folder.
    pub(super) folder: PathBuf,
    /// The file to write, which must not be there yet; the standard output unless given.
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
    /// Layers by index and dotted name (1,4,features.7), `all` indexed ones, or the `paper`'s four.
    #[arg(long, value_delimiter = ',', required = true)]
    pub(super) layers: Vec<String>,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// The file to write: one float32 tensor N×C×H×W per layer.
    #[arg(long, value_name = "FILE.safetensors")]
    pub(super) out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct StatusArguments {
    /// The experiment; all unless given.
    pub(super) experiment: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Folder of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Args)]
pub(super) struct ResultsArguments {
    /// The experiment; all unless given.
    pub(super) experiment: Option<String>,
    /// Write the table as CSV into this file (`-`: to the standard output).
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// Write the table as Parquet into this file.
    #[arg(long, value_name = "FILE")]
    pub(super) parquet: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Keep only rows with this value of a column or setting, such as metric=2afc_score, backbone!=alexnet, 'value>0.6' or
    /// task.variant=lin; give the option several times for conditions that must all hold.
    #[arg(long = "where", value_name = "CONDITION")]
    pub(super) conditions: Vec<String>,
    /// Sort by these columns, descending with `:desc`; the best first unless given.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) sort: Vec<String>,
    /// Show a table of rows that agree in these columns, and could be on one leaderboard: value is their mean, averaged their number,
    /// deviation the standard deviation (spread and repetitions, where they are repetitions of one contender). `cell` shows each.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) group: Option<Vec<String>>,
    /// Show a table of these columns, or write only these.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',')]
    pub(super) columns: Option<Vec<String>>,
    /// Show all leaderboards and all contenders on them, not the best ten of the main ones.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare"])]
    pub(super) all: bool,
    /// Print the leaderboards as LaTeX tables (booktabs).
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare"])]
    pub(super) latex: bool,
    /// Print the leaderboards as Markdown tables.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "json", "sort", "group", "columns", "pairs", "compare", "latex"])]
    pub(super) markdown: bool,
    /// Show which contenders differ on the main leaderboards, tested on the same samples.
    #[arg(long, conflicts_with_all = ["csv", "parquet", "sort", "group", "columns"])]
    pub(super) pairs: bool,
    /// Test two contenders, by the names that --pairs shows, on all leaderboards that have both.
    #[arg(
        long,
        num_args = 2,
        value_names = ["CONTENDER", "CONTENDER"],
        conflicts_with_all = ["csv", "parquet", "conditions", "sort", "group", "columns"]
    )]
    pub(super) compare: Option<Vec<String>>,
    /// Folder of the results.
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
    /// The experiments; all unless given.
    pub(super) experiments: Vec<String>,
    /// Folder for the report: one file, report.html. The experiment's folder of results unless given; of several experiments the
    /// working folder.
    #[arg(long, value_name = "FOLDER")]
    pub(super) out: Option<PathBuf>,
    /// Open the report in the browser.
    #[arg(long, conflicts_with = "json")]
    pub(super) open: bool,
    /// Check the statements of this file on the results, as `lossnet claims` does.
    #[arg(long, value_name = "FILE")]
    pub(super) claims: Option<PathBuf>,
    /// The report's title; the experiments' names unless given.
    #[arg(long)]
    pub(super) title: Option<String>,
    /// Print all that the report shows as JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Folder of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct ClaimsArguments {
    /// The statements, such as configs/paper/claims.toml (docs/reference/claims.md says how to write them).
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The experiments whose results count; all unless given.
    #[arg(value_name = "EXPERIMENT")]
    pub(super) experiments: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    /// Folder of the results.
    #[arg(long, default_value = "logs", value_name = "FOLDER")]
    pub(super) logs: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct FetchArguments {
    /// Datasets by name, or weights: `weights` (every backbone's default), a backbone's name (its default
    /// weights), or backbone:ENTRY.
    #[arg(required = true)]
    pub(super) what: Vec<String>,
    /// Set a setting of the datasets, as in a config's section `data`, such as -s factor=2.
    #[arg(short = 's', long = "set", value_name = "KEY=VALUE")]
    pub(super) set: Vec<String>,
    /// Only check what is there: download nothing.
    #[arg(long)]
    pub(super) check: bool,
    /// Folder of the published weights; LOSSNET_WEIGHTS_DIR unless given, or `weights` in lossnet's cache folder. What PyTorch
    /// has in its own cache is taken from there.
    #[arg(long, value_name = "FOLDER")]
    pub(super) weights_dir: Option<PathBuf>,
    /// Folder of the datasets.
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
