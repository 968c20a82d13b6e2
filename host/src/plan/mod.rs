//! From a config to the cells of its cross product, and the groups of cells that one pass can serve.

mod identity;
mod state;
mod sweep;
mod table;
mod variants;
mod varied;

use std::collections::HashMap;
use std::rc::Rc;

use lossnet_plugin_protocol::Kind;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use state::CellState;

use crate::catalog::{Catalog, NodeNames};
use crate::config::{
    Checker, ConfigError, ConfigErrors, LossNetworkSection, Origin, RawConfig, ResolvedConfig, Surroundings,
};
use identity::{Axes, Identity};
use sweep::Axis;
use variants::{Choice, Variants, manifest};

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
    /// `nodes` tells which inner layers backbones have; `&()` leaves those to be checked later. Fails with
    /// everything that is wrong with the config.
    pub fn new(raw: &RawConfig, catalog: &Catalog, nodes: &dyn NodeNames) -> Result<Plan, ConfigErrors> {
        let checker = Checker::new(raw, catalog, nodes);
        checker.check_keys();
        let mut notes = Vec::new();
        let axes = sweep::axes(&checker, &mut notes);
        let surroundings = checker.surroundings();
        let experiment = checker.experiment(&checker.view("experiment"));
        let lengths: Vec<usize> = axes.iter().map(|axis| axis.values.len()).collect();
        let Some(total) = sweep::combinations(lengths.iter().copied()) else {
            checker.error(too_many());
            return Err(checker.finish().err().unwrap_or_default());
        };
        let variants = Variants::new(&checker, &axes);
        let Some(experiment) = experiment else { return Err(checker.finish().err().unwrap_or_default()) };
        let repetitions = experiment.repetitions as usize;
        let Some(runs) = variants.total().and_then(|cells| sweep::combinations([cells, repetitions])) else {
            checker.error(too_many());
            return Err(checker.finish().err().unwrap_or_default());
        };
        checker.finish()?;

        let mut builder = Builder::new(&axes, repetitions, runs);
        for position in 0..total {
            let indices = sweep::combination(position, &lengths);
            for choice in variants.at(&indices) {
                builder.add(catalog, &choice, &indices, &experiment);
            }
        }
        Ok(Plan {
            experiment: experiment.name,
            cells: builder.cells,
            groups: builder.groups,
            surroundings,
            notes,
        })
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

/// Puts cells and groups together.
struct Builder<'a> {
    axes: &'a [Axis<'a>],
    repetitions: usize,
    cells: Vec<Cell>,
    groups: Vec<Group>,
    /// Cells by id: values that mean the same (a layer's index and its name) make one cell.
    known: HashMap<String, usize>,
    group_of: HashMap<(String, u32), usize>,
    /// Identities of sections, by the section's address, for the axes that the task shares.
    networks: HashMap<(*const LossNetworkSection, String), Rc<Identity>>,
}

impl<'a> Builder<'a> {
    fn new(axes: &'a [Axis<'a>], repetitions: usize, runs: usize) -> Builder<'a> {
        Builder {
            axes,
            repetitions,
            cells: Vec::with_capacity(runs),
            groups: Vec::new(),
            known: HashMap::with_capacity(runs),
            group_of: HashMap::new(),
            networks: HashMap::new(),
        }
    }

    fn add(
        &mut self,
        catalog: &Catalog,
        choice: &Choice<'_>,
        indices: &[usize],
        experiment: &crate::config::ExperimentSection,
    ) {
        let details = manifest(catalog, Kind::Task, &choice.task.name).map(|task| &task.details);
        let protocol_version = details.and_then(|details| details.protocol_version).unwrap_or(1);
        let rules = details.map_or(&[][..], |details| &details.shared_axes);
        let (task_map, data_map, run_map) =
            (choice.task.to_map("name"), choice.data.to_map(), choice.run.to_map());
        for network in choice.networks {
            let lookup = |key: &str| -> Option<Value> {
                let (section, name) = key.split_once('.')?;
                match section {
                    "task" => task_map.get(name).cloned(),
                    "data" => data_map.get(name).cloned(),
                    "run" => run_map.get(name).cloned(),
                    _ => network.to_map().get(name).cloned(),
                }
            };
            let axes = Axes::of(rules, lookup);
            let network_identity = self
                .networks
                .entry((Rc::as_ptr(network), axes.key()))
                .or_insert_with(|| Rc::new(axes.loss_network(network)))
                .clone();
            let (task, data, run) = (axes.task(choice.task), axes.data(choice.data), axes.run(choice.run));
            let whole = [&*task.whole, &network_identity.whole, &data.whole, &run.whole];
            let shared = [&*task.shared, &network_identity.shared, &data.shared, &run.shared];
            // Repetitions of what does not depend on seeds would repeat the same number.
            let deterministic = details.and_then(|details| details.deterministic.as_ref());
            let fixed = deterministic
                .is_some_and(|when| when.iter().all(|(key, wanted)| lookup(key).as_ref() == Some(wanted)));
            let repetitions = if fixed { 1 } else { self.repetitions as u32 };
            for repetition in 0..repetitions {
                let id = identity::cell_id(whole, protocol_version, repetition);
                if self.known.contains_key(&id) {
                    continue;
                }
                let position = self.cells.len();
                self.known.insert(id.clone(), position);
                let seed = identity::group_seed(shared, protocol_version, repetition, choice.run.seed);
                self.group(
                    shared,
                    repetition,
                    position,
                    seed,
                    &self.group_name(network, indices, repetition),
                );
                self.cells.push(Cell {
                    id,
                    name: self.cell_name(network, indices, repetition),
                    repetition,
                    seed,
                    protocol_version,
                    config: ResolvedConfig {
                        experiment: experiment.clone(),
                        task: (**choice.task).clone(),
                        loss_network: (**network).clone(),
                        data: (**choice.data).clone(),
                        run: (**choice.run).clone(),
                    },
                });
            }
        }
    }

    fn group(&mut self, shared: [&str; 4], repetition: u32, cell: usize, seed: u64, name: &str) {
        let key = (shared.join("\n"), repetition);
        if let Some(&group) = self.group_of.get(&key) {
            self.groups[group].cells.push(cell);
            return;
        }
        self.group_of.insert(key, self.groups.len());
        self.groups.push(Group { name: name.to_owned(), cells: vec![cell], seed });
    }

    fn group_name(&self, network: &LossNetworkSection, indices: &[usize], repetition: u32) -> String {
        let mut parts = vec![network.backbone.name.clone()];
        parts.extend(self.others(indices));
        parts.extend(self.repetition_name(repetition));
        parts.join(" · ")
    }

    fn cell_name(&self, network: &LossNetworkSection, indices: &[usize], repetition: u32) -> String {
        let mut parts =
            vec![network.backbone.name.clone(), network.layers.join(","), network.comparison.name.clone()];
        parts.extend(self.others(indices));
        parts.extend(self.repetition_name(repetition));
        parts.join(" · ")
    }

    fn repetition_name(&self, repetition: u32) -> Option<String> {
        (self.repetitions > 1).then(|| format!("repetition {}", repetition + 1))
    }

    /// What else tells cells of this sweep apart.
    fn others(&self, indices: &[usize]) -> Vec<String> {
        let named = ["loss_network.backbone", "loss_network.layers", "loss_network.comparison"];
        let varied = self.axes.iter().zip(indices).filter(|(axis, _)| axis.values.len() > 1);
        varied
            .filter(|(axis, _)| !named.contains(&axis.key))
            .map(|(axis, &index)| {
                let value = &axis.values[index].value;
                let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let name = axis.key.rsplit('.').next().unwrap_or(axis.key);
                if name == "name" { value } else { format!("{name}={value}") }
            })
            .collect()
    }
}
