//! `lossnet status`

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::StatusArguments;
use super::changes;
use crate::context::Context;
use crate::execute::slurm::{CellStatus, Placements};
use crate::failure::Failure;
use crate::terminal::output;
use lossnet_core::folders;
use lossnet_core::inputs::Sums;
use lossnet_core::model::CellState;
use lossnet_core::nearest::did_you_mean;
use lossnet_core::store::{ExperimentFolder, Problem, ResultOwner, Store, StoreError, Unusable, survey};
use lossnet_core::words::count;

/// How many lines there are at most of cells that run, and of cells that wait.
const MOST_LINES: usize = 10;

/// What is said of a cell that looks done and is not.
const NOT_COUNTED: &str =
    "its result is not counted, and no run computes it again before its result.json is moved away";

/// Shows how far experiments are.
pub(super) fn status(arguments: &StatusArguments, context: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let (experiments, others) = experiments(&store, arguments.experiment.as_slice())?;
    let mut problems = others;
    let survey = survey::<ResultOwner>(&experiments);
    problems.extend(survey.problems);
    let sums = Sums::new(&[arguments.logs.clone(), folders::checkpoints(&arguments.logs)]).once();
    let status = |experiment| Status::of(experiment, &survey.unusable, &mut problems, &sums, context);
    let states: Vec<Status> = experiments.iter().map(status).collect();
    for problem in &problems {
        context.display.warn(&problem.to_string());
    }
    if arguments.json {
        output::print_json(&states.iter().map(Status::json).collect::<Vec<_>>())?;
    } else if states.is_empty() {
        output::print(&format!("no experiments in {}", store.root().display()))?;
    } else {
        output::print(&states.iter().map(Status::text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The experiments of these names, which must be there; or, if none is named, all with the folders beside them that are none.
pub(super) fn experiments(
    store: &Store,
    names: &[String],
) -> Result<(Vec<ExperimentFolder>, Vec<Problem>), Failure> {
    let (all, others) = store.folders().map_err(|error| Failure::run(&error))?;
    if names.is_empty() {
        return Ok((all, others));
    }
    let find = |name: &String| {
        if let Some(found) = all.iter().find(|experiment| experiment.name() == name) {
            return Ok(found.clone());
        }
        let hint = did_you_mean(name, all.iter().map(ExperimentFolder::name)).map(|hint| format!("; {hint}"));
        Err(Failure::usage(format!(
            "there is no experiment `{name}` in {}{}",
            store.root().display(),
            hint.unwrap_or_default()
        )))
    };
    let mut found: Vec<ExperimentFolder> = names.iter().map(find).collect::<Result<_, _>>()?;
    found.sort_by(|a, b| a.name().cmp(b.name()));
    found.dedup_by(|a, b| a.name() == b.name());
    Ok((found, Vec::new()))
}

/// How far an experiment is.
struct Status {
    name: String,
    /// Those of the last plan; all that there are where there is no plan.
    cells: Vec<KnownCell>,
    /// Those of earlier plans, which no run of the last one completes.
    earlier: Vec<KnownCell>,
}

/// How far a cell is.
struct KnownCell {
    id: String,
    name: String,
    status: CellStatus,
}

impl Status {
    /// Looks at all cells; what can't be read is told, and the rest shown. Results that are not counted make no cell done.
    fn of(
        experiment: &ExperimentFolder,
        unusable: &[Unusable],
        problems: &mut Vec<Problem>,
        sums: &Sums,
        context: &Context,
    ) -> Status {
        fn readable<T: Default>(read: Result<T, StoreError>, problems: &mut Vec<Problem>) -> T {
            read.unwrap_or_else(|error| {
                problems.push(Problem::Unreadable(error));
                T::default()
            })
        }
        let placements = readable(Placements::of(experiment), problems);
        if let Some(error) = &placements.unasked {
            context.display.note(&format!("what Slurm knows of {} is not shown: {error}", experiment.name()));
        }
        let plan = readable(experiment.planned_cells(), problems);
        let is_planned = plan.is_some();
        for sentence in changes::of_files(plan.as_deref().unwrap_or_default(), experiment, sums) {
            context.display.note(&sentence);
        }
        let mut names: Vec<(String, Option<String>)> =
            plan.into_iter().flatten().map(|cell| (cell.id, Some(cell.name))).collect();
        let planned: HashSet<String> = names.iter().map(|(id, _)| id.clone()).collect();
        // Those of earlier plans. A folder that can't be read is among the problems already.
        let others = experiment.cells().unwrap_or_default().into_iter().map(|(id, _)| id);
        names.extend(others.filter(|id| !planned.contains(id)).map(|id| (id, None)));
        let unusable: HashMap<&Path, &Unusable> =
            unusable.iter().map(|unusable| (unusable.folder.path(), unusable)).collect();
        let (mut cells, mut earlier) = (Vec::new(), Vec::new());
        for (id, name) in names {
            let folder = experiment.cell(&id);
            let unusable = unusable.get(folder.path());
            // A copy is not a cell, unless its name is planned.
            if unusable.is_some_and(|unusable| unusable.is_copy) && !planned.contains(&id) {
                continue;
            }
            let mut status = placements.status(&id, &folder).unwrap_or_else(|error| {
                problems.push(Problem::Unreadable(error));
                CellStatus { state: folder.state(), detail: None }
            });
            if unusable.is_some() && status.state == CellState::Done {
                status = CellStatus { state: CellState::ToDo, detail: Some(NOT_COUNTED.to_owned()) };
            }
            let name = name.or_else(|| folder.failure().ok().flatten().map(|failure| failure.name));
            let kind = if is_planned && !planned.contains(&id) { &mut earlier } else { &mut cells };
            kind.push(KnownCell { name: name.unwrap_or_else(|| id.clone()), id, status });
        }
        Status { name: experiment.name().to_owned(), cells, earlier }
    }

    fn of_state(&self, state: CellState) -> impl Iterator<Item = &KnownCell> {
        self.cells.iter().filter(move |cell| cell.status.state == state)
    }

    fn text(&self) -> String {
        let counts = CellState::ALL.iter().map(|&state| format!("{} {state}", self.of_state(state).count()));
        let counts: Vec<String> = counts.collect();
        let cells = count(self.cells.len(), "cell");
        let mut text = format!("{}: {cells}, {}\n", self.name, counts.join(", "));
        for state in [CellState::Running, CellState::Queued, CellState::ToDo] {
            let told = self.told(state);
            for (name, others, detail) in told.iter().take(MOST_LINES) {
                let _ = writeln!(text, "  {state}: {name}{others} ({detail})");
            }
            if told.len() > MOST_LINES {
                let _ = writeln!(text, "  {state}: … and more like this; --json lists all");
            }
        }
        for (name, others, why) in self.told(CellState::Failed) {
            let _ = writeln!(text, "  failed: {name}{others}: {why}");
        }
        if !self.earlier.is_empty() {
            let _ = writeln!(text, "  {}", self.of_earlier_plans());
        }
        text
    }

    /// "3 cells of earlier plans: 1 done, 2 not finished".
    fn of_earlier_plans(&self) -> String {
        let number =
            |state| self.earlier.iter().filter(|cell: &&KnownCell| cell.status.state == state).count();
        let (done, running) = (number(CellState::Done), number(CellState::Running));
        let counts =
            [(done, "done"), (running, "running"), (self.earlier.len() - done - running, "not finished")];
        let counts = counts.iter().filter(|(number, _)| *number > 0);
        let counts: Vec<String> = counts.map(|(number, what)| format!("{number} {what}")).collect();
        format!("{} of earlier plans: {}", count(self.earlier.len(), "cell"), counts.join(", "))
    }

    /// What there is to say of cells in a state, said once for all of which it is true: the first cell's name, how many
    /// others there are, and what.
    fn told(&self, state: CellState) -> Vec<(&str, String, &str)> {
        let mut told: Vec<(&str, usize, &str)> = Vec::new();
        for cell in self.of_state(state) {
            let Some(detail) = cell.status.detail.as_deref() else { continue };
            match told.iter_mut().find(|(_, _, known)| *known == detail) {
                Some((_, others, _)) => *others += 1,
                None => told.push((&cell.name, 0, detail)),
            }
        }
        let others = |others| if others > 0 { format!(" and {others} more") } else { String::new() };
        told.into_iter().map(|(name, number, detail)| (name, others(number), detail)).collect()
    }

    fn json(&self) -> Value {
        let json = |KnownCell { id, name, status }: &KnownCell| -> Value {
            json!({ "cell": id, "name": name, "state": status.state.name(), "detail": status.detail })
        };
        let cells: Vec<Value> = self.cells.iter().map(json).collect();
        let earlier: Vec<Value> = self.earlier.iter().map(json).collect();
        let failures = self.of_state(CellState::Failed);
        let failures: Vec<Value> = failures
            .map(|cell| json!({ "name": cell.name, "why": cell.status.detail.clone().unwrap_or_default() }))
            .collect();
        json!({ "experiment": self.name, "cells": cells, "earlier": earlier, "failures": failures })
    }
}
