//! `lossnet status`

use std::collections::HashSet;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::args::StatusArguments;
use super::context::Context;
use super::failure::Failure;
use super::output;
use crate::catalog::did_you_mean;
use crate::plan::CellState;
use crate::store::{ExperimentFolder, Store};

/// Shows how far experiments are.
pub(super) fn status(arguments: &StatusArguments, _: &Context) -> Result<ExitCode, Failure> {
    let store = Store::new(&arguments.logs);
    let experiments = experiments(&store, arguments.experiment.as_deref())?;
    let states: Vec<Status> = experiments.iter().map(Status::of).collect::<Result<_, _>>()?;
    if arguments.json {
        output::print_json(&states.iter().map(Status::json).collect::<Vec<_>>())?;
    } else if states.is_empty() {
        output::print(&format!("no experiments in {}", store.root().display()))?;
    } else {
        output::print(&states.iter().map(Status::text).collect::<Vec<_>>().join("\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One experiment, which must be there, or all.
pub(super) fn experiments(store: &Store, name: Option<&str>) -> Result<Vec<ExperimentFolder>, Failure> {
    let all = store.experiments().map_err(|error| Failure::run(&error))?;
    let Some(name) = name else { return Ok(all) };
    if let Some(found) = all.iter().find(|experiment| experiment.name() == name) {
        return Ok(vec![found.clone()]);
    }
    let hint = did_you_mean(name, all.iter().map(ExperimentFolder::name)).map(|hint| format!("; {hint}"));
    Err(Failure::usage(format!(
        "there is no experiment `{name}` in {}{}",
        store.root().display(),
        hint.unwrap_or_default()
    )))
}

/// How far an experiment is.
struct Status {
    name: String,
    cells: Vec<(String, String, CellState)>,
    failures: Vec<(String, String)>,
}

impl Status {
    fn of(experiment: &ExperimentFolder) -> Result<Status, Failure> {
        let plan = experiment.read_plan().map_err(|error| Failure::run(&error))?;
        let mut cells: Vec<(String, String, CellState)> = plan
            .iter()
            .flat_map(|plan| &plan.cells)
            .map(|cell| (cell.id.clone(), cell.name.clone(), experiment.state(&cell.id)))
            .collect();
        let mut failures = Vec::new();
        let planned: HashSet<String> = cells.iter().map(|(id, _, _)| id.clone()).collect();
        for (id, folder) in experiment.cells().map_err(|error| Failure::run(&error))? {
            if !planned.contains(&id) {
                // Of an earlier plan.
                cells.push((id.clone(), id.clone(), folder.state()));
            }
            if folder.state() == CellState::Failed
                && let Some(failure) = folder.failure().map_err(|error| Failure::run(&error))?
            {
                let mut why = failure.error.message.clone();
                for cause in &failure.error.causes {
                    let _ = write!(why, ": {cause}");
                }
                failures.push((failure.name, why));
            }
        }
        Ok(Status { name: experiment.name().to_owned(), cells, failures })
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
