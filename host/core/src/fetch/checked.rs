//! Remembers which files were found to be right, so that large ones are not read at every start.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// What a file was like when it was checked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Checked {
    size: u64,
    modified: (i64, i64),
    /// Its SHA-256.
    pub(super) sha256: String,
    /// Its MD5, where one was published.
    #[serde(default)]
    pub(super) md5: Option<String>,
}

/// The sums of a file.
#[derive(Debug)]
pub(super) struct Sums {
    pub(super) sha256: String,
    /// Only where one was published.
    pub(super) md5: Option<String>,
}

/// The note lies beside the file. The first download of a file without a published sum records its SHA-256 here, and later
/// ones have to match it.
fn note(file: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(file.file_name().unwrap_or_default());
    name.push(".checked.json");
    file.with_file_name(name)
}

fn stamp(file: &Path) -> std::io::Result<(u64, (i64, i64))> {
    let metadata = fs_err::metadata(file)?;
    Ok((metadata.len(), (metadata.mtime(), metadata.mtime_nsec())))
}

/// What is remembered of a file, whether or not it has changed since.
pub(super) fn remembered(file: &Path) -> Option<Checked> {
    serde_json::from_slice(&fs_err::read(note(file)).ok()?).ok()
}

/// Whether the file is still what was checked.
pub(super) fn is_fresh(file: &Path, checked: &Checked) -> bool {
    stamp(file).is_ok_and(|(size, modified)| (size, modified) == (checked.size, checked.modified))
}

/// Remembers a file with its sums.
pub(super) fn remember(file: &Path, sums: Sums) -> std::io::Result<()> {
    let (size, modified) = stamp(file)?;
    let checked = Checked { size, modified, sha256: sums.sha256, md5: sums.md5 };
    crate::atomic::write(&note(file), &serde_json::to_vec(&checked)?)
}
