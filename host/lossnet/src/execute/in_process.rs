//! The executor that is this process: one group after the other.

use super::{
    Adjust, Job, Requests, Tally, Work, group,
    tally::{label, tell_total},
    tell_failures, worth_another,
};
use crate::failure::Failure;

/// Runs these groups.
pub(super) fn run(job: &Job<'_>, work: &[Work<'_>]) -> Result<Tally, Failure> {
    let Job { plan, context, policy, .. } = job;
    let requests = Requests::new(plan, &plan.cells, job.logs, context, Adjust::default())?;
    let mut tally = Tally::default();
    let open: usize = work.iter().map(|work| work.cells.len()).sum();
    let done_before = plan.cells.len() - open;
    let show_total = |tally: &Tally| {
        // One group's own progress says it all.
        if work.len() > 1 {
            tell_total(done_before + tally.ended(), plan.cells.len(), &context.display);
        }
    };
    show_total(&tally);
    for (number, Work { group, cells }) in work.iter().enumerate() {
        let label = label(number, work.len(), group, cells.len());
        context.display.say(&label);
        let mut cells = cells.clone();
        for retries in (0..=policy.retries).rev() {
            let mut outcomes = group::run(group, &cells, &requests, context)?;
            tell_failures(&outcomes, &context.display);
            cells = outcomes
                .iter()
                .filter(|(_, outcome)| worth_another(outcome))
                .map(|(cell, _)| *cell)
                .collect();
            let again = retries > 0 && !cells.is_empty() && !context.is_interrupted();
            if again {
                outcomes.retain(|(_, outcome)| !worth_another(outcome));
                context.display.say(&format!("{label} is tried again"));
            }
            tally.count(&outcomes);
            if !again {
                break;
            }
        }
        show_total(&tally);
        tally.interrupted |= context.is_interrupted();
        if tally.interrupted || (policy.fail_fast && tally.failed > 0) {
            break;
        }
    }
    Ok(tally)
}
