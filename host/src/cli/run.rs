//! `lossnet run`

mod picture;
mod planning;

use std::process::ExitCode;

use super::args::{self, RunArguments};
use super::context::Context;
use super::failure::{Failure, INTERRUPTED, RUN_FAILED, SOME_CELLS_FAILED, USAGE};
use super::{output, results};
use crate::config::RawConfig;
use crate::execute::{Executor, Job, Requests, Tally};
use crate::plan::{Cell, Plan};
use crate::results::{Row, csv, gather, to_json, write_parquet};
use crate::store::{ExperimentFolder, Store};

/// Runs what is not done yet.
pub(super) fn run(arguments: &RunArguments, context: &Context) -> Result<ExitCode, Failure> {
    let whole = plan(arguments, context)?;
    let store = Store::new(&arguments.logs);
    let experiment = store.experiment(&whole.experiment);
    let state = |cell: &Cell| experiment.state(&cell.id);
    let selection = arguments.selection.selection();
    let plan = whole.select(&selection, state).map_err(|error| Failure::usage(error.to_string()))?;
    if !selection.is_everything() {
        context.display.note(&format!("{} of {} cells are selected", plan.cells.len(), whole.cells.len()));
    }
    if arguments.plan {
        planning::show(&plan, &store, &experiment, arguments, context)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before anything is written: what is wrong with the first group must not leave a folder behind.
    Requests::new(&plan.experiment, &plan.cells, &arguments.logs, context)?;
    // The whole of it, so that a status counts what other shards do, too.
    experiment.write_plan(&whole).map_err(|error| Failure::run(&error))?;
    let job = Job { plan: &plan, experiment: &experiment, logs: &arguments.logs, context };
    let tally = job.run(executor(arguments))?;
    report(&plan, &experiment, arguments, context)?;
    Ok(end(&plan, &tally, context))
}

fn executor(arguments: &RunArguments) -> Executor {
    match arguments.executor {
        None | Some(args::Executor::InProcess) => Executor::InProcess,
    }
}

fn plan(arguments: &RunArguments, context: &Context) -> Result<Plan, Failure> {
    let index = context.index()?;
    let wrong = |errors: crate::config::ConfigErrors| Failure::usage(errors.to_string());
    let environment = std::env::vars();
    let raw = RawConfig::load(&arguments.configs, environment, &arguments.set).map_err(wrong)?;
    let plan = Plan::new(&raw, &index.catalog, index).map_err(wrong)?;
    for note in &plan.notes {
        context.display.note(note);
    }
    Ok(plan)
}

/// Writes the tables and the pictures, and prints what was found.
fn report(
    plan: &Plan,
    experiment: &ExperimentFolder,
    arguments: &RunArguments,
    context: &Context,
) -> Result<(), Failure> {
    let gathered = gather(std::slice::from_ref(experiment)).map_err(|error| Failure::run(&error))?;
    for problem in &gathered.problems {
        context.display.warn(&problem.to_string());
    }
    let table = csv(&gathered.rows).map_err(|error| Failure::run(&error))?;
    crate::atomic::write(&experiment.path().join("results.csv"), &table)?;
    write_parquet(&gathered.rows, &experiment.path().join("results.parquet"))
        .map_err(|error| Failure::run(&error))?;
    let pictures = picture::write(plan, experiment, &gathered.rows, context)?;
    if arguments.json {
        return output::print_json(&to_json(&gathered.rows));
    }
    // The means over the parts of the data, where there are any, are what people look for first.
    let mut rows = gathered.rows.clone();
    let is_mean = |row: &Row| row.text("split").ends_with("/mean");
    if rows.iter().any(is_mean) {
        rows.retain(is_mean);
    }
    if !rows.is_empty() {
        output::print(&results::table(&rows))?;
    }
    for picture in pictures {
        context.display.say(&format!("drew {}", picture.display()));
    }
    Ok(())
}

fn end(plan: &Plan, tally: &Tally, context: &Context) -> ExitCode {
    if tally.interrupted {
        context
            .display
            .say("interrupted; all that was computed is saved: the same command goes on from there");
        return ExitCode::from(INTERRUPTED);
    }
    if tally.elsewhere > 0 {
        context
            .display
            .say(&format!("{} at work in another process", output::count(tally.elsewhere, "cell")));
    }
    if tally.failed > 0 {
        context.display.say(&format!(
            "{} failed, {} completed; `lossnet status` says why, the same command tries again",
            output::count(tally.failed, "cell"),
            tally.done
        ));
        // Where nothing could be done with what was given, it is that which is wrong.
        let nothing_fits = tally.done == 0 && tally.wrong_input == tally.failed;
        return ExitCode::from(if nothing_fits {
            USAGE
        } else if tally.failed == plan.cells.len() {
            RUN_FAILED
        } else {
            SOME_CELLS_FAILED
        });
    }
    ExitCode::SUCCESS
}
