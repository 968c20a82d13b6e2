//! Where published weights are kept, and how they get there.

use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::WeightsEntry;
use lossnet_plugin_protocol::sample::FetchRequest;

use super::WeightsError;
use crate::fetch::{self, FetchOptions, OnProgress};

/// The path of an entry's file below the folder of weights, downloaded and checked if it is not there yet.
pub fn locate(
    entry: &WeightsEntry,
    folder: &Path,
    options: &FetchOptions,
    on_progress: OnProgress<'_>,
) -> Result<PathBuf, WeightsError> {
    let name = entry.url.rsplit('/').next().filter(|name| !name.is_empty() && entry.url.contains('/'));
    let name =
        name.ok_or_else(|| WeightsError::NoFileName { entry: entry.name.clone(), url: entry.url.clone() })?;
    let to = folder.join(name);
    let request = FetchRequest {
        url: entry.url.clone(),
        to: to.clone(),
        md5: None,
        sha256: entry.sha256.clone(),
        command: options.command.clone(),
    };
    fetch::file(&request, options, on_progress).map_err(WeightsError::Fetch)?;
    Ok(to)
}
