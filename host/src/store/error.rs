//! What can go wrong with results on disk.

use std::io;
use std::path::PathBuf;

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
    #[error("{path} is damaged: {reason}; move it away to compute it again", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
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

impl StoreError {
    pub(super) fn read(error: io::Error) -> StoreError {
        StoreError::Read(error)
    }

    pub(super) fn write(error: io::Error) -> StoreError {
        StoreError::Write(error)
    }
}
