//! Work on one cell: what it finds is on disk as soon as it is reported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::report::{Metric, Report, SampleRows};

use super::curves::Curves;
use super::lock::Lock;
use super::result::{CellResult, FAILED, RESULT, replace, write_failure, write_json};
use super::samples::{self, SampleFile};
use super::spent::Spent;
use super::{StoreError, log};
use crate::model::Cell;

/// A cell at work, locked against other processes.
#[derive(Debug)]
pub struct CellWriter {
    folder: PathBuf,
    cell: Cell,
    experiment: String,
    samples: BTreeMap<String, SampleFile>,
    metrics: Vec<Metric>,
    curves: Curves,
    started: u64,
    resumed: bool,
    before: Spent,
    /// Held until this is dropped.
    _lock: Lock,
}

impl CellWriter {
    pub(super) fn begin(
        path: &Path,
        experiment: &str,
        cell: &Cell,
        lock: Lock,
    ) -> Result<CellWriter, StoreError> {
        let config =
            cell.config.to_toml().map_err(|error| StoreError::Write(std::io::Error::other(error)))?;
        let resumed = path.join("config.toml").exists();
        replace(&path.join("config.toml"), config.as_bytes())?;
        let failed = path.join(FAILED);
        if failed.exists() {
            fs_err::remove_file(failed).map_err(StoreError::write)?;
        }
        let curves = Curves::new(&path.join("metrics.jsonl"));
        log::append(&path.join("run.log"), &format!("began {} ({})", cell.name, cell.id))?;
        Ok(CellWriter {
            folder: path.to_owned(),
            cell: cell.clone(),
            experiment: experiment.to_owned(),
            samples: BTreeMap::new(),
            metrics: Vec::new(),
            curves,
            started: log::now(),
            resumed,
            before: Spent::read(path)?,
            _lock: lock,
        })
    }

    /// The cell's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The cell.
    pub fn cell(&self) -> &Cell {
        &self.cell
    }

    /// Whether an earlier attempt at the cell was made.
    pub fn resumed(&self) -> bool {
        self.resumed
    }

    /// The results that this attempt has reported so far.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Curves, images and results as they were reported so far, those of earlier attempts included as far as this one
    /// goes on from them.
    pub fn reported(&self) -> Result<Vec<Report>, StoreError> {
        self.curves.reports()
    }

    /// How many samples of a split an interrupted run has recorded. What it has torn is cut off.
    pub fn recorded(&mut self, split: &str) -> Result<u64, StoreError> {
        // Looking for scores is no reason to make a file for them.
        if !self.samples.contains_key(split) && !self.folder.join(samples::file_name(split)).exists() {
            return Ok(0);
        }
        Ok(self.file(split)?.rows())
    }

    /// At most `count` recorded scores of a split from row `first` on.
    pub fn read(&self, split: &str, first: u64, count: u64) -> Result<SampleRows, StoreError> {
        match self.samples.get(split) {
            Some(file) => file.read(split, first, count),
            None => samples::read(&self.folder.join(samples::file_name(split)), split, first, count),
        }
    }

    /// Keeps what a task reports.
    pub fn report(&mut self, report: &Report) -> Result<(), StoreError> {
        match report {
            Report::Samples(rows) => return self.file(&rows.split)?.append(rows),
            Report::Resume { stage, step } => return self.curves.resume(stage, *step),
            Report::Metric(metric) => self.metrics.push(metric.clone()),
            _ => {}
        }
        self.curves.append(report)
    }

    fn file(&mut self, split: &str) -> Result<&mut SampleFile, StoreError> {
        if !self.samples.contains_key(split) {
            let file = SampleFile::open(&self.folder.join(samples::file_name(split)))?;
            self.samples.insert(split.to_owned(), file);
        }
        self.samples.get_mut(split).ok_or_else(|| StoreError::Damaged {
            path: self.folder.clone(),
            reason: format!("the file of the split `{split}` is gone"),
        })
    }

    /// What earlier attempts and this one, which has cost so much, have cost together.
    pub fn spent(&self, now: Spent) -> Spent {
        self.before.and(now)
    }

    /// Notes what this attempt has cost so far, for the next one if it does not come to its end.
    pub fn note_spent(&self, now: Spent) -> Result<(), StoreError> {
        self.spent(now).write(&self.folder)
    }

    /// Makes the cell complete. `fill` adds what only the caller knows to the result.
    pub fn finish(mut self, fill: impl FnOnce(&mut CellResult)) -> Result<CellResult, StoreError> {
        for file in self.samples.values() {
            file.sync()?;
        }
        self.curves.sync()?;
        self.curves.write_table()?;
        let mut result = CellResult {
            format: super::FORMAT,
            experiment: self.experiment,
            cell: self.cell,
            signature: String::new(),
            metrics: self.metrics,
            versions: super::Versions { lossnet: env!("CARGO_PKG_VERSION").to_owned(), ..Default::default() },
            weights: String::new(),
            device: String::new(),
            started: self.started,
            seconds: log::now().saturating_sub(self.started) as f64,
            cpu_seconds: None,
            peak_memory: None,
            group_size: 1,
            cost: None,
        };
        fill(&mut result);
        log::append(&self.folder.join("run.log"), "complete")?;
        write_json(&self.folder.join(RESULT), &result)?;
        Spent::remove(&self.folder)?;
        Ok(result)
    }

    /// Makes ready for another attempt by this process, for this reason: scores that were recorded stay, results are found
    /// anew.
    pub fn again(&mut self, why: &str) -> Result<(), StoreError> {
        for file in self.samples.values() {
            file.sync()?;
        }
        self.samples.clear();
        self.metrics.clear();
        self.curves = Curves::new(&self.folder.join("metrics.jsonl"));
        log::append(&self.folder.join("run.log"), why)
    }

    /// Says why the attempt failed. What was recorded stays, and the next attempt goes on from there.
    pub fn fail(self, error: &PluginError) -> Result<(), StoreError> {
        write_failure(&self.folder, &self.cell.name, error)
    }

    /// Throws away what was recorded of the samples and reported, by earlier attempts, too: the next attempt begins anew.
    pub fn discard(&mut self, why: &str) -> Result<(), StoreError> {
        self.samples.clear();
        self.metrics.clear();
        samples::remove_all(&self.folder)?;
        self.curves.discard()?;
        log::append(&self.folder.join("run.log"), why)
    }

    /// Leaves the cell for later.
    pub fn interrupt(self) -> Result<(), StoreError> {
        for file in self.samples.values() {
            file.sync()?;
        }
        log::append(&self.folder.join("run.log"), "interrupted")
    }
}
