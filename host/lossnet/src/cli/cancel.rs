//! `lossnet cancel`

use std::fmt::Write as _;
use std::process::ExitCode;

use serde::Serialize;

use super::args::CancelArguments;
use super::status::experiments;
use crate::context::Context;
use crate::execute::slurm::{JobId, Placements, scancel};
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_core::store::Store;
use lossnet_core::words::count;

/// A job that was cancelled.
#[derive(Debug, Serialize)]
struct Cancelled {
    job: u64,
    /// Tasks that had a node; they are told to save.
    running: usize,
    /// Tasks that were in the queue.
    waiting: usize,
}

/// Cancels the jobs of an experiment that are not over.
pub(super) fn cancel(arguments: &CancelArguments, _: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let mut jobs: Vec<(JobId, Cancelled)> = Vec::new();
    let (experiments, _) = experiments(&store, std::slice::from_ref(&arguments.experiment))?;
    for experiment in experiments {
        let placements = Placements::of(&experiment).map_err(|error| Failure::run(&error))?;
        for placed in placements.live() {
            let position = jobs.iter().position(|(job, _)| *job == placed.job).unwrap_or(jobs.len());
            if position == jobs.len() {
                let cancelled = Cancelled { job: placed.job.number, running: 0, waiting: 0 };
                jobs.push((placed.job.clone(), cancelled));
            }
            let cancelled = &mut jobs[position].1;
            *(if placed.is_running() { &mut cancelled.running } else { &mut cancelled.waiting }) += 1;
        }
        if let Some(error) = placements.unasked {
            return Err(Failure::run(&error));
        }
    }
    for (job, _) in &jobs {
        scancel(job).map_err(|error| Failure::run(&error))?;
    }
    let cancelled: Vec<&Cancelled> = jobs.iter().map(|(_, cancelled)| cancelled).collect();
    if arguments.json {
        output::print_json(&cancelled)?;
    } else if cancelled.is_empty() {
        output::print(&format!("nothing of `{}` waits or runs in Slurm", arguments.experiment))?;
    } else {
        output::print(&cancelled.into_iter().map(Cancelled::text).collect::<String>())?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Cancelled {
    fn text(&self) -> String {
        let mut parts = Vec::new();
        if self.running > 0 {
            parts.push(format!("{} running, told to save", count(self.running, "task")));
        }
        if self.waiting > 0 {
            parts.push(format!("{} waiting", count(self.waiting, "task")));
        }
        let mut text = String::new();
        let _ = writeln!(text, "cancelled job {}: {}", self.job, parts.join(", "));
        text
    }
}
