//! `lossnet worker`: one group of a plan in this process, for executors that run groups in processes of their own.

use std::process::ExitCode;

use super::args::WorkerArguments;
use crate::context::Context;
use crate::execute::{Adjust, Requests, Tally, bind, run_group, tell_failures};
use crate::failure::{Failure, INTERRUPTED, SOME_CELLS_FAILED};
use crate::terminal::WorkerEvent;
use lossnet_core::engine_protocol::CellOutcome;
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_core::store::{Store, read_plan};

/// Runs what is not done of a group.
///
/// Exit codes: 0 all cells are done here or are another process's, 3 some failed, 130 interrupted with the state saved;
/// any other says that the group could not be run.
pub(super) fn worker(arguments: &WorkerArguments, context: &Context) -> Result<ExitCode, Failure> {
    match run(arguments, context) {
        Ok(tally) => Ok(ExitCode::from(if tally.interrupted {
            INTERRUPTED
        } else if tally.failed > 0 {
            SOME_CELLS_FAILED
        } else {
            0
        })),
        Err(failure) if arguments.events => {
            let code = failure.exit_code();
            context.display.event(&WorkerEvent::Broken(failure.into()));
            Ok(code)
        }
        Err(failure) => Err(failure),
    }
}

fn run(arguments: &WorkerArguments, context: &Context) -> Result<Tally, Failure> {
    context.finish_steps_when_asked()?;
    if arguments.stop_with_input {
        context.finish_steps_when_input_ends();
    }
    if !arguments.cores.is_empty() {
        bind(&arguments.cores)?;
    }
    let plan = read_plan(&arguments.plan).map_err(|error| Failure::input(&error))?;
    let plan: Plan =
        plan.ok_or_else(|| Failure::usage(format!("there is no plan {}", arguments.plan.display())))?;
    let group = plan.groups.get(arguments.group).ok_or_else(|| {
        let (number, groups) = (arguments.group, plan.groups.len());
        Failure::usage(format!("{} has no group {number}: it has {groups}", arguments.plan.display()))
    })?;
    let experiment = Store::new(&arguments.logs).experiment(&plan.experiment);
    let is_done = |cell: &Cell| experiment.state(&cell.id) == CellState::Done;
    let (done, cells): (Vec<&Cell>, Vec<&Cell>) = plan.group_cells(group).partition(|cell| is_done(cell));
    for cell in done {
        tell(cell, CellOutcome::Done, context);
    }
    let mut tally = Tally::default();
    if !cells.is_empty() && !context.is_interrupted() {
        let adjust = Adjust { device: arguments.device.clone(), threads: arguments.threads };
        let cells_of_it = cells.iter().copied();
        let requests = Requests::new(&plan, cells_of_it, &arguments.logs, context, adjust)?;
        let outcomes = run_group(group, &cells, &requests, context)?;
        tally.count(&outcomes);
        if !arguments.events {
            tell_failures(&outcomes, &context.display);
        }
        for (cell, outcome) in outcomes {
            tell(cell, outcome, context);
        }
    }
    tally.interrupted |= context.is_interrupted();
    Ok(tally)
}

fn tell(cell: &Cell, outcome: CellOutcome, context: &Context) {
    context.display.event(&WorkerEvent::Cell { id: cell.id.clone(), outcome });
}
