//! What the binary and the engine say to each other: JSON through one C function.

use std::collections::BTreeMap;
use std::ffi::c_void;
use std::path::PathBuf;

use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::report::Progress;
use lossnet_plugin_protocol::{PluginError, PluginManifest};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Receives one event (JSON, not zero-terminated); returns 1 to ask the engine to stop, else 0.
pub type ReceiveFunction = extern "C" fn(user: *const c_void, json: *const u8, length: usize) -> i32;

/// Does one request (JSON) and returns when it is done; all answers go through the receiver.
pub type CallFunction =
    unsafe extern "C" fn(request: *const u8, length: usize, receive: ReceiveFunction, user: *const c_void);

/// The engine's version: a pointer to a static string whose length is written to the argument.
pub type VersionFunction = unsafe extern "C" fn(length: *mut usize) -> *const u8;

/// Something for the engine to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Loads plugins and says what they hold. Answer: a list of [`Indexed`], in the order of the files.
    Index {
        /// The plugins' files.
        plugins: Vec<PathBuf>,
    },
    /// Describes a backbone with these settings. Answer: a [`Graph`].
    Describe {
        /// The backbone.
        backbone: ComponentRef,
        /// Its settings.
        config: Value,
    },
    /// Features of images. Answer: a [`FeaturesAnswer`].
    Features(FeaturesRequest),
    /// Distances between pairs of images. Answer: null; each pair comes as an [`Event::Pair`] or an
    /// [`Event::PairFailed`].
    Compare(CompareRequest),
    /// Runs a group of cells. Answer: a list of [`CellOutcome`], in the order of the cells.
    Run(Box<RunRequest>),
    /// Brings a dataset's files. Answer: the number of samples of each split.
    FetchDataset(FetchDatasetRequest),
    /// Opens datasets without downloading anything, and says what they hold. Answer: a list of [`OpenedDataset`], in
    /// the order of the datasets.
    CheckDatasets {
        /// The datasets.
        datasets: Vec<DatasetCheck>,
    },
    /// Says what libtorch can do here. Answer: a [`TorchReport`].
    Doctor,
    /// Measures how fast a device computes. Answer: a [`SpeedAnswer`].
    Speed {
        /// `auto`, `cpu`, `cuda` or `cuda:N`.
        device: String,
        /// `fp32`, `tf32` or `bf16`.
        precision: String,
    },
}

/// How fast a device computes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SpeedAnswer {
    /// The device, `cpu` or `cuda:N`.
    pub device: String,
    /// Floating-point operations of convolutions in a second.
    pub flops_per_second: f64,
}

/// A component of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentRef {
    /// The plugin's file.
    pub plugin: PathBuf,
    /// The component's name.
    pub name: String,
}

/// A component with its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    /// Which component.
    #[serde(flatten)]
    pub component: ComponentRef,
    /// Its settings, checked against its schema.
    pub config: Map<String, Value>,
}

/// What a plugin's file turned out to be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Indexed {
    /// A plugin.
    Plugin {
        /// What it says of itself.
        manifest: Box<PluginManifest>,
        /// Its backbones with default settings.
        graphs: BTreeMap<String, Graph>,
    },
    /// Something that can't be used, and why.
    Refused(PluginError),
    /// Something that ends the process that loads it, or never returns. It is not asked again until its file changes.
    Ended(PluginError),
}

/// What the loss networks of a request share: one backbone with weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BackboneRequest {
    /// The backbone with its settings.
    pub backbone: Configured,
    /// `imagenet`, an entry's name, a file, or `random:SEED`.
    pub weights: String,
    /// The name of an input normalization, or means and deviations.
    pub normalize: String,
    /// Whether weights that no wanted layer needs must fit, too.
    pub check_all_weights: bool,
    /// Whether images that a command names are turned as their EXIF data say; a dataset's own settings say that of its.
    pub exif_orientation: bool,
    /// Side to which images are resized, if they are.
    pub size: Option<usize>,
    /// `auto`, `cpu`, `cuda`, `cuda:N`.
    pub device: String,
    /// `fp32`, `tf32`, `bf16`.
    pub precision: String,
    /// The files that belong to this project.
    pub files: Files,
}

/// Where files are kept, and whether they may be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    /// Folder for published weights.
    pub weights: PathBuf,
    /// Whether nothing may be downloaded.
    pub offline: bool,
}

/// How features are compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonRequest {
    /// The comparison's name as the user gave it, such as `spatial+sort`.
    pub name: String,
    /// Its terms, whose distances add up.
    pub terms: Vec<Configured>,
    /// A file of calibration weights.
    pub calibration: Option<PathBuf>,
}

/// Asks for the features of images.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeaturesRequest {
    /// The network.
    pub backbone: BackboneRequest,
    /// Layers by index or name; the tensors are named after them.
    pub layers: Vec<String>,
    /// The images, in the order of the batch.
    pub images: Vec<PathBuf>,
    /// The file to write, safetensors.
    pub out: PathBuf,
}

/// What was written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FeaturesAnswer {
    /// Name and shape (N, C, H, W) of each tensor.
    pub tensors: Vec<(String, Vec<i64>)>,
    /// What was computed, in one line.
    pub signature: String,
}

/// Asks for distances.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CompareRequest {
    /// The network.
    pub backbone: BackboneRequest,
    /// Layers by index or name.
    pub layers: Vec<String>,
    /// How features are compared.
    pub comparison: ComparisonRequest,
    /// The pairs of images.
    pub pairs: Vec<(PathBuf, PathBuf)>,
    /// Where the spatial map of each pair goes; empty if none is wanted.
    pub maps: Vec<PathBuf>,
    /// Whether the pairs after one that can't be compared are compared nevertheless.
    pub keep_going: bool,
}

/// The distance of one pair.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairDistance {
    /// Position of the pair in the request.
    pub pair: usize,
    /// The distance: the sum over layers.
    pub distance: f64,
    /// Each layer's share.
    pub layers: Vec<LayerDistance>,
    /// What was computed, in one line.
    pub signature: String,
}

/// A pair that could not be compared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairFailure {
    /// Position of the pair in the request.
    pub pair: usize,
    /// Why.
    pub error: PluginError,
}

/// A layer's share of a distance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerDistance {
    /// The layer as it was asked for.
    pub layer: String,
    /// Its distance.
    pub distance: f64,
}

/// Asks to run cells that differ only in what their task can share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunRequest {
    /// The root of the results.
    pub logs: PathBuf,
    /// The root of the checkpoints.
    pub checkpoints: PathBuf,
    /// The experiment's name.
    pub experiment: String,
    /// The task with its settings.
    pub task: Configured,
    /// The data.
    pub data: DatasetRequest,
    /// Further datasets for tests, by label.
    pub test: Vec<(String, DatasetRequest)>,
    /// The network, unless the task has none.
    pub backbone: BackboneRequest,
    /// The cells.
    pub cells: Vec<CellRequest>,
    /// Samples per batch.
    pub batch_size: usize,
    /// Threads that compute; 0: as many as libtorch finds right.
    pub threads: usize,
    /// Threads that load data.
    pub num_workers: usize,
    /// Seed of the run.
    pub seed: u64,
    /// Whether only algorithms may be used that give the same bits every time.
    pub deterministic: bool,
    /// Who follows the cells, besides lossnet's own files.
    #[serde(default)]
    pub trackers: Vec<Configured>,
    /// The dotted keys of the config in which the experiment's cells differ.
    #[serde(default)]
    pub varied: Vec<String>,
}

/// A dataset of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DatasetRequest {
    /// The dataset with its settings.
    pub dataset: Configured,
    /// Where its files are.
    pub folder: PathBuf,
    /// Its splits to be used.
    pub splits: Vec<String>,
    /// All splits that it says it has.
    pub known_splits: Vec<String>,
    /// Whether its judgements were asked of people.
    pub asks_people: bool,
    /// At most this many samples of each split.
    pub limit: Option<usize>,
}

/// A cell of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CellRequest {
    /// The cell as the planner made it.
    pub cell: crate::model::Cell,
    /// Its layers.
    pub layers: Vec<String>,
    /// How it compares them.
    pub comparison: ComparisonRequest,
}

/// How a cell ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CellOutcome {
    /// Its result is stored.
    Done,
    /// Another process is at it.
    Elsewhere,
    /// It failed; the reason is stored beside it.
    Failed(PluginError),
    /// The user asked to stop.
    Interrupted,
}

/// Asks to bring a dataset's files.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FetchDatasetRequest {
    /// The dataset with its settings.
    pub dataset: Configured,
    /// Where its files go.
    pub folder: PathBuf,
    /// The splits wanted.
    pub splits: Vec<String>,
    /// Whether nothing may be downloaded: what is there is checked.
    pub offline: bool,
}

/// A dataset that a plan wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetCheck {
    /// The dataset with its settings.
    pub dataset: Configured,
    /// Where its files are.
    pub folder: PathBuf,
    /// The splits wanted.
    pub splits: Vec<String>,
    /// The task that wants them.
    pub task: String,
    /// The fields that it needs, those of which one is enough with `|` between.
    pub needs: Vec<String>,
}

/// What a dataset holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OpenedDataset {
    /// What is wrong with it, a sentence for each thing.
    pub problems: Vec<String>,
    /// Number of samples of each split.
    pub splits: BTreeMap<String, usize>,
    /// Side of a square of as many pixels as its first image has.
    pub side: Option<u32>,
}

/// What libtorch can do here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TorchReport {
    /// Number of threads it computes with.
    pub threads: i64,
    /// Whether CUDA works.
    pub cuda: bool,
    /// Number of CUDA devices.
    pub cuda_devices: i64,
    /// Whether cuDNN works.
    pub cudnn: bool,
    /// The distance of a small computation on each device from the CPU's: device and largest difference.
    pub checks: Vec<(String, f64)>,
}

/// Something that happens while the engine works.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "event", content = "value", rename_all = "snake_case")]
pub enum Event {
    /// Nothing: the engine asks whether to go on.
    Poll,
    /// Some work has come so far.
    Progress(Progress),
    /// Something that the user should know.
    Notice(String),
    /// A pair's distance.
    Pair(PairDistance),
    /// A pair that could not be compared; the others are.
    PairFailed(PairFailure),
    /// The request is done, with this answer. Always the last event, as is `Failed`.
    Done(Value),
    /// The request failed.
    Failed(PluginError),
}

/// Whether the engine is to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Finish the step, save, and return.
    Stop,
}
