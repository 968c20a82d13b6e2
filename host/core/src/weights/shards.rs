//! Weights in several files: an index says which file has which tensor, as large models are published.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::WeightsError;
use super::error::not_weights;

/// What an index's file name ends with.
const INDEX: &str = ".index.json";

/// Which file a tensor is in.
pub(super) type Shards = BTreeMap<PathBuf, BTreeSet<String>>;

/// Whether the file is an index, going by its name.
pub(super) fn is_index(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(INDEX))
}

/// The file of weights in a folder: its index, or the only weights file there is.
pub(super) fn in_folder(folder: &Path) -> Result<PathBuf, WeightsError> {
    let io = |source| WeightsError::Io { action: "read", path: folder.to_path_buf(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        files.push(entry.map_err(io)?.path());
    }
    files.sort();
    let all = |wanted: &dyn Fn(&Path) -> bool| -> Vec<PathBuf> {
        files.iter().filter(|file| wanted(file)).cloned().collect()
    };
    let named = |file: &Path, endings: &[&str]| {
        file.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
    };
    for found in [
        all(&is_index),
        all(&|file| named(file, &["safetensors"])),
        all(&|file| named(file, &["pth", "pt", "bin", "ckpt"])),
    ] {
        match found.as_slice() {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let names: Vec<String> = several
                    .iter()
                    .filter_map(|file| Some(format!("`{}`", file.file_name()?.to_string_lossy())))
                    .collect();
                return Err(not_weights(
                    folder,
                    format!("it is a folder with several of them ({}): name one", names.join(", ")),
                ));
            }
        }
    }
    Err(not_weights(folder, "it is a folder without weights files"))
}

/// An index, as far as it is looked at.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// The files that an index names, each with the tensors that it has.
pub(super) fn read(index: &Path) -> Result<Shards, WeightsError> {
    let bytes = std::fs::read(index).map_err(|source| WeightsError::Io {
        action: "read",
        path: index.to_path_buf(),
        source,
    })?;
    let parsed: Index = serde_json::from_slice(&bytes)
        .map_err(|error| not_weights(index, format!("it is not an index with a `weight_map` ({error})")))?;
    let folder = index.parent().unwrap_or(Path::new(""));
    let mut shards = Shards::new();
    for (tensor, file) in parsed.weight_map {
        if Path::new(&file).components().count() != 1 || file.starts_with('.') {
            return Err(not_weights(index, format!("it names the file `{file}`, which is not beside it")));
        }
        shards.entry(folder.join(file)).or_default().insert(tensor);
    }
    if shards.is_empty() {
        return Err(not_weights(index, "its `weight_map` names no tensor"));
    }
    Ok(shards)
}
