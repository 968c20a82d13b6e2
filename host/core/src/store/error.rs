//! What can go wrong with results on disk.

use std::io;
use std::path::{Path, PathBuf};

/// Why results can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or folder can't be read; the system's error names it.
    #[error("results can't be read")]
    Read(#[source] io::Error),
    /// A file can't be written, as on a full disk; what was saved before is still there.
    #[error("results can't be written (what was saved before is kept)")]
    Write(#[source] io::Error),
    /// A file can't be locked, as on some network file systems.
    #[error(
        "{path} can't be locked, so that two processes could work on one cell: keep results on a file system with locks \
         (NFS mounted without `nolock` has them)",
        path = path.display()
    )]
    NoLock {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not what lossnet writes.
    #[error("{path} is damaged: {reason}; {advice}", path = path.display(), advice = advice(path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Scores that a task has reported can't be kept.
    #[error("scores can't be added to {path}: {reason}; this is a mistake of the task's plugin", path = path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer lossnet has written it.
    #[error(
        "{path} has format {found}, and this lossnet reads up to {known}: use the newer lossnet that wrote it",
        path = path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The newest format that is known.
        known: u32,
    },
}

/// What to do about a damaged file.
fn advice(path: &Path) -> &'static str {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let of_slurm = path.ancestors().nth(2).and_then(Path::file_name).is_some_and(|name| name == "slurm");
    match name {
        "result.json" => "move it away to compute it again",
        _ if name.starts_with("samples.") || name == "metrics.jsonl" => {
            "move the cell's folder away to compute the cell again"
        }
        _ if of_slurm => "move its folder away and submit again",
        "plan.json" => "move it away; the next run writes it anew",
        "failed.json" => "delete it; the next run tries the cell again",
        _ => "move it away",
    }
}

impl StoreError {
    pub(super) fn read(error: io::Error) -> StoreError {
        StoreError::Read(error)
    }

    pub(super) fn write(error: io::Error) -> StoreError {
        StoreError::Write(error)
    }
}
