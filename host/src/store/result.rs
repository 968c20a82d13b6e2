//! The files that say how a cell ended.

use std::collections::BTreeMap;
use std::path::Path;

use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::Metric;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::plan::Cell;

/// Format of `result.json`, raised when its meaning changes. An older lossnet refuses a newer file.
pub const FORMAT: u32 = 1;

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
    /// How long its group took, in seconds, all attempts after the last interruption.
    pub seconds: f64,
    /// How many cells were computed in the same pass.
    pub group_size: usize,
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

/// Writes a file in one step.
pub(super) fn write_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    let text = serde_json::to_vec_pretty(value).map_err(|error| StoreError::Write(error.into()))?;
    crate::atomic::write(path, &text).map_err(|error| {
        StoreError::Write(std::io::Error::new(error.kind(), format!("{}: {error}", path.display())))
    })
}

/// Reads a file, if it is there.
pub(super) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::read(error)),
    };
    let damaged =
        |error: serde_json::Error| StoreError::Damaged { path: path.to_owned(), reason: error.to_string() };
    serde_json::from_slice(&text).map(Some).map_err(damaged)
}

/// Reads `result.json`, if it is there.
pub(super) fn read_result(path: &Path) -> Result<Option<CellResult>, StoreError> {
    #[derive(Deserialize)]
    struct Header {
        format: u32,
    }
    let Some(header) = read_json::<Header>(path)? else { return Ok(None) };
    if header.format > FORMAT {
        return Err(StoreError::Newer { path: path.to_owned(), found: header.format, known: FORMAT });
    }
    read_json(path)
}
