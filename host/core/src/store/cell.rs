//! The folder of one cell.

use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Report, SampleRows};

use super::lock::Lock;
use super::result::{CellFailure, CellResult, FAILED, RESULT, read_json, read_result, write_failure};
use super::writer::CellWriter;
use super::{SampleColumns, StoreError, columns, curves, samples};
use crate::model::{Cell, CellState};

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

    /// Its `result.json`.
    pub(super) fn result_path(&self) -> PathBuf {
        self.path.join(RESULT)
    }

    /// How far the cell is.
    pub fn state(&self) -> CellState {
        if self.path.join(RESULT).is_file() {
            return CellState::Done;
        }
        if Lock::is_held(&self.path.join(LOCK)) {
            return CellState::Running;
        }
        if self.path.join(FAILED).is_file() { CellState::Failed } else { CellState::ToDo }
    }

    /// The result, if the cell is complete. Fails if the file is damaged or of a newer lossnet.
    pub fn result(&self) -> Result<Option<CellResult>, StoreError> {
        read_result(&self.result_path())
    }

    /// Why the last attempt failed, if it did.
    pub fn failure(&self) -> Result<Option<CellFailure>, StoreError> {
        read_json(&self.path.join(FAILED))
    }

    /// Curves and pictures that the cell has reported, in order. A last line that an interruption has torn counts for nothing.
    pub fn reports(&self) -> Result<Vec<Report>, StoreError> {
        curves::read(&self.path.join("metrics.jsonl"))
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
        let Some(lock) = Lock::acquire(&self.path.join(LOCK))? else { return Ok(None) };
        if self.path.join(RESULT).is_file() {
            return Ok(None);
        }
        // Nobody else works on it: what is half written is of one that was killed.
        crate::atomic::remove_drafts_below(&self.path);
        CellWriter::begin(&self.path, experiment, cell, lock).map(Some)
    }

    /// Records why the process died that was to work on the cell since `began` (in seconds since 1970): such a process can't
    /// do that itself. Nothing is recorded, and the cell's state returned, where that process had come to an end with the
    /// cell, or another one is at it.
    pub fn fail_in_place_of(
        &self,
        cell: &Cell,
        error: &PluginError,
        began: u64,
    ) -> Result<CellState, StoreError> {
        fs_err::create_dir_all(&self.path).map_err(StoreError::write)?;
        let Some(_lock) = Lock::acquire(&self.path.join(LOCK))? else { return Ok(CellState::Running) };
        if self.path.join(RESULT).is_file() {
            return Ok(CellState::Done);
        }
        // An attempt begins with taking an earlier reason away.
        if self.failure()?.is_none_or(|failure| failure.when < began) {
            write_failure(&self.path, &cell.name, error)?;
        }
        Ok(CellState::Failed)
    }
}
