//! Runs the groups of a plan: in this process, or in processes of their own.
//!
//! Whichever way, a group is run by the same code ([`group`]), so that a cell's result does not depend on what ran it.

mod group;
mod in_process;
mod local;
mod request;
pub(crate) mod slurm;
mod tally;

use std::path::Path;
use std::time::Duration;

pub(crate) use group::run as run_group;
pub(crate) use local::{Local, bind, ended};
pub(crate) use request::{Adjust, Requests};
pub(crate) use tally::{Tally, tell_failures, worth_another};

use crate::context::Context;
use crate::failure::Failure;
use lossnet_core::model::{Cell, CellState, Group, Plan};
use lossnet_core::store::ExperimentFolder;
use lossnet_core::words::count;

/// How often it is looked whether another process has come to an end with a cell.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What runs groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Executor {
    /// This process, one group after the other.
    InProcess,
    /// Processes on this machine.
    Local(Local),
}

/// What is done about failures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Policy {
    /// Whether the first failure ends the run.
    pub(crate) fail_fast: bool,
    /// How often a group that failed is tried again, unless its input is wrong.
    pub(crate) retries: usize,
}

/// Groups to run, and where their results go.
pub(crate) struct Job<'a> {
    /// What is wanted. Cells that are done are not run again.
    pub(crate) plan: &'a Plan,
    /// Where results are.
    pub(crate) experiment: &'a ExperimentFolder,
    /// The folder of all results.
    pub(crate) logs: &'a Path,
    /// What is done about failures.
    pub(crate) policy: Policy,
    /// The display, the plugins, the engine.
    pub(crate) context: &'a Context,
}

/// Cells of one group that are to be run together.
#[derive(Clone, Debug)]
pub(crate) struct Work<'a> {
    /// The group.
    pub(crate) group: &'a Group,
    /// Some of its cells, one at least.
    pub(crate) cells: Vec<&'a Cell>,
}

impl<'a> Job<'a> {
    /// Runs what is not done and says how it went. Cells that another process is at are waited for, and run here if it does
    /// not bring them to an end.
    ///
    /// Fails if nothing of it can be run: before anything is written if a component is missing, later if libtorch or the
    /// disk fail.
    pub(crate) fn run(&self, executor: &Executor) -> Result<Tally, Failure> {
        let work = self.work(|cell| self.state(cell) != CellState::Done);
        let done = self.plan.cells.len() - work.iter().map(|work| work.cells.len()).sum::<usize>();
        if done > 0 {
            self.context
                .display
                .say(&format!("{done} of {} done already", count(self.plan.cells.len(), "cell")));
        }
        match executor {
            Executor::InProcess => self.context.finish_steps_when_interrupted()?,
            Executor::Local(_) => self.context.note_interruptions()?,
        }
        let mut tally = self.execute(executor, work)?;
        while !tally.elsewhere.is_empty() && !self.is_over(&tally) {
            let left = self.left_by_others(&tally);
            if left.is_empty() {
                break;
            }
            self.context.display.say(&format!(
                "another process stopped with {} unfinished; running them here",
                count(left.len(), "cell")
            ));
            let work = self.work(|cell| left.contains(&cell.id));
            tally.elsewhere.clear();
            tally.merge(self.execute(executor, work)?);
        }
        tally.interrupted |= self.context.is_interrupted();
        if !tally.interrupted && self.is_over(&tally) {
            let left = |cell: &&Cell| !matches!(self.state(cell), CellState::Done | CellState::Failed);
            tally.left = self.plan.cells.iter().filter(left).count();
        }
        Ok(tally)
    }

    fn execute(&self, executor: &Executor, work: Vec<Work<'a>>) -> Result<Tally, Failure> {
        match executor {
            Executor::InProcess => in_process::run(self, &work),
            Executor::Local(local) => local::run(self, work, local),
        }
    }

    /// Waits until no other process is at the cells that were found to be another's; the ids of those that are not done then.
    /// None if the user wants to stop.
    fn left_by_others(&self, tally: &Tally) -> Vec<String> {
        let mut told = false;
        loop {
            let states = tally.elsewhere.iter().map(|id| (id, self.experiment.state(id)));
            let states: Vec<(&String, CellState)> = states.collect();
            let running = states.iter().filter(|(_, state)| *state == CellState::Running).count();
            if running == 0 {
                let left = states.iter().filter(|(_, state)| *state != CellState::Done);
                return left.map(|(id, _)| (*id).clone()).collect();
            }
            if self.context.is_interrupted() {
                return Vec::new();
            }
            if !told {
                told = true;
                self.context.display.say(&format!(
                    "waiting for another process that is at {} (Ctrl-C: leave them to it)",
                    count(running, "cell")
                ));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn is_over(&self, tally: &Tally) -> bool {
        tally.interrupted || (self.policy.fail_fast && tally.failed > 0)
    }

    /// The groups that have such cells.
    fn work(&self, wanted: impl Fn(&Cell) -> bool) -> Vec<Work<'a>> {
        let work = self.plan.groups.iter().map(|group| Work {
            group,
            cells: self.plan.group_cells(group).filter(|cell| wanted(cell)).collect(),
        });
        work.filter(|work| !work.cells.is_empty()).collect()
    }

    fn state(&self, cell: &Cell) -> CellState {
        self.experiment.state(&cell.id)
    }
}
