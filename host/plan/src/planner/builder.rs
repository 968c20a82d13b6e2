//! Puts cells and groups together.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use lossnet_plugin_protocol::Kind;
use serde_json::{Map, Value};

use super::identity::{self, Axes, Identity};
use super::settings::{Settings, Tables, network_table, text};
use super::short::short_paths;
use super::sweep::{Part, Sweep};
use super::variants::{Choice, manifest};
use crate::catalog::Catalog;
use crate::contents::Contents;
use lossnet_core::inputs::Inputs;
use lossnet_core::model::{Cell, Group};
use lossnet_core::model::{
    Component, DataSection, ExperimentSection, LossNetworkSection, ResolvedConfig, RunSection,
};

/// What every cell's name says anyway.
const ALWAYS_NAMED: [&str; 3] = ["loss_network.backbone", "loss_network.layers", "loss_network.comparison"];

/// A component whose settings that change no result are at their defaults.
fn essential(catalog: &Catalog, kind: Kind, component: &Component) -> Component {
    let settings = match manifest(catalog, kind, &component.name) {
        Some(manifest) => lossnet_core::model::essential(&manifest.config_schema, &component.settings),
        None => component.settings.clone(),
    };
    Component { name: component.name.clone(), settings }
}

fn essential_data(catalog: &Catalog, data: &DataSection) -> DataSection {
    let test = data.test.iter().map(|(label, data)| (label.clone(), essential_data(catalog, data)));
    DataSection {
        dataset: essential(catalog, Kind::Dataset, &data.dataset),
        test: test.collect(),
        ..data.clone()
    }
}

fn essential_network(catalog: &Catalog, network: &LossNetworkSection) -> LossNetworkSection {
    let mut network = network.clone();
    network.backbone = essential(catalog, Kind::Backbone, &network.backbone);
    for term in &mut network.comparison.terms {
        *term = essential(catalog, Kind::Comparison, term);
    }
    network
}

/// The version of what a component computes.
fn version(catalog: &Catalog, kind: Kind, name: &str) -> (String, u32) {
    let version = manifest(catalog, kind, name).and_then(|held| held.details.protocol_version);
    (format!("{kind}.{name}"), version.unwrap_or(1))
}

fn of_network(catalog: &Catalog, contents: &dyn Contents, network: &LossNetworkSection) -> Inputs {
    let mut inputs = contents.network(network);
    let terms = network.comparison.terms.iter();
    inputs.versions.extend(terms.map(|term| version(catalog, Kind::Comparison, &term.name)));
    inputs
}

fn of_data(catalog: &Catalog, contents: &dyn Contents, data: &DataSection) -> Inputs {
    let mut inputs = contents.data(data);
    let datasets = [data].into_iter().chain(data.test.values());
    inputs.versions.extend(datasets.map(|data| version(catalog, Kind::Dataset, &data.dataset.name)));
    inputs
}

pub(super) struct Builder<'a> {
    catalog: &'a Catalog,
    contents: &'a dyn Contents,
    sweep: &'a Sweep,
    experiment: &'a ExperimentSection,
    cells: Vec<Cell>,
    groups: Vec<Group>,
    /// Cells by id: values that mean the same (a layer's index and its name) make one cell.
    known: HashSet<String>,
    group_of: HashMap<(String, u32), usize>,
    /// Identities of sections, by the section's address, for the axes that the task shares.
    identities: HashMap<(*const (), String), Rc<Identity>>,
    /// Sections as tables, by the section's address.
    tables: HashMap<*const (), Rc<Map<String, Value>>>,
    /// What sections read, by the section's address.
    inputs: HashMap<*const (), Rc<Inputs>>,
    /// Keys that the sweep sets, without those that are always named, in the order in which they come up.
    varied: Vec<&'a str>,
    /// What each cell has of them.
    values: Vec<Vec<Option<String>>>,
    /// Number of cells that each rule of the sweep took out.
    taken: Vec<usize>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
        catalog: &'a Catalog,
        contents: &'a dyn Contents,
        sweep: &'a Sweep,
        experiment: &'a ExperimentSection,
    ) -> Builder<'a> {
        let mut varied: Vec<&str> = Vec::new();
        for column in sweep.parts.iter().flat_map(Part::columns) {
            if !varied.contains(&column.key.as_str()) && !ALWAYS_NAMED.contains(&column.key.as_str()) {
                varied.push(&column.key);
            }
        }
        Builder {
            catalog,
            contents,
            sweep,
            experiment,
            cells: Vec::new(),
            groups: Vec::new(),
            known: HashSet::new(),
            group_of: HashMap::new(),
            identities: HashMap::new(),
            tables: HashMap::new(),
            inputs: HashMap::new(),
            varied,
            values: Vec::new(),
            taken: vec![0; sweep.rules.len()],
        }
    }

    /// Number of cells so far.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// Adds the cells of a combination that no rule takes out and that are not there yet.
    pub(super) fn add(&mut self, choice: &Choice<'_>, part: &Part) {
        let details = manifest(self.catalog, Kind::Task, &choice.task.name).map(|task| &task.details);
        let protocol_version = details.and_then(|details| details.protocol_version).unwrap_or(1);
        let shared_axes = details.map_or(&[][..], |details| &details.shared_axes);
        let catalog = self.catalog;
        for network in choice.networks {
            let tables = Tables {
                task: self.table(choice.task, |task| task.to_map("name")),
                network: self.table(network, network_table),
                data: self.table(choice.data, DataSection::to_map),
                run: self.table(choice.run, RunSection::to_map),
                cell: None,
            };
            let settings = tables.settings();
            if self.is_taken_out(&settings, part) {
                continue;
            }
            let lookup = |key: &str| settings.get(key).cloned();
            let axes = Axes::of(shared_axes, lookup);
            let contents = self.contents;
            let reads = self.inputs(network, |network| of_network(catalog, contents, network));
            let of_data = self.inputs(choice.data, |data| of_data(catalog, contents, data));
            let [task, network_identity, data, run] = [
                self.identity(choice.task, &axes, |task| axes.task(&essential(catalog, Kind::Task, task))),
                self.identity(network, &axes, |network| {
                    axes.loss_network(&essential_network(catalog, network), &reads)
                }),
                self.identity(choice.data, &axes, |data| axes.data(&essential_data(catalog, data), &of_data)),
                self.identity(choice.run, &axes, |run| axes.run(run)),
            ];
            let whole = [&*task.whole, &network_identity.whole, &data.whole, &run.whole];
            let shared = [&*task.shared, &network_identity.shared, &data.shared, &run.shared];
            // Repetitions of what does not depend on seeds would repeat the same number.
            let deterministic = details.and_then(|details| details.deterministic.as_ref());
            let fixed = deterministic
                .is_some_and(|when| when.iter().all(|(key, wanted)| settings.get(key) == Some(wanted)));
            let repetitions = if fixed { 1 } else { self.experiment.repetitions };
            for repetition in 0..repetitions {
                let id = identity::cell_id(whole, protocol_version, repetition);
                if !self.known.insert(id.clone()) {
                    continue;
                }
                let seed = identity::group_seed(shared, protocol_version, repetition, choice.run.seed);
                self.group(shared, repetition, seed);
                let values = self.varied.iter().map(|key| settings.get(key).map(text));
                self.values.push(values.collect());
                self.cells.push(Cell {
                    id,
                    name: String::new(),
                    repetition,
                    seed,
                    protocol_version,
                    inputs: reads.and(&of_data),
                    config: ResolvedConfig {
                        experiment: self.experiment.clone(),
                        task: (**choice.task).clone(),
                        loss_network: (**network).clone(),
                        data: (**choice.data).clone(),
                        run: (**choice.run).clone(),
                    },
                });
            }
        }
    }

    /// A section as a table, made once.
    fn table<S>(
        &mut self,
        section: &Rc<S>,
        make: impl FnOnce(&S) -> Map<String, Value>,
    ) -> Rc<Map<String, Value>> {
        self.tables.entry(Rc::as_ptr(section).cast()).or_insert_with(|| Rc::new(make(section))).clone()
    }

    /// A section's identity, made once for the same axes.
    fn identity<S>(
        &mut self,
        section: &Rc<S>,
        axes: &Axes<'_>,
        make: impl FnOnce(&S) -> Identity,
    ) -> Rc<Identity> {
        let key = (Rc::as_ptr(section).cast(), axes.key());
        self.identities.entry(key).or_insert_with(|| Rc::new(make(section))).clone()
    }

    /// What a section reads, looked at once.
    fn inputs<S>(&mut self, section: &Rc<S>, look: impl FnOnce(&S) -> Inputs) -> Rc<Inputs> {
        self.inputs.entry(Rc::as_ptr(section).cast()).or_insert_with(|| Rc::new(look(section))).clone()
    }

    /// Whether a rule takes it out. All of them are asked, so that each is known to be of use.
    fn is_taken_out(&mut self, settings: &Settings<'_>, part: &Part) -> bool {
        let mut taken = false;
        for &rule in &part.rules {
            if self.sweep.rules[rule].holds(settings) {
                self.taken[rule] += 1;
                taken = true;
            }
        }
        taken
    }

    /// Puts the cell that comes next into its group.
    fn group(&mut self, shared: [&str; 4], repetition: u32, seed: u64) {
        let cell = self.cells.len();
        let key = (shared.join("\n"), repetition);
        if let Some(&group) = self.group_of.get(&key) {
            self.groups[group].cells.push(cell);
            return;
        }
        self.group_of.insert(key, self.groups.len());
        self.groups.push(Group { name: String::new(), cells: vec![cell], seed });
    }

    /// The cells, the groups, and the number of cells that each rule took out.
    pub(super) fn finish(mut self) -> (Vec<Cell>, Vec<Group>, Vec<usize>) {
        // What tells cells apart is known only when all are there. What differs only from task to task, as where each has a
        // sweep of its own, the task's name says.
        let mut of_task: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, cell) in self.cells.iter().enumerate() {
            of_task.entry(&cell.config.task.name).or_default().push(position);
        }
        let differs = |cells: &[usize], column: usize| {
            cells.windows(2).any(|pair| self.values[pair[0]][column] != self.values[pair[1]][column])
        };
        let several_tasks = of_task.len() > 1;
        let telling: BTreeMap<String, Vec<usize>> = of_task
            .into_iter()
            .map(|(task, cells)| {
                let tells = |&column: &usize| {
                    if self.varied[column] == "task.name" { several_tasks } else { differs(&cells, column) }
                };
                (task.to_owned(), (0..self.varied.len()).filter(tells).collect())
            })
            .collect();
        let telling = |cell: &Cell| telling[&cell.config.task.name].iter();
        let short: Vec<BTreeMap<&str, &str>> = (0..self.varied.len())
            .map(|column| short_paths(self.values.iter().filter_map(|values| values[column].as_deref())))
            .collect();
        let named = |cell: usize, column: usize| {
            let value = self.values[cell][column].as_deref()?;
            let value = short[column].get(value).copied().unwrap_or(value);
            let name = self.varied[column].rsplit('.').next().unwrap_or_default();
            Some(if name == "name" { value.to_owned() } else { format!("{name}={value}") })
        };
        let repetition = |cell: &Cell| {
            (self.experiment.repetitions > 1).then(|| format!("repetition {}", cell.repetition + 1))
        };
        let mut names = Vec::with_capacity(self.cells.len());
        for (position, cell) in self.cells.iter().enumerate() {
            let network = &cell.config.loss_network;
            let mut parts = vec![
                network.backbone.name.clone(),
                network.layers.join(","),
                network.comparison.name.clone(),
            ];
            parts.extend(telling(cell).filter_map(|&column| named(position, column)));
            parts.extend(repetition(cell));
            names.push(parts.join(" · "));
        }
        for group in &mut self.groups {
            let Some(&first) = group.cells.first() else { continue };
            let alike = |column: usize| {
                group.cells.iter().all(|&cell| self.values[cell][column] == self.values[first][column])
            };
            let cell = &self.cells[first];
            let mut parts = vec![cell.config.loss_network.backbone.name.clone()];
            parts.extend(
                telling(cell).filter(|&&column| alike(column)).filter_map(|&column| named(first, column)),
            );
            parts.extend(repetition(cell));
            group.name = parts.join(" · ");
        }
        for (cell, name) in self.cells.iter_mut().zip(names) {
            cell.name = name;
        }
        (self.cells, self.groups, self.taken)
    }
}
