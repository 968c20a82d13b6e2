//! `lossnet slurm-task`: what a task of an array job runs.

use std::process::ExitCode;

use super::args::SlurmTaskArguments;
use crate::context::Context;
use crate::execute::Policy;
use crate::execute::slurm::{SubmissionFolder, run_task};
use crate::failure::Failure;

/// Runs the groups of this task.
pub(super) fn slurm_task(arguments: &SlurmTaskArguments, context: &Context) -> Result<ExitCode, Failure> {
    let policy = Policy { fail_fast: arguments.fail_fast, retries: arguments.retries.into() };
    run_task(&SubmissionFolder::at(&arguments.submission), &arguments.logs, policy, context)
}
