//! One attempt at a group: a worker's process from its beginning to what became of its cells.

use std::collections::HashMap;

use lossnet_plugin_protocol::PluginError;

use super::exit;
use super::exit::Tail;
use crate::execute::Work;
use crate::failure::{Failure, INTERRUPTED};
use crate::terminal::WorkerEvent;
use lossnet_core::engine_protocol::CellOutcome;
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_core::store::ExperimentFolder;

/// A group to be tried.
#[derive(Clone, Debug)]
pub(super) struct Attempt<'a> {
    pub(super) work: Work<'a>,
    /// Its number among the groups of this run, from 0.
    pub(super) number: usize,
    /// How often it may still be tried again.
    pub(super) retries: usize,
}

impl Attempt<'_> {
    /// A plan of this group alone, so that a worker need not read that of a large sweep.
    pub(super) fn plan(&self, whole: &Plan) -> Plan {
        let Work { group, cells } = &self.work;
        let mut plan = whole.without_cells();
        plan.add_group(group, cells.iter().map(|&cell| cell.clone()));
        plan
    }
}

/// What a worker said of its cells.
#[derive(Debug, Default)]
pub(super) struct Said {
    outcomes: HashMap<String, CellOutcome>,
    broken: Option<PluginError>,
}

impl Said {
    /// Takes what concerns the outcome, and hands back what is to be shown.
    pub(super) fn take(&mut self, event: WorkerEvent) -> Option<WorkerEvent> {
        match event {
            WorkerEvent::Cell { id, outcome } => {
                self.outcomes.insert(id, outcome);
                None
            }
            WorkerEvent::Broken(error) => {
                self.broken = Some(error);
                None
            }
            other => Some(other),
        }
    }
}

/// How a worker's process ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) status: std::process::ExitStatus,
    pub(super) tail: Tail,
    /// When it began, in seconds since 1970.
    pub(super) began: u64,
    /// Whether it was asked to stop.
    pub(super) stopped: bool,
}

/// What became of an attempt's cells. Of those that the worker did not bring to an end, the reason is recorded.
///
/// Fails if that can't be written.
pub(super) fn outcomes<'a>(
    attempt: &Attempt<'a>,
    mut said: Said,
    ended: &Ended,
    experiment: &ExperimentFolder,
) -> Result<Vec<(&'a Cell, CellOutcome)>, Failure> {
    let interrupted = ended.stopped || ended.status.code() == Some(i32::from(INTERRUPTED));
    let error = said.broken.take().unwrap_or_else(|| exit::reason(ended.status, &ended.tail));
    let mut outcomes = Vec::new();
    for &cell in &attempt.work.cells {
        let outcome = match said.outcomes.remove(&cell.id) {
            Some(outcome) => outcome,
            None if experiment.state(&cell.id) == CellState::Done => CellOutcome::Done,
            None if interrupted => CellOutcome::Interrupted,
            None => {
                let folder = experiment.cell(&cell.id);
                let recorded = folder.fail_in_place_of(cell, &error, ended.began);
                match recorded.map_err(|error| Failure::run(&error))? {
                    CellState::Done => CellOutcome::Done,
                    CellState::Running => CellOutcome::Elsewhere,
                    _ => CellOutcome::Failed(error.clone()),
                }
            }
        };
        outcomes.push((cell, outcome));
    }
    Ok(outcomes)
}
