//! `lossnet status`

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::StatusArguments;
use super::context::Context;
use super::failure::Failure;
use super::output;
use crate::catalog::did_you_mean;
use crate::plan::CellState;
use crate::store::{ExperimentFolder, Problem, ResultOwner, Store, survey};

/// Shows how far experiments are.
pub(super) fn status(arguments: &StatusArguments, context: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let (experiments, others) = experiments(&store, arguments.experiment.as_slice())?;
    let mut problems = others;
    problems.extend(survey::<ResultOwner>(&experiments).problems);
    let states: Vec<Status> =
        experiments.iter().map(|experiment| Status::of(experiment, &mut problems)).collect();
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
    cells: Vec<(String, String, CellState)>,
    failures: Vec<(String, String)>,
}

impl Status {
    /// Looks at all cells; what can't be read is told, and the rest shown.
    fn of(experiment: &ExperimentFolder, problems: &mut Vec<Problem>) -> Status {
        let planned = experiment.planned_cells();
        let planned = planned.unwrap_or_else(|error| {
            problems.push(Problem::Unreadable(error));
            None
        });
        let mut cells: Vec<(String, String, CellState)> = planned
            .into_iter()
            .flatten()
            .map(|cell| {
                let state = experiment.state(&cell.id);
                (cell.id, cell.name, state)
            })
            .collect();
        let known: HashMap<String, CellState> =
            cells.iter().map(|(id, _, state)| (id.clone(), *state)).collect();
        let mut failures = Vec::new();
        // A folder that can't be read is among the problems already.
        for (id, folder) in experiment.cells().unwrap_or_default() {
            let state = known.get(&id).copied().unwrap_or_else(|| {
                // Of an earlier plan.
                let state = folder.state();
                cells.push((id.clone(), id.clone(), state));
                state
            });
            if state != CellState::Failed {
                continue;
            }
            match folder.failure() {
                Ok(Some(failure)) => {
                    let mut why = failure.error.message.clone();
                    for cause in &failure.error.causes {
                        let _ = write!(why, ": {cause}");
                    }
                    failures.push((failure.name, why));
                }
                Ok(None) => {}
                Err(error) => problems.push(Problem::Unreadable(error)),
            }
        }
        Status { name: experiment.name().to_owned(), cells, failures }
    }

    fn count(&self, state: CellState) -> usize {
        self.cells.iter().filter(|(_, _, of)| *of == state).count()
    }

    fn text(&self) -> String {
        let counts = CellState::ALL.iter().map(|&state| format!("{} {state}", self.count(state)));
        let counts: Vec<String> = counts.collect();
        let mut text = format!("{}: {} cells, {}\n", self.name, self.cells.len(), counts.join(", "));
        // Cells of a group fail for the same reason: it is said once.
        let mut told: Vec<&str> = Vec::new();
        for (name, why) in &self.failures {
            if told.contains(&why.as_str()) {
                continue;
            }
            told.push(why);
            let same = self.failures.iter().filter(|(_, other)| other == why).count();
            let others = if same > 1 { format!(" and {} more", same - 1) } else { String::new() };
            let _ = writeln!(text, "  failed: {name}{others}: {why}");
        }
        text
    }

    fn json(&self) -> Value {
        let cells: Vec<Value> = self
            .cells
            .iter()
            .map(|(id, name, state)| json!({ "cell": id, "name": name, "state": state.name() }))
            .collect();
        let failures: Vec<Value> =
            self.failures.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
        json!({ "experiment": self.name, "cells": cells, "failures": failures })
    }
}
