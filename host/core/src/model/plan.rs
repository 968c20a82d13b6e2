//! What a config asks for: cells, in groups that one pass serves.

use serde::{Deserialize, Serialize};

use super::{ResolvedConfig, Surroundings};
use crate::inputs::Inputs;

/// Everything that a config asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// The experiment's name.
    pub experiment: String,
    /// One per combination and repetition; no two have the same id.
    pub cells: Vec<Cell>,
    /// Each cell is in one.
    pub groups: Vec<Group>,
    /// Settings of executors and trackers, which change no result.
    #[serde(default)]
    pub surroundings: Surroundings,
    /// What the config's author should know, a sentence each: what was replaced by what. Not kept.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// One run of a task with one loss network on one dataset.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// 16 hex digits that stand for all that can change the result.
    pub id: String,
    /// A name for people, such as `alexnet · 4 · spatial+sort`.
    pub name: String,
    /// Which repetition, from 0.
    pub repetition: u32,
    /// Seed of its randomness, below 2^53: the same for all cells of its group.
    pub seed: u64,
    /// Version of what its task computes.
    pub protocol_version: u32,
    /// All its settings.
    pub config: ResolvedConfig,
    /// What it reads, by what was in it when the cell was planned.
    #[serde(default)]
    pub inputs: Inputs,
}

/// Cells that one pass over the data serves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// A name for people.
    pub name: String,
    /// Positions in [`Plan::cells`], ascending.
    pub cells: Vec<usize>,
    /// Seed of its randomness.
    pub seed: u64,
}

impl Plan {
    /// The cells of a group.
    pub fn group_cells<'a, 'g>(&'a self, group: &'g Group) -> impl Iterator<Item = &'a Cell> + use<'a, 'g> {
        group.cells.iter().filter_map(|&position| self.cells.get(position))
    }

    /// The same experiment with the same surroundings, and nothing to run.
    #[must_use]
    pub fn without_cells(&self) -> Plan {
        Plan {
            experiment: self.experiment.clone(),
            cells: Vec::new(),
            groups: Vec::new(),
            surroundings: self.surroundings.clone(),
            notes: Vec::new(),
        }
    }

    /// Adds cells of a group, which keeps its name and seed; nothing if there are none.
    pub fn add_group(&mut self, group: &Group, cells: impl IntoIterator<Item = Cell>) {
        let first = self.cells.len();
        self.cells.extend(cells);
        let positions: Vec<usize> = (first..self.cells.len()).collect();
        if !positions.is_empty() {
            self.groups.push(Group { cells: positions, ..group.clone() });
        }
    }

    /// The plan with only these cells.
    #[must_use]
    pub fn part(&self, wanted: &[bool]) -> Plan {
        let mut position = 0;
        let places: Vec<Option<usize>> = wanted
            .iter()
            .map(|&wanted| {
                position += usize::from(wanted);
                wanted.then(|| position - 1)
            })
            .collect();
        let cells = self.cells.iter().zip(wanted).filter(|(_, wanted)| **wanted);
        let groups = self.groups.iter().map(|group| Group {
            cells: group.cells.iter().filter_map(|&cell| places[cell]).collect(),
            ..group.clone()
        });
        Plan {
            cells: cells.map(|(cell, _)| cell.clone()).collect(),
            groups: groups.filter(|group| !group.cells.is_empty()).collect(),
            notes: self.notes.clone(),
            ..self.without_cells()
        }
    }
}
