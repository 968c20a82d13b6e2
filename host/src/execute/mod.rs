//! Runs the groups of a plan: in this process, or in processes of their own.
//!
//! Whichever way, a group is run by the same code ([`group`]), so that a cell's result does not depend on what ran it.

mod event;
mod group;
mod in_process;
mod request;
mod tally;

use std::path::Path;

pub(crate) use event::WorkerEvent;
pub(crate) use request::Requests;
pub(crate) use tally::{Tally, tell_failures};

use crate::cli::context::Context;
use crate::cli::failure::Failure;
use crate::cli::output::count;
use crate::plan::{Cell, CellState, Group, Plan};
use crate::store::ExperimentFolder;

pub(crate) use group::run as run_group;

/// What runs groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Executor {
    /// This process, one group after the other.
    InProcess,
}

/// Groups to run, and where their results go.
pub(crate) struct Job<'a> {
    /// What is wanted. Cells that are done are not run again.
    pub(crate) plan: &'a Plan,
    /// Where results are.
    pub(crate) experiment: &'a ExperimentFolder,
    /// The folder of all results.
    pub(crate) logs: &'a Path,
    /// The display, the plugins, the engine.
    pub(crate) context: &'a Context,
}

impl<'a> Job<'a> {
    /// Runs what is not done and says how it went.
    ///
    /// Fails if nothing of it can be run: before anything is written if a component is missing, later if libtorch or the
    /// disk fail.
    pub(crate) fn run(&self, executor: Executor) -> Result<Tally, Failure> {
        let done = self.plan.cells.len() - self.plan.cells.iter().filter(|cell| self.is_to_do(cell)).count();
        if done > 0 {
            self.context
                .display
                .say(&format!("{done} of {} done already", count(self.plan.cells.len(), "cell")));
        }
        match executor {
            Executor::InProcess => in_process::run(self),
        }
    }

    /// The groups that have something to do.
    pub(crate) fn groups(&self) -> Vec<&'a Group> {
        self.plan.groups.iter().filter(|group| !self.to_do(group).is_empty()).collect()
    }

    /// The cells of a group that are not done.
    pub(crate) fn to_do(&self, group: &Group) -> Vec<&'a Cell> {
        self.plan.group_cells(group).filter(|cell| self.is_to_do(cell)).collect()
    }

    fn is_to_do(&self, cell: &Cell) -> bool {
        self.experiment.state(&cell.id) != CellState::Done
    }
}
