//! `lossnet run`

mod picture;
mod request;

use std::process::ExitCode;

use lossnet_plugin_protocol::ErrorKind;

use super::args::RunArguments;
use super::context::Context;
use super::failure::{Failure, INTERRUPTED, RUN_FAILED, SOME_CELLS_FAILED, USAGE};
use super::{output, results};
use crate::config::RawConfig;
use crate::engine::Request;
use crate::engine::protocol::CellOutcome;
use crate::plan::{Cell, CellState, Group, Plan};
use crate::results::{Row, csv, gather, to_json, write_parquet};
use crate::store::{ExperimentFolder, Store};

/// Runs what is not done yet.
pub(super) fn run(arguments: &RunArguments, context: &Context) -> Result<ExitCode, Failure> {
    let plan = plan(arguments, context)?;
    let store = Store::new(&arguments.logs);
    let experiment = store.experiment(&plan.experiment);
    if arguments.plan {
        let state = |cell: &Cell| experiment.state(&cell.id);
        if arguments.json {
            output::print_json(&plan.to_json(state))?;
        } else {
            output::print(&plan.to_text(state))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    // Before anything is written: what is wrong with the first group must not leave a folder behind.
    let requests = request::Requests::new(&plan, arguments, context)?;
    experiment.write_plan(&plan).map_err(|error| Failure::run(&error))?;
    context.finish_steps_when_interrupted()?;
    let tally = run_groups(&plan, &experiment, &requests, context)?;
    report(&plan, &experiment, arguments, context)?;
    Ok(end(&plan, &tally, context))
}

fn plan(arguments: &RunArguments, context: &Context) -> Result<Plan, Failure> {
    let index = context.index()?;
    let wrong = |errors: crate::config::ConfigErrors| Failure::usage(errors.to_string());
    let environment = std::env::vars();
    let raw = RawConfig::load(&arguments.configs, environment, &arguments.set).map_err(wrong)?;
    Plan::new(&raw, &index.catalog, index).map_err(wrong)
}

/// How cells ended.
#[derive(Debug, Default)]
struct Tally {
    done: usize,
    failed: usize,
    /// Of those, the ones whose input was wrong.
    wrong_input: usize,
    elsewhere: usize,
    interrupted: bool,
}

fn run_groups(
    plan: &Plan,
    experiment: &ExperimentFolder,
    requests: &request::Requests<'_>,
    context: &Context,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let groups: Vec<&Group> =
        plan.groups.iter().filter(|group| !to_do(plan, group, experiment).is_empty()).collect();
    let done = plan.cells.iter().filter(|cell| experiment.state(&cell.id) == CellState::Done).count();
    if done > 0 {
        context.display.say(&format!("{done} of {} cells are done already", plan.cells.len()));
    }
    for (number, group) in groups.iter().enumerate() {
        let cells = to_do(plan, group, experiment);
        let label = format!("group {}/{}: {}, {} cells", number + 1, groups.len(), group.name, cells.len());
        context.display.say(&label);
        let request = requests.group(group, &cells)?;
        let engine = context.engine_for(&request.backbone.device, &request.backbone.precision)?;
        let answer = context.call(engine, &Request::Run(Box::new(request)))?;
        let outcomes: Vec<CellOutcome> =
            serde_json::from_value(answer).map_err(|error| Failure::run(&error))?;
        tell(&cells, &outcomes, &mut tally, context);
        if tally.interrupted || context.is_interrupted() {
            tally.interrupted = true;
            break;
        }
    }
    Ok(tally)
}

/// The cells of a group that are not done.
fn to_do<'a>(plan: &'a Plan, group: &'a Group, experiment: &ExperimentFolder) -> Vec<&'a Cell> {
    plan.group_cells(group).filter(|cell| experiment.state(&cell.id) != CellState::Done).collect()
}

fn tell(cells: &[&Cell], outcomes: &[CellOutcome], tally: &mut Tally, context: &Context) {
    let mut told: Vec<&str> = Vec::new();
    for (cell, outcome) in cells.iter().zip(outcomes) {
        match outcome {
            CellOutcome::Done => tally.done += 1,
            CellOutcome::Elsewhere => tally.elsewhere += 1,
            CellOutcome::Interrupted => tally.interrupted = true,
            CellOutcome::Failed(error) => {
                tally.failed += 1;
                tally.wrong_input += usize::from(error.kind == ErrorKind::Input);
                // Cells of a group mostly fail for the same reason.
                if !told.contains(&error.message.as_str()) {
                    told.push(&error.message);
                    let mut text = format!("{} failed: {}", cell.name, error.message);
                    for cause in &error.causes {
                        text.push_str("\n  because: ");
                        text.push_str(cause);
                    }
                    if let Some(help) = &error.help {
                        text.push_str("\n  what to do: ");
                        text.push_str(help);
                    }
                    context.display.warn(&text);
                }
            }
        }
    }
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
        context.display.say(&format!("{} cells are being run by another process", tally.elsewhere));
    }
    if tally.failed > 0 {
        context.display.say(&format!(
            "{} cells failed and {} were completed; `lossnet status` says why, the same command tries again",
            tally.failed, tally.done
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
