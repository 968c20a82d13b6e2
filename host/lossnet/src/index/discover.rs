//! Where plugins are looked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::engine::binary_folder;

/// A folder that the user named can't be searched.
#[derive(Debug, thiserror::Error)]
#[error(
    "the plugin folder {folder}, given by {by}, is not there or not a folder: correct it or leave it out"
)]
pub struct SearchError {
    /// The folder.
    pub folder: PathBuf,
    /// How it was given.
    pub by: &'static str,
}

/// The folders in which plugins are looked for, in order.
#[derive(Clone, Debug, Default)]
pub struct SearchPath {
    folders: Vec<PathBuf>,
}

impl SearchPath {
    /// The folders given by `--plugin-dir` and `LOSSNET_PLUGIN_PATH`, `plugins` beside the binary, and
    /// `lossnet/plugins` in the user's data folder. Those that the user named must exist. A folder `plugins` where the user
    /// happens to be is none of them: it may have come with somebody else's project, and loading runs code.
    pub fn new(named: &[PathBuf]) -> Result<SearchPath, SearchError> {
        let mut folders = Vec::new();
        for folder in named {
            folders.push(existing(folder, "--plugin-dir")?);
        }
        let variable = std::env::var_os("LOSSNET_PLUGIN_PATH").unwrap_or_default();
        for folder in std::env::split_paths(&variable).filter(|folder| !folder.as_os_str().is_empty()) {
            folders.push(existing(&folder, "LOSSNET_PLUGIN_PATH")?);
        }
        let mut usual = Vec::new();
        if let Some(binary) = binary_folder() {
            usual.push(binary.join("plugins"));
            // An installed binary lies in `bin`, its plugins beside that folder.
            usual.extend(binary.parent().map(|above| above.join("plugins")));
        }
        usual.extend(lossnet_core::folders::data().map(|data| data.join("plugins")));
        folders.extend(usual);
        Ok(SearchPath::of(folders))
    }

    /// These folders, those that exist, each once.
    pub fn of(folders: impl IntoIterator<Item = PathBuf>) -> SearchPath {
        let mut seen = BTreeSet::new();
        let mut kept = Vec::new();
        for folder in folders {
            let Ok(folder) = folder.canonicalize() else { continue };
            if folder.is_dir() && seen.insert(folder.clone()) {
                kept.push(folder);
            }
        }
        SearchPath { folders: kept }
    }

    /// The folders, links resolved.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The shared libraries in the folders, by name within each; a file that two folders lead to comes once.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut seen = BTreeSet::new();
        let mut files = Vec::new();
        for folder in &self.folders {
            let mut found = libraries(folder);
            found.retain(|file| seen.insert(file.clone()));
            files.append(&mut found);
        }
        files
    }
}

fn existing(folder: &Path, by: &'static str) -> Result<PathBuf, SearchError> {
    if folder.is_dir() { Ok(folder.to_owned()) } else { Err(SearchError { folder: folder.to_owned(), by }) }
}

fn libraries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs_err::read_dir(folder) else { return Vec::new() };
    let paths = entries.filter_map(|entry| entry.ok()?.path().canonicalize().ok());
    let mut files: Vec<PathBuf> =
        paths.filter(|path| path.is_file() && path.extension().is_some_and(|end| end == "so")).collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn libraries_are_found_once_and_in_order() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (root.path().join("first"), root.path().join("second"));
        for folder in [&first, &second] {
            fs_err::create_dir(folder).unwrap();
        }
        for file in [first.join("b.so"), first.join("a.so"), first.join("readme.txt"), second.join("c.so")] {
            fs_err::write(file, "").unwrap();
        }
        std::os::unix::fs::symlink(first.join("a.so"), second.join("a-again.so")).unwrap();
        let missing = root.path().join("missing");
        let search = SearchPath::of([first.clone(), missing, second.clone(), first.clone()]);
        assert_eq!(search.folders().len(), 2);
        let names: Vec<_> = search.files().iter().map(|file| file.file_name().unwrap().to_owned()).collect();
        assert_eq!(names, ["a.so", "b.so", "c.so"]);
    }

    #[test]
    fn a_named_folder_must_be_there() {
        let error = SearchPath::new(&[PathBuf::from("/nowhere/at/all")]).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all") && error.contains("--plugin-dir"), "{error}");
    }
}
