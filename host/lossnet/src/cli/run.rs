//! `lossnet run`

mod ending;
mod executor;
mod inputs;
mod picture;
mod planning;
mod slurm;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::process::ExitCode;

use executor::Chosen;
use inputs::Asker;

use super::args::RunArguments;
use super::{changes, results};
use crate::context::Context;
use crate::execute::{Adjust, Job, Policy, Requests, Tally};
use crate::failure::{Failure, INTERRUPTED, RUN_FAILED, SOME_CELLS_FAILED, USAGE};
use crate::terminal::output;
use lossnet_analysis::leaderboards::analyze;
use lossnet_analysis::results::{COLUMNS, Column, Gathered, csv, gather, parquet, stand, to_json};
use lossnet_core::folders;
use lossnet_core::inputs::Sums;
use lossnet_core::model::Component;
use lossnet_core::model::{Cell, CellState, Plan};
use lossnet_core::store::{ExperimentFolder, Store};
use lossnet_core::words::count;
use lossnet_plan::PlannedContents;
use lossnet_plan::catalog::Descriptions as _;
use lossnet_plan::config::RawConfig;
use lossnet_plan::planner::plan_cells;

/// Runs what is not done yet.
pub(super) fn run(arguments: &RunArguments, context: &Context) -> Result<ExitCode, Failure> {
    let whole = plan(arguments, context)?;
    let store = Store::new(&arguments.logs);
    let experiment = store.experiment(&whole.experiment);
    let executor = executor::choose(arguments, &whole)?;
    // A run looks itself, when it comes to a cell.
    let is_asked_for = arguments.plan || arguments.selection.limit.is_some();
    let states = if is_asked_for { slurm::states(&whole, &experiment)? } else { HashMap::new() };
    let state = |cell: &Cell| states.get(cell.id.as_str()).copied().unwrap_or(CellState::ToDo);
    let selection = arguments.selection.selection();
    let plan = selection.select_from(&whole, state).map_err(|error| Failure::usage(error.to_string()))?;
    if !selection.is_everything() {
        let are = if plan.cells.len() == 1 { "is" } else { "are" };
        let all = count(whole.cells.len(), "cell");
        context.display.note(&format!("{} of {all} {are} selected", plan.cells.len()));
    }
    let asker = if arguments.plan { Asker::Plan } else { Asker::Run };
    // What is done needs its images no more.
    let is_done = |cell: &&Cell| match asker {
        Asker::Plan => state(cell) == CellState::Done,
        Asker::Run => experiment.state(&cell.id) == CellState::Done,
    };
    let own_data = inputs::check(plan.cells.iter().filter(|cell| !is_done(cell)), asker, context)?;
    let sums = Sums::new(&written(arguments)).once();
    for sentence in changes::since_last_run(&whole, &experiment, &sums) {
        context.display.note(&sentence);
    }
    if arguments.plan {
        let submission = match executor {
            Chosen::Slurm => Some(slurm::picture(&plan, &experiment, arguments, context)?),
            Chosen::Here(_) => None,
        };
        planning::show(&plan, &store, &experiment, &states, submission, &own_data, arguments, context)?;
        return Ok(ExitCode::SUCCESS);
    }
    // Before anything is written: what is wrong with the first group must not leave a folder behind.
    Requests::new(&plan, &plan.cells, &arguments.logs, context, Adjust::default())?;
    let Chosen::Here(executor) = executor else {
        return slurm::run(&whole, &plan, &experiment, arguments, context);
    };
    // The whole of it, so that a status counts what other shards do, too.
    experiment.write_plan(&whole).map_err(|error| Failure::input(&error))?;
    let policy = Policy { fail_fast: arguments.fail_fast, retries: arguments.retries.into() };
    let job = Job { plan: &plan, experiment: &experiment, logs: &arguments.logs, policy, context };
    let tally = job.run(&executor)?;
    report(&plan, &experiment, arguments, context)?;
    Ok(end(&plan, &tally, context))
}

fn plan(arguments: &RunArguments, context: &Context) -> Result<Plan, Failure> {
    let index = context.index()?;
    let wrong = |errors: lossnet_plan::config::ConfigErrors| Failure::usage(errors.to_string());
    // A variable that is not a text is not a setting, and in no path.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let raw = RawConfig::load(&arguments.configs, environment, &arguments.set).map_err(wrong)?;
    let described =
        |backbone: &Component| context.described(&backbone.name, &backbone.settings).ok().flatten();
    let contents = PlannedContents::new(&index.catalog, &described, &written(arguments));
    let plan = plan_cells(&raw, &index.catalog, context, &contents).map_err(wrong)?;
    for note in &plan.notes {
        context.display.note(note);
    }
    Ok(plan)
}

/// The folders that a run writes to.
fn written(arguments: &RunArguments) -> [PathBuf; 2] {
    [arguments.logs.clone(), folders::checkpoints(&arguments.logs)]
}

/// Writes the tables, the pictures and the report, and prints what was found.
fn report(
    plan: &Plan,
    experiment: &ExperimentFolder,
    arguments: &RunArguments,
    context: &Context,
) -> Result<(), Failure> {
    let mut gathered = gather(std::slice::from_ref(experiment));
    results::warn(&gathered, context);
    if let Some(sentence) = not_counted(plan, &gathered) {
        context.display.warn(&sentence);
    }
    let planned: HashSet<&str> = plan.cells.iter().map(|cell| cell.id.as_str()).collect();
    let rows = gathered.rows.iter().filter(|row| planned.contains(row.result().cell.id.as_str()));
    for sentence in changes::of_plugins(rows, context.index()?, &Sums::new(&[]).once()) {
        context.display.note(&sentence);
    }
    let measured = gathered.measured();
    let analysis = analyze(&measured, &context.index()?.about(&measured));
    for problem in &analysis.problems {
        context.display.warn(problem);
    }
    stand(&mut gathered.rows, &analysis.boards);
    let columns: Vec<&Column> = COLUMNS.iter().collect();
    let table = csv(&gathered.rows, &columns).map_err(|error| Failure::run(&error))?;
    let write = |name: &str, bytes: &[u8]| {
        let path = experiment.path().join(name);
        // Who may only read can still look at what is complete.
        lossnet_core::atomic::write_if_changed(&path, bytes)
            .map_err(|error| Failure::usage(format!("{} can't be written: {error}", path.display())))
    };
    write("results.csv", &table)?;
    let parquet = parquet(&gathered.rows, &columns).map_err(|error| Failure::run(&error))?;
    write("results.parquet", &parquet)?;
    picture::write(plan, experiment, &gathered.rows, context)?;
    let json = arguments.json.then(|| to_json(&gathered.rows, &columns));
    let answered = ending::of(experiment, gathered, analysis, context)?;
    match json {
        Some(json) => output::print_json(&json),
        None => answered.map_or(Ok(()), |text| output::print(&text)),
    }
}

/// What is said of cells that were taken for done, since they have a result, and are not counted.
fn not_counted(plan: &Plan, gathered: &Gathered) -> Option<String> {
    let planned: HashMap<&str, &Cell> = plan.cells.iter().map(|cell| (cell.id.as_str(), cell)).collect();
    let of_plan = gathered.unusable.iter().filter_map(|unusable| {
        let path = unusable.folder.path();
        Some((planned.get(path.file_name()?.to_str()?)?, path.join("result.json")))
    });
    let of_plan: Vec<_> = of_plan.collect();
    let (cell, path) = of_plan.first()?;
    let (are, whose) = if of_plan.len() == 1 { ("was", "its") } else { ("were", "their") };
    Some(format!(
        "{} {are} taken for done, but {whose} results are not counted, the first that of {} in {}: move what is damaged away, \
         and the same command computes it again",
        count(of_plan.len(), "cell"),
        cell.name,
        path.display()
    ))
}

fn end(plan: &Plan, tally: &Tally, context: &Context) -> ExitCode {
    if tally.interrupted {
        context.display.say("interrupted; progress is saved. Run the same command to resume");
        return ExitCode::from(INTERRUPTED);
    }
    if tally.failed > 0 {
        context.display.say(&format!(
            "{} failed, {} completed; `lossnet status` says why, the same command tries again",
            count(tally.failed, "cell"),
            tally.done
        ));
        if tally.left > 0 {
            let left = count(tally.left, "cell");
            context.display.say(&format!("the first failure has ended the run and left {left} undone"));
        }
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
