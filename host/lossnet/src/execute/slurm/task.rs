//! What runs inside a task of an array job: its groups, with a worker as on any machine, and what Slurm wants of it besides.
//!
//! Slurm sends SIGUSR1 some time before the time limit, and SIGTERM before it kills for another reason. Either has the
//! worker finish its step and save. After SIGUSR1 the task puts itself into the queue again and so goes on later, unless
//! that has been in vain several times. After SIGTERM somebody else has decided what becomes of the task.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lossnet_plugin_protocol::PluginError;
use signal_hook::consts::SIGUSR1;

use super::attempts::{ATTEMPT, Attempts, Outcome, Saved};
use super::programs::{self, JobId};
use super::submission::SubmissionFolder;
use crate::context::Context;
use crate::execute::{Executor, Job, Local, Policy, Tally};
use crate::failure::{Failure, INTERRUPTED, RUN_FAILED, SOME_CELLS_FAILED};
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_core::store::{ExperimentFolder, Store, StoreError, now};

/// This task, as Slurm's environment names it.
struct Me {
    job: JobId,
    task: usize,
    node: String,
}

/// Runs the groups of this task.
///
/// Exit codes as those of a run; 130 also where the task went into the queue again.
pub(crate) fn run(
    folder: &SubmissionFolder,
    logs: &Path,
    policy: Policy,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let time_is_nearly_over = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGUSR1, Arc::clone(&time_is_nearly_over))?;
    context.stop_on(SIGUSR1)?;
    let failed = |error: StoreError| Failure::run(&error);
    let submission = folder.read().map_err(failed)?;
    let me = Me::from_environment(submission.job.as_ref())?;
    let task = submission
        .tasks
        .get(me.task)
        .ok_or_else(|| Failure::usage(format!("{} has no task {}", folder.path().display(), me.task)))?;
    let plan = part(&folder.read_plan().map_err(failed)?, &task.groups);
    let experiment = Store::new(logs).experiment(&plan.experiment);
    let checkpoints = lossnet_core::folders::checkpoints(logs);
    let attempt = Attempt {
        plan: &plan,
        experiment: &experiment,
        checkpoints: &checkpoints,
        me: &me,
        began: now(),
        context,
    };

    let mut attempts = folder.attempts(me.task).map_err(failed)?;
    attempts.job = Some(me.job.clone());
    attempts.begin(me.node.clone());
    folder.write_attempts(me.task, &attempts).map_err(failed)?;
    let number = attempts.number();
    context.display.say(&format!("task {} on {}{ATTEMPT}{number}", me.name(), me.node));
    let before = attempt.saved();
    let local = Local { workers: Some(1), devices: Vec::new() };
    let job = Job { plan: &plan, experiment: &experiment, logs, policy, context };
    let ended = job.run(&Executor::Local(local));
    let progress = attempt.saved() != before;
    let outcome = match &ended {
        // Also where it only waited for another process that is at its cells.
        Ok(tally) if tally.interrupted || (context.is_interrupted() && !tally.elsewhere.is_empty()) => {
            if !time_is_nearly_over.load(Ordering::Relaxed) {
                Outcome::Stopped
            } else if attempts.is_in_vain(progress) {
                Outcome::GaveUp
            } else {
                Outcome::Requeued
            }
        }
        Ok(tally) if tally.failed == 0 => Outcome::Done,
        _ => Outcome::Failed,
    };
    // Before Slurm is told anything: it may end this process then.
    attempts.end(outcome, progress);
    folder.write_attempts(me.task, &attempts).map_err(failed)?;
    attempt.end(outcome, &ended?, policy)
}

/// What an attempt needs to end.
struct Attempt<'a> {
    plan: &'a Plan,
    experiment: &'a ExperimentFolder,
    checkpoints: &'a Path,
    me: &'a Me,
    /// When, in seconds since 1970.
    began: u64,
    context: &'a Context,
}

impl Attempt<'_> {
    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.plan.groups.iter().flat_map(|group| self.plan.group_cells(group))
    }

    fn saved(&self) -> Saved {
        Saved::of(self.cells(), self.experiment, self.checkpoints)
    }

    /// Tells Slurm and the cells what the outcome means for them.
    fn end(&self, outcome: Outcome, tally: &Tally, policy: Policy) -> Result<ExitCode, Failure> {
        let name = self.me.name();
        match outcome {
            Outcome::Done => Ok(ExitCode::SUCCESS),
            Outcome::Stopped => {
                self.context.display.say("Slurm ends this task; all that was computed is saved");
                Ok(ExitCode::from(INTERRUPTED))
            }
            Outcome::Requeued => {
                self.context.display.say("the time limit is near: saved, and put into the queue again");
                if let Err(error) = programs::requeue(&name) {
                    let error = PluginError::run(format!("job {name} can't be put into the queue again"))
                        .with_source(&error)
                        .with_help("run the same command again: it submits what is left, which goes on from what is saved");
                    self.fail(&error)?;
                    return Err(error.into());
                }
                Ok(ExitCode::from(INTERRUPTED))
            }
            Outcome::GaveUp => {
                let error = PluginError::run(format!("job {name} gave up: {}", Attempts::gave_up()))
                    .with_help("raise `executor.slurm.time`, or have checkpoints written more often");
                self.fail(&error)?;
                Err(error.into())
            }
            Outcome::Failed => {
                if policy.fail_fast {
                    self.context
                        .display
                        .say("a cell failed: the whole job is cancelled, as --fail-fast asks");
                    programs::scancel(&self.me.job).map_err(|error| Failure::run(&error))?;
                }
                let all = tally.failed == self.cells().count();
                Ok(ExitCode::from(if all { RUN_FAILED } else { SOME_CELLS_FAILED }))
            }
        }
    }

    /// Records why cells were not brought to an end, but for those that have failed in this attempt for reasons of their own.
    fn fail(&self, error: &PluginError) -> Result<(), Failure> {
        for cell in self.cells() {
            let folder = self.experiment.cell(&cell.id);
            if folder.state() != CellState::Done {
                folder.fail_in_place_of(cell, error, self.began).map_err(|error| Failure::run(&error))?;
            }
        }
        Ok(())
    }
}

impl Me {
    /// Fails outside of an array job.
    fn from_environment(job: Option<&JobId>) -> Result<Me, Failure> {
        let variable = |name: &str| std::env::var(name).ok();
        let number = variable("SLURM_ARRAY_JOB_ID").and_then(|number| number.parse().ok());
        let task = variable("SLURM_ARRAY_TASK_ID").and_then(|task| task.parse().ok());
        let (Some(number), Some(task)) = (number, task) else {
            return Err(Failure::usage(
                "this runs in the tasks of an array job that `lossnet run --executor slurm` submits",
            ));
        };
        let cluster = job.and_then(|job| job.cluster.clone());
        let node = variable("SLURMD_NODENAME").unwrap_or_else(|| "an unnamed node".to_owned());
        Ok(Me { job: JobId { number, cluster }, task, node })
    }

    fn name(&self) -> String {
        self.job.task(self.task)
    }
}

/// A plan with only these of its groups, and their cells.
fn part(plan: &Plan, groups: &[usize]) -> Plan {
    let mut part = plan.without_cells();
    for group in groups.iter().filter_map(|&number| plan.groups.get(number)) {
        part.add_group(group, plan.group_cells(group).cloned());
    }
    part
}
