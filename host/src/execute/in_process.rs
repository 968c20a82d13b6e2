//! The executor that is this process: one group after the other.

use super::{Job, Requests, Tally, group, tally::label, tell_failures};
use crate::cli::failure::Failure;

/// Runs every group that has something to do.
pub(super) fn run(job: &Job<'_>) -> Result<Tally, Failure> {
    let Job { plan, context, .. } = job;
    let requests = Requests::new(&plan.experiment, &plan.cells, job.logs, context)?;
    context.finish_steps_when_interrupted()?;
    let mut tally = Tally::default();
    let groups = job.groups();
    for (number, group) in groups.iter().enumerate() {
        let cells = job.to_do(group);
        context.display.say(&label(number, groups.len(), group, cells.len()));
        let outcomes = group::run(group, &cells, &requests, context)?;
        tally.count(&outcomes);
        tell_failures(&outcomes, &context.display);
        if tally.interrupted || context.is_interrupted() {
            tally.interrupted = true;
            break;
        }
    }
    Ok(tally)
}
