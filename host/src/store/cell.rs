//! The folder of one cell.

use std::path::{Path, PathBuf};

use fs_err::File;

use super::result::{CellFailure, CellResult, read_json, read_result};
use super::writer::CellWriter;
use super::{SampleColumns, StoreError, columns, samples};
use crate::plan::{Cell, CellState};
use lossnet_plugin_protocol::report::SampleRows;

pub(super) const RESULT: &str = "result.json";
pub(super) const FAILED: &str = "failed.json";
const LOCK: &str = ".lock";

/// The folder of one cell, which need not exist.
#[derive(Clone, Debug)]
pub struct CellFolder {
    path: PathBuf,
}

impl CellFolder {
    pub(super) fn new(path: PathBuf) -> CellFolder {
        CellFolder { path }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How far the cell is.
    pub fn state(&self) -> CellState {
        if self.path.join(RESULT).is_file() {
            return CellState::Done;
        }
        if self.is_locked() {
            return CellState::Running;
        }
        if self.path.join(FAILED).is_file() { CellState::Failed } else { CellState::ToDo }
    }

    /// Whether a process works on the cell.
    fn is_locked(&self) -> bool {
        let Ok(file) = File::open(self.path.join(LOCK)) else { return false };
        // Released when the file closes.
        matches!(file.file().try_lock_shared(), Err(std::fs::TryLockError::WouldBlock))
    }

    /// The result, if the cell is complete. Fails if the file is damaged or of a newer lossnet.
    pub fn result(&self) -> Result<Option<CellResult>, StoreError> {
        read_result(&self.path.join(RESULT))
    }

    /// Why the last attempt failed, if it did.
    pub fn failure(&self) -> Result<Option<CellFailure>, StoreError> {
        read_json(&self.path.join(FAILED))
    }

    /// At most `count` recorded scores of a split from row `first` on.
    pub fn samples(&self, split: &str, first: u64, count: u64) -> Result<SampleRows, StoreError> {
        samples::read(&self.path.join(samples::file_name(split)), split, first, count)
    }

    /// These columns of all recorded scores of a split; one that was not recorded is left out.
    pub fn sample_columns(&self, split: &str, names: &[&str]) -> Result<SampleColumns, StoreError> {
        columns::read(&self.path.join(samples::file_name(split)), names)
    }

    /// Begins or continues work on the cell. `None` if another process is at it, or it is complete by now.
    pub fn begin(&self, experiment: &str, cell: &Cell) -> Result<Option<CellWriter>, StoreError> {
        fs_err::create_dir_all(&self.path).map_err(StoreError::write)?;
        let mut options = fs_err::OpenOptions::new();
        let options = options.write(true).create(true).truncate(false);
        let lock = options.open(self.path.join(LOCK)).map_err(StoreError::write)?;
        if !acquire(&lock)? {
            return Ok(None);
        }
        if self.path.join(RESULT).is_file() {
            return Ok(None);
        }
        CellWriter::begin(self, experiment, cell, lock).map(Some)
    }
}

/// Takes the lock, or finds that another process has it.
fn acquire(lock: &File) -> Result<bool, StoreError> {
    // Whoever looks at a cell's state holds the lock for a moment, which is no work on the cell.
    const ATTEMPTS: u32 = 10;
    for attempt in 1..=ATTEMPTS {
        match lock.file().try_lock() {
            Ok(()) => return Ok(true),
            Err(std::fs::TryLockError::WouldBlock) if attempt < ATTEMPTS => {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            Err(std::fs::TryLockError::WouldBlock) => break,
            Err(std::fs::TryLockError::Error(error)) => return Err(StoreError::write(error)),
        }
    }
    Ok(false)
}
