//! The files that say how a cell ended.

use std::collections::BTreeMap;
use std::path::Path;

use lossnet_plugin_protocol::report::Metric;
use lossnet_plugin_protocol::{ErrorKind, PluginError};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{StoreError, log};
use crate::model::Cell;

/// Format of `result.json`, raised when its meaning changes. An older lossnet refuses a newer file.
pub const FORMAT: u32 = 1;

/// The file of a complete cell's result.
pub(super) const RESULT: &str = "result.json";
/// The file that says why a cell's last attempt failed.
pub(super) const FAILED: &str = "failed.json";

/// A complete cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellResult {
    /// [`FORMAT`].
    pub format: u32,
    /// The experiment.
    pub experiment: String,
    /// What was run.
    pub cell: Cell,
    /// What the scores depend on, in one line.
    pub signature: String,
    /// What was found.
    pub metrics: Vec<Metric>,
    /// What computed it.
    pub versions: Versions,
    /// SHA-256 of the weights, or `random:SEED`.
    pub weights: String,
    /// The device, `cpu` or `cuda:N`.
    pub device: String,
    /// When it began, in seconds since 1970.
    pub started: u64,
    /// How long its group took, in seconds, all attempts together.
    pub seconds: f64,
    /// Time of all processor cores that its group took meanwhile, in seconds, all attempts together. None if it was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<f64>,
    /// Largest resident memory of the process while it ran the group, in bytes. None if it was not measured: a CUDA device
    /// has memory of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory: Option<u64>,
    /// How many cells were computed in the same pass.
    pub group_size: usize,
    /// What its loss network costs as a loss. None if the task gave it no image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// What a loss network costs for one image, alone in its batch, whose target's features are known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// Height of the image in pixels.
    pub height: u64,
    /// Its width.
    pub width: u64,
    /// Seconds from the image to the distance, without gradients.
    pub forward_seconds: f64,
    /// Seconds from the distance back to the image's gradient. None if the comparison has no gradient.
    pub backward_seconds: Option<f64>,
    /// Bytes of the network's values that are there at one time in the pass forward, counted from their shapes: without the
    /// weights and what the kernels of libtorch need meanwhile.
    pub forward_memory: u64,
    /// The same with what is kept for the pass back, and its gradients.
    pub backward_memory: u64,
}

/// What computed a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// lossnet.
    pub lossnet: String,
    /// libtorch.
    pub libtorch: String,
    /// The plugins that took part, by name.
    pub plugins: BTreeMap<String, String>,
    /// The SHA-256 of their files, by name: which build of each.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub builds: BTreeMap<String, String>,
}

/// A cell whose last attempt failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellFailure {
    /// The cell's name for people.
    pub name: String,
    /// Why.
    pub error: PluginError,
    /// When, in seconds since 1970.
    pub when: u64,
}

impl CellFailure {
    /// Why, with what led to it, in one sentence.
    pub fn reason(&self) -> String {
        [self.error.message.as_str()]
            .into_iter()
            .chain(self.error.told_causes())
            .collect::<Vec<_>>()
            .join(": ")
    }

    /// Whether the user's input was wrong, so that it is in vain to try again as it is.
    pub fn is_wrong_input(&self) -> bool {
        self.error.kind == ErrorKind::Input
    }
}

/// Says in a cell's folder why an attempt at it failed.
pub(super) fn write_failure(folder: &Path, name: &str, error: &PluginError) -> Result<(), StoreError> {
    let failure = CellFailure { name: name.to_owned(), error: error.clone(), when: log::now() };
    log::append(&folder.join("run.log"), &format!("failed: {error}"))?;
    write_json(&folder.join(FAILED), &failure)
}

/// Writes a file in one step.
pub fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| StoreError::Write(error.into()))?;
    replace(path, &text)
}

/// Writes a file in one step, unless it holds this already.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    crate::atomic::write_if_changed(path, bytes).map_err(|error| {
        StoreError::Write(std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    })
}

/// Reads a file, if it is there.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    read(path)?.map(|text| parse(path, &text)).transpose()
}

/// Reads `result.json`, if it is there.
pub(super) fn read_result<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    #[derive(Deserialize)]
    struct Header {
        format: u32,
    }
    let Some(text) = read(path)? else { return Ok(None) };
    // A newer file is told from a damaged one, whether or not it can be read as what is known today.
    let header: Header = parse(path, &text)?;
    if header.format > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found: header.format, known: FORMAT });
    }
    parse(path, &text).map(Some)
}

/// The bytes of a file, if it is there.
fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs_err::read(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::read(error)),
    }
}

fn parse<T: DeserializeOwned>(path: &Path, text: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(text)
        .map_err(|error| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() })
}
