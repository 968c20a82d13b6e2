//! `lossnet run --executor slurm`: submits an array job, and follows it if asked to.

use std::collections::HashMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use crate::cli::args::RunArguments;
use crate::context::Context;
use crate::execute::Tally;
use crate::execute::slurm::{
    CellStatus, Draft, Placements, SlurmError, SubmitError, SubmitLock, Wanted, most_tasks,
};
use crate::failure::{Failure, INTERRUPTED};
use crate::terminal::output;
use lossnet_core::model::{CellState, Plan};
use lossnet_core::store::ExperimentFolder;
use lossnet_core::words::count;

/// How often Slurm is asked at first, and at last.
const ASK_EVERY: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(15)];

/// How often it is looked whether the user wants to stop.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Submits what of a plan is neither done nor submitted; with `--wait`, follows it to its end. `whole`: the plan of which it
/// is a selection.
pub(super) fn run(
    whole: &Plan,
    plan: &Plan,
    experiment: &ExperimentFolder,
    arguments: &RunArguments,
    context: &Context,
) -> Result<ExitCode, Failure> {
    let done_before = plan.cells.iter().filter(|cell| experiment.state(&cell.id) == CellState::Done).count();
    let submitted = submit(whole, plan, experiment, arguments, context)?;
    if !arguments.wait {
        if arguments.json {
            output::print_json(&submitted)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    context.finish_steps_when_interrupted()?;
    match follow(plan, experiment, done_before, context)? {
        None => Ok(ExitCode::from(INTERRUPTED)),
        Some(tally) => {
            super::report(plan, experiment, arguments, context)?;
            Ok(super::end(plan, &tally, context))
        }
    }
}

/// How far the cells of a plan are, by id, where Slurm says that some wait, too.
pub(super) fn states<'a>(
    plan: &'a Plan,
    experiment: &ExperimentFolder,
) -> Result<HashMap<&'a str, CellState>, Failure> {
    let placements = Placements::of(experiment).map_err(|error| Failure::run(&error))?;
    let statuses = statuses(plan, experiment, &placements)?;
    Ok(plan
        .cells
        .iter()
        .map(|cell| cell.id.as_str())
        .zip(statuses.iter().map(|status| status.state))
        .collect())
}

/// What was submitted, for scripts.
#[derive(Debug, Serialize)]
struct Submitted {
    job: u64,
    cells: usize,
    groups: usize,
    tasks: usize,
    folder: PathBuf,
}

/// None if there was nothing to submit.
fn submit(
    whole: &Plan,
    plan: &Plan,
    experiment: &ExperimentFolder,
    arguments: &RunArguments,
    context: &Context,
) -> Result<Option<Submitted>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::run(error);
    // Before anything is written.
    let most_tasks = most_tasks().map_err(|error| usage(&error))?;
    Draft::new(plan, most_tasks).map_err(|error| Failure::input(&error))?;
    experiment.write_plan(whole).map_err(|error| failed(&error))?;
    let lock = SubmitLock::acquire(experiment).map_err(|error| failed(&error))?;
    let placements = Placements::of(experiment).map_err(|error| failed(&error))?;
    if let Some(error) = &placements.unasked {
        // Cells that wait or run could be submitted twice.
        return Err(usage(error));
    }
    let wanted = Wanted::of(plan, experiment, &placements);
    say_what_is_there(plan, &wanted, context);
    if wanted.plan.cells.is_empty() {
        return Ok(None);
    }
    let draft = Draft::new(&wanted.plan, most_tasks).map_err(|error| Failure::input(&error))?;
    let (cells, groups) = (wanted.plan.cells.len(), wanted.plan.groups.len());
    let (tasks, note) = (draft.tasks(), draft.note.clone());
    let (job, folder) = draft
        .submit(&wanted.plan, experiment, &options(arguments, context), &lock)
        .map_err(|error| refused(&error))?;
    context.display.say(&format!(
        "submitted job {job}: {} in {} and {}; `lossnet status {}` follows it, `lossnet cancel {}` ends it",
        count(cells, "cell"),
        count(groups, "group"),
        count(tasks, "task"),
        experiment.name(),
        experiment.name(),
    ));
    if let Some(note) = note {
        context.display.note(&note);
    }
    context.display.say(&format!("what it prints is in {}", folder.path().display()));
    Ok(Some(Submitted { job: job.number, cells, groups, tasks, folder: folder.path().to_owned() }))
}

/// What tasks are to be told of the command line.
fn options(arguments: &RunArguments, context: &Context) -> Vec<OsString> {
    let mut options = context.worker_options();
    options.extend(arguments.fail_fast.then(|| "--fail-fast".into()));
    if arguments.retries > 0 {
        options.extend(["--retries".into(), arguments.retries.to_string().into()]);
    }
    options
}

fn say_what_is_there(plan: &Plan, wanted: &Wanted, context: &Context) {
    let all = count(plan.cells.len(), "cell");
    if wanted.done > 0 {
        context.display.say(&format!("{} of {all} done already", wanted.done));
    }
    if wanted.at_work > 0 {
        context
            .display
            .say(&format!("{} of {all} wait or run already and are not submitted again", wanted.at_work));
    }
}

/// Where there is no Slurm, the command was given on the wrong machine.
fn usage(error: &SlurmError) -> Failure {
    match error {
        SlurmError::Absent { .. } => Failure::input(error),
        _ => Failure::run(error),
    }
}

/// What Slurm refuses is mostly wrong in the config.
fn refused(error: &SubmitError) -> Failure {
    let hint = "look at [executor.slurm] of the config; nothing was submitted";
    match error {
        SubmitError::Slurm(SlurmError::Refused { .. }) => Failure::input(error).with_hint(hint),
        SubmitError::Slurm(error) => usage(error),
        SubmitError::Settings(_) | SubmitError::Path(_) => Failure::input(error),
        _ => Failure::run(error),
    }
}

/// What would be submitted, as text or as JSON.
pub(super) fn picture(
    plan: &Plan,
    experiment: &ExperimentFolder,
    arguments: &RunArguments,
    context: &Context,
) -> Result<Value, Failure> {
    let placements = Placements::of(experiment).map_err(|error| Failure::run(&error))?;
    let wanted = Wanted::of(plan, experiment, &placements);
    if wanted.plan.cells.is_empty() {
        return Ok(json!({ "cells": 0, "groups": 0, "tasks": 0, "script": null }));
    }
    let most_tasks = most_tasks().unwrap_or_else(|error| {
        context.display.note(&format!("how many tasks an array may have is not known here: {error}"));
        usize::MAX
    });
    let draft = Draft::new(&wanted.plan, most_tasks).map_err(|error| Failure::input(&error))?;
    if let Some(note) = &draft.note {
        context.display.note(note);
    }
    let folder = experiment.path().join("slurm").join("TIME");
    let script =
        draft.script(experiment, &folder, &options(arguments, context)).map_err(|error| refused(&error))?;
    Ok(json!({
        "cells": wanted.plan.cells.len(),
        "groups": wanted.plan.groups.len(),
        "tasks": draft.tasks(),
        "script": script,
    }))
}

/// [`picture`] for people.
pub(super) fn picture_text(picture: &Value) -> String {
    match picture["script"].as_str() {
        None => "\nnothing would be submitted\n".to_owned(),
        Some(script) => {
            let of = |key: &str, noun| count(picture[key].as_u64().unwrap_or_default() as usize, noun);
            format!(
                "\nwould submit {} in {} and {} with\n\n{script}",
                of("cells", "cell"),
                of("groups", "group"),
                of("tasks", "task")
            )
        }
    }
}

/// Waits until nothing of the plan waits or runs in Slurm, telling how far it is. `done_before`: cells that were done when
/// it was submitted. None if the user does not want to wait any more.
fn follow(
    plan: &Plan,
    experiment: &ExperimentFolder,
    done_before: usize,
    context: &Context,
) -> Result<Option<Tally>, Failure> {
    let mut said = String::new();
    let mut pause = ASK_EVERY[0];
    loop {
        let placements = Placements::of(experiment).map_err(|error| Failure::run(&error))?;
        if let Some(error) = &placements.unasked {
            context.display.warn(&format!("cannot query Slurm, retrying: {error}"));
        } else {
            let states = statuses(plan, experiment, &placements)?;
            let now = summary(&states);
            if now != said {
                context.display.say(&now);
                said = now;
                pause = ASK_EVERY[0];
            }
            if !plan.cells.iter().any(|cell| placements.is_live(&cell.id)) {
                return tally(plan, experiment, &states, done_before).map(Some);
            }
        }
        let started = Instant::now();
        while started.elapsed() < pause {
            if context.is_interrupted() {
                context.display.say(&format!(
                    "the job goes on without this command: `lossnet status {}` says how far it is, `lossnet cancel {}` ends it",
                    experiment.name(),
                    experiment.name(),
                ));
                return Ok(None);
            }
            std::thread::sleep(LOOK_EVERY);
        }
        pause = (pause * 2).min(ASK_EVERY[1]);
    }
}

fn statuses(
    plan: &Plan,
    experiment: &ExperimentFolder,
    placements: &Placements,
) -> Result<Vec<CellStatus>, Failure> {
    let state = |cell: &lossnet_core::model::Cell| placements.status(&cell.id, &experiment.cell(&cell.id));
    plan.cells.iter().map(state).collect::<Result<_, _>>().map_err(|error| Failure::run(&error))
}

/// "8 done, 2 running, 14 queued".
fn summary(states: &[CellStatus]) -> String {
    let mut counts: HashMap<CellState, usize> = HashMap::new();
    for status in states {
        *counts.entry(status.state).or_default() += 1;
    }
    let told = CellState::ALL.iter().filter_map(|state| Some(format!("{} {state}", counts.get(state)?)));
    told.collect::<Vec<_>>().join(", ")
}

/// How cells ended that were to be run, where nothing is at work any more.
fn tally(
    plan: &Plan,
    experiment: &ExperimentFolder,
    states: &[CellStatus],
    done_before: usize,
) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let done = states.iter().filter(|status| status.state == CellState::Done).count();
    tally.done = done.saturating_sub(done_before);
    for (cell, status) in plan.cells.iter().zip(states) {
        match status.state {
            CellState::Done => {}
            CellState::Running => tally.elsewhere.push(cell.id.clone()),
            CellState::Failed | CellState::Queued | CellState::ToDo => {
                tally.failed += 1;
                let failure = experiment.cell(&cell.id).failure().map_err(|error| Failure::run(&error))?;
                let wrong = failure.is_some_and(|failure| failure.is_wrong_input());
                tally.wrong_input += usize::from(wrong);
            }
        }
    }
    Ok(tally)
}
