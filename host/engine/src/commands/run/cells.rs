//! The cells of a group on disk, from their beginning to their end.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use lossnet_core::engine_protocol::{CellOutcome, ComponentRef, DatasetRequest, RunRequest};
use lossnet_core::store::{CellWriter, ExperimentFolder, Spent, StoreError};
use lossnet_plugin_api::component::TrackedCell;
use lossnet_plugin_protocol::report::{CellContext, Report, RunContext, SampleRows, TestData};
use lossnet_plugin_protocol::{ErrorKind, Kind, PluginError};

use super::Provenance;
use super::trackers::{Ending, Trackers};
use super::truthful;
use super::usage::Usage;
use crate::caller::Caller;
use crate::located;
use crate::registry;

/// The cells that this process works on.
#[derive(Debug)]
pub(super) struct Cells {
    shared: Arc<SharedCells>,
    experiment: ExperimentFolder,
    task: ComponentRef,
}

/// The writers while a task runs; tasks report from any thread.
#[derive(Debug)]
pub(super) struct SharedCells {
    writers: Mutex<Vec<CellWriter>>,
    trackers: Trackers,
    usage: Usage,
    /// When it was last noted what the cells have cost.
    noted: Mutex<Instant>,
}

/// How often that is noted: so much of it may be lost where the process is killed.
const NOTE_EVERY: Duration = Duration::from_secs(2);

impl SharedCells {
    fn with<T>(&self, use_writers: impl FnOnce(&mut Vec<CellWriter>) -> T) -> T {
        use_writers(&mut self.writers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what a task reports of a cell, and lets the trackers know.
    pub(super) fn report(&self, cell: usize, report: &Report) -> Result<(), PluginError> {
        self.with(|writers| match writers.get_mut(cell) {
            Some(writer) => {
                if let Report::Metric(metric) = report
                    && let Some(fault) = truthful::fault(metric, writer.metrics())
                {
                    return Err(untrue(fault));
                }
                writer.report(report).map_err(|error| store_error(&error))?;
                self.trackers.report(cell, report, || recorded(writer));
                self.note_spent(writers)
            }
            None => Err(no_such_cell(cell)),
        })
    }

    /// Notes now and then what the cells have cost, for those who go on with them.
    fn note_spent(&self, writers: &[CellWriter]) -> Result<(), PluginError> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.elapsed() < NOTE_EVERY {
            return Ok(());
        }
        *noted = Instant::now();
        let spent = self.usage.so_far();
        writers.iter().try_for_each(|writer| writer.note_spent(spent)).map_err(|error| store_error(&error))
    }

    /// What the trackers have to say to the user by now.
    pub(super) fn notices(&self) -> Vec<String> {
        self.trackers.notices()
    }

    /// Scores that are recorded.
    pub(super) fn read(
        &self,
        cell: usize,
        split: &str,
        first: u64,
        count: u64,
    ) -> Result<SampleRows, PluginError> {
        self.with(|writers| match writers.get_mut(cell) {
            Some(writer) => match writer.recorded(split) {
                Ok(0) => Ok(SampleRows { split: split.to_owned(), ..SampleRows::default() }),
                Ok(_) => writer.read(split, first, count).map_err(|error| store_error(&error)),
                Err(error) => Err(store_error(&error)),
            },
            None => Err(no_such_cell(cell)),
        })
    }
}

/// What counts of all that was reported of a cell. What can't be read the trackers do not get: the run has its own word
/// about that when it writes.
fn recorded(writer: &CellWriter) -> Vec<Report> {
    writer.reported().unwrap_or_default()
}

/// A task's report can't be.
fn untrue(fault: String) -> PluginError {
    PluginError::run(fault).with_help("this is a bug in the task: tell its author")
}

fn no_such_cell(cell: usize) -> PluginError {
    PluginError::run(format!("the task named cell {cell}, which the run does not have"))
}

/// An error of the store as a plugin error, with what the system said.
pub(super) fn store_error(error: &StoreError) -> PluginError {
    PluginError::run(error.to_string()).with_source(error)
}

impl Cells {
    /// Locks and opens the cells; also gives the positions of those that nobody else is at.
    pub(super) fn begin(
        experiment: ExperimentFolder,
        request: &RunRequest,
    ) -> Result<(Cells, Vec<usize>), PluginError> {
        let mut writers = Vec::new();
        let mut mine = Vec::new();
        for (position, cell) in request.cells.iter().enumerate() {
            let folder = experiment.cell(&cell.cell.id);
            let begun = folder.begin(&request.experiment, &cell.cell).map_err(|error| store_error(&error))?;
            if begun.is_some() {
                // The owner of a cell owns its checkpoints: half-written ones there are of a process that was killed.
                lossnet_core::atomic::remove_drafts_below(&checkpoints(request, &cell.cell.id));
            }
            if let Some(writer) = begun {
                writers.push(writer);
                mine.push(position);
            }
        }
        let followed = writers.iter().map(|writer| tracked(request, writer)).collect();
        let trackers = Trackers::new(&request.trackers, followed);
        let (writers, usage, noted) = (Mutex::new(writers), Usage::begin(), Mutex::new(Instant::now()));
        let shared = Arc::new(SharedCells { writers, trackers, usage, noted });
        Ok((Cells { shared, experiment, task: request.task.component.clone() }, mine))
    }

    /// What the task's side of the run gets.
    pub(super) fn share(&self) -> Arc<SharedCells> {
        Arc::clone(&self.shared)
    }

    /// What the task is told of the run.
    pub(super) fn context(
        &self,
        request: &RunRequest,
        mine: &[usize],
        device: &str,
        short_of_memory: bool,
    ) -> Result<RunContext, PluginError> {
        let cells: Result<Vec<CellContext>, PluginError> = self.shared.with(|writers| {
            let cells = writers.iter_mut().zip(mine);
            cells.map(|(writer, &position)| cell_context(request, position, writer)).collect()
        });
        let cells = cells?;
        Ok(RunContext {
            cells,
            device: device.to_owned(),
            batch_size: request.batch_size,
            short_of_memory,
            num_workers: request.num_workers,
            seed: request.seed,
            splits: request.data.splits.clone(),
            known_splits: request.data.known_splits.clone(),
            asks_people: request.data.asks_people,
            test: request.test.iter().map(test_data).collect(),
        })
    }

    /// Of cells whose folder is new, forgets the checkpoints that an earlier one has left behind: it was removed, and with it the
    /// curves that go with them.
    pub(super) fn forget_if_new(&self, request: &RunRequest) -> Result<(), PluginError> {
        self.shared.with(|writers| {
            let new = writers.iter().filter(|writer| !writer.resumed());
            new.map(|writer| writer.cell().id.as_str()).try_for_each(|id| forget(request, id))
        })
    }

    /// Throws away all that was recorded, and the checkpoints, for this reason.
    pub(super) fn discard(&mut self, request: &RunRequest, why: &str) -> Result<(), PluginError> {
        self.shared.with(|writers| {
            writers.iter_mut().try_for_each(|writer| {
                writer.discard(why).map_err(|error| store_error(&error))?;
                forget(request, &writer.cell().id)
            })
        })
    }

    /// Fails if what the task has reported can't be.
    pub(super) fn check_results(&self) -> Result<(), PluginError> {
        let fault = self.shared.with(|writers| {
            writers.iter().find_map(|writer| {
                truthful::fault_of_all(writer.metrics(), &self.experiment.cell(&writer.cell().id))
            })
        });
        let Some(fault) = fault else { return Ok(()) };
        let plugin = registry::task(&self.task)?;
        Err(untrue(fault).context(located::place(Kind::Task, &self.task.name, &plugin)))
    }

    /// Makes all cells ready for another attempt, for this reason.
    pub(super) fn again(&mut self, why: &str) -> Result<(), PluginError> {
        self.shared.with(|writers| {
            writers.iter_mut().try_for_each(|writer| writer.again(why)).map_err(|error| store_error(&error))
        })
    }

    /// What the group has cost so far in this attempt.
    pub(super) fn spent(&self) -> Spent {
        self.shared.usage.so_far()
    }

    /// Ends all cells: complete, failed, or left for later.
    pub(super) fn end(
        self,
        ended: &Result<Provenance, PluginError>,
        caller: &Caller,
    ) -> Result<Vec<CellOutcome>, PluginError> {
        let writers = self.shared.with(std::mem::take);
        let group_size = writers.len();
        let spent = ended.as_ref().map_or_else(|_| self.spent(), |provenance| provenance.spent);
        let trackers = &self.shared.trackers;
        let tell = |ending: Ending| {
            trackers.end(&ending).into_iter().for_each(|notice| caller.notice(notice));
        };
        match ended {
            Ok(_) => {
                for (position, writer) in writers.iter().enumerate() {
                    trackers.complete(position, writer.metrics(), || recorded(writer));
                }
            }
            // While the cells are still locked: who tries them next is to find trackers that are through.
            Err(error) if error.kind == ErrorKind::Interrupted => tell(Ending::Interrupted),
            Err(error) => tell(Ending::Failed(error.to_string())),
        }
        let mut outcomes = Vec::new();
        for (position, writer) in writers.into_iter().enumerate() {
            let all = writer.spent(spent);
            if let Err(unnoted) = ended.as_ref().map_or_else(|_| writer.note_spent(spent), |_| Ok(())) {
                // Why the cell did not end is what matters.
                tracing::warn!("what {} has cost can't be noted: {unnoted}", writer.cell().id);
            }
            let stored = match ended {
                Ok(provenance) => writer
                    .finish(|result| {
                        result.signature = provenance.signatures.get(position).cloned().unwrap_or_default();
                        result.versions = provenance.versions.clone();
                        result.weights.clone_from(&provenance.weights);
                        result.device.clone_from(&provenance.device);
                        result.seconds = all.seconds;
                        result.cpu_seconds = all.cpu_seconds;
                        // What a task keeps on a CUDA device is not in the process's memory.
                        result.peak_memory = all.peak_memory.filter(|_| provenance.device == "cpu");
                        result.group_size = group_size;
                        result.cost = provenance.costs.get(position).copied().flatten();
                    })
                    .map(|_| CellOutcome::Done),
                Err(error) if error.kind == ErrorKind::Interrupted => {
                    writer.interrupt().map(|()| CellOutcome::Interrupted)
                }
                Err(error) => writer.fail(error).map(|()| CellOutcome::Failed(error.clone())),
            };
            outcomes.push(stored.map_err(|error| store_error(&error))?);
        }
        if ended.is_ok() {
            // After the results are safe: a tracker may take its time.
            tell(Ending::Complete);
        }
        Ok(outcomes)
    }
}

fn test_data((label, data): &(String, DatasetRequest)) -> TestData {
    TestData {
        label: label.clone(),
        dataset: data.dataset.component.name.clone(),
        splits: data.splits.clone(),
        asks_people: data.asks_people,
    }
}

/// What trackers are told of a cell.
fn tracked(request: &RunRequest, writer: &CellWriter) -> TrackedCell {
    let cell = writer.cell();
    TrackedCell {
        experiment: request.experiment.clone(),
        id: cell.id.clone(),
        config: cell.config.to_map(),
        folder: writer.folder().to_owned(),
        name: cell.name.clone(),
        seed: request.seed,
        varied: request.varied.clone(),
        checkpoints: checkpoints(request, &cell.id),
        resumed: writer.resumed(),
    }
}

/// Removes a cell's checkpoints, if there are any.
fn forget(request: &RunRequest, cell: &str) -> Result<(), PluginError> {
    let folder = checkpoints(request, cell);
    match fs_err::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(PluginError::run(format!("the checkpoints of an earlier run can't be removed: {error}")))
        }
        _ => Ok(()),
    }
}

/// The folder of a cell's checkpoints.
fn checkpoints(request: &RunRequest, cell: &str) -> PathBuf {
    request.checkpoints.join(&request.experiment).join(cell)
}

fn cell_context(
    request: &RunRequest,
    position: usize,
    writer: &mut CellWriter,
) -> Result<CellContext, PluginError> {
    let cell = &request.cells[position].cell;
    let further = request.test.iter().flat_map(|data| test_data(data).labelled_splits().collect::<Vec<_>>());
    let mut recorded = Vec::new();
    for split in request.data.splits.iter().cloned().chain(further) {
        let rows = writer.recorded(&split).map_err(|error| store_error(&error))?;
        recorded.push((split, rows));
    }
    Ok(CellContext {
        id: cell.id.clone(),
        config: cell.config.to_map(),
        folder: writer.folder().to_owned(),
        checkpoints: checkpoints(request, &cell.id),
        recorded,
    })
}
