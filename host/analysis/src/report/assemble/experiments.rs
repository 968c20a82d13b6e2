//! How far experiments are.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use crate::report::data::Experiment;
use crate::results::CompleteCell;
use lossnet_core::model::CellState;
use lossnet_core::store::{CellFolder, ExperimentFolder, Problem, Unusable};

/// Counts the cells of each experiment by state, and the reasons of failures. What can't be read is told.
pub(super) fn of(
    experiments: &[ExperimentFolder],
    cells: &[Arc<CompleteCell>],
    unusable: &[Unusable],
    told: &mut Vec<String>,
) -> Vec<Experiment> {
    let unusable = unusable.iter().map(|unusable| (unusable.folder.path(), unusable.is_copy)).collect();
    experiments.iter().map(|experiment| one(experiment, cells, &unusable, told)).collect()
}

fn one(
    experiment: &ExperimentFolder,
    cells: &[Arc<CompleteCell>],
    unusable: &HashMap<&Path, bool>,
    told: &mut Vec<String>,
) -> Experiment {
    let planned = experiment.planned_cells().unwrap_or_else(|error| {
        told.push(Problem::Unreadable(error).to_string());
        None
    });
    // A folder that can't be read was told when results were gathered.
    let begun = experiment.cells().unwrap_or_default();
    let known: HashSet<&String> = begun.iter().map(|(id, _)| id).collect();
    let missing = planned.iter().flatten().filter(|cell| !known.contains(&cell.id)).count();
    let mut counts: BTreeMap<String, usize> =
        CellState::ALL.iter().map(|state| (state.name().to_owned(), 0)).collect();
    *counts.entry(CellState::ToDo.name().to_owned()).or_default() += missing;
    let mut failures: BTreeMap<String, usize> = BTreeMap::new();
    let is_planned: HashSet<&String> = planned.iter().flatten().map(|cell| &cell.id).collect();
    for (id, folder) in &begun {
        let state = match (unusable.get(folder.path()), folder.state()) {
            // A copy is not a cell, unless its name is planned.
            (Some(true), _) if !is_planned.contains(id) => continue,
            (Some(_), CellState::Done) => CellState::ToDo,
            (_, state) => state,
        };
        // What an earlier plan has left undone, no run of the last one completes.
        let is_earlier = planned.is_some() && !is_planned.contains(id);
        if is_earlier && matches!(state, CellState::ToDo | CellState::Failed) {
            continue;
        }
        *counts.entry(state.name().to_owned()).or_default() += 1;
        if state == CellState::Failed {
            match reason(folder) {
                Ok(reason) => *failures.entry(reason).or_default() += 1,
                Err(problem) => told.push(problem.to_string()),
            }
        }
    }
    let mut failures: Vec<(String, usize)> = failures.into_iter().collect();
    failures.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    let first = cells.iter().find(|cell| cell.experiment == experiment.name());
    let description = first.map(|cell| cell.result.cell.config.experiment.description.clone());
    let name = experiment.name().to_owned();
    Experiment { name, description: description.unwrap_or_default(), cells: counts, failures }
}

/// Why a cell's last attempt failed.
fn reason(folder: &CellFolder) -> Result<String, Problem> {
    let failure = folder.failure().map_err(Problem::Unreadable)?;
    Ok(failure.map_or_else(|| "no reason is known".to_owned(), |failure| failure.reason()))
}
