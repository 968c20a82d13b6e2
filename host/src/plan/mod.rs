//! From a config to the cells of its cross product, and the groups of cells that one pass can serve.

mod builder;
mod condition;
mod identity;
mod part;
mod select;
mod settings;
mod short;
mod state;
mod sweep;
mod table;
mod variants;
mod varied;

use serde::{Deserialize, Serialize};

pub use condition::{Condition, ConditionError};
pub use select::{Selection, SelectionError, Shard, ShardError};
pub use state::CellState;

pub(crate) use identity::canonical;
pub(crate) use settings::CellSettings;
pub(crate) use sweep::why_none;

use crate::catalog::{Catalog, Descriptions};
use crate::config::{Checker, ConfigError, ConfigErrors, Origin, RawConfig, ResolvedConfig, Surroundings};
use crate::inputs::{Contents, Inputs};
use builder::Builder;
use variants::Variants;

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
    /// Checks a config and makes its cells and groups.
    ///
    /// `descriptions` tell which layers backbones have with their settings; `&()` leaves those to be checked later. `contents` tells what is in
    /// files; for `&()` they are what they are called. Fails with everything that is wrong with the config.
    pub fn new(
        raw: &RawConfig,
        catalog: &Catalog,
        descriptions: &dyn Descriptions,
        contents: &dyn Contents,
    ) -> Result<Plan, ConfigErrors> {
        let checker = Checker::new(raw, catalog, descriptions);
        checker.check_keys();
        let mut notes = Vec::new();
        let sweep = sweep::read(&checker, &mut notes);
        let mut surroundings = checker.surroundings();
        let experiment = checker.experiment(&checker.view("experiment"));
        let totals: Option<Vec<usize>> =
            sweep.parts.iter().map(|part| sweep::combinations(part.lengths())).collect();
        let Some(totals) = totals else {
            checker.error(too_many());
            return Err(checker.finish().err().unwrap_or_default());
        };
        let variants: Vec<Variants> = sweep.parts.iter().map(|part| Variants::new(&checker, part)).collect();
        let Some(experiment) = experiment else { return Err(checker.finish().err().unwrap_or_default()) };
        checker.finish()?;

        let mut builder = Builder::new(catalog, contents, &sweep, &experiment);
        for ((part, variants), total) in sweep.parts.iter().zip(&variants).zip(totals) {
            let (lengths, before) = (part.lengths(), builder.count());
            for position in 0..total {
                for choice in variants.at(&sweep::combination(position, &lengths)) {
                    builder.add(&choice, part);
                }
                if builder.count() > sweep::MOST_CELLS {
                    return Err(too_many().into());
                }
            }
            if let (Some(origin), true) = (&part.include, builder.count() == before) {
                notes.push(format!("`sweep.include` at {origin} adds no cell that is not there already"));
            }
        }
        let (cells, groups, taken) = builder.finish();
        let errors = sweep::check_use(&sweep, &taken, &cells, &mut notes);
        if !errors.is_empty() {
            return Err(errors);
        }
        if !surroundings.trackers.is_empty() {
            surroundings.varied = varied::varied(&cells);
        }
        Ok(Plan { experiment: experiment.name, cells, groups, surroundings, notes })
    }

    /// The cells of a group.
    pub fn group_cells<'a, 'g>(&'a self, group: &'g Group) -> impl Iterator<Item = &'a Cell> + use<'a, 'g> {
        group.cells.iter().filter_map(|&position| self.cells.get(position))
    }
}

fn too_many() -> ConfigError {
    ConfigError {
        origin: Origin::Default,
        key: Some("sweep".to_owned()),
        problem: format!("[sweep] makes more than {} cells", sweep::MOST_CELLS),
        help: Some("give it fewer values".to_owned()),
    }
}
