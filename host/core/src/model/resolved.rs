//! Last stage of a config before it is planned: one cell's settings, checked, complete, with types.

use std::collections::BTreeMap;

use lossnet_plugin_protocol::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// All settings of one cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResolvedConfig {
    /// What the experiment is called and how often it is repeated.
    pub experiment: ExperimentSection,
    /// What is trained or measured.
    pub task: Component,
    /// With which loss network.
    pub loss_network: LossNetworkSection,
    /// On which images.
    pub data: DataSection,
    /// How it is run.
    pub run: RunSection,
}

/// A component's name with its settings, defaults included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Map<String, Value>,
}

/// `[experiment]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExperimentSection {
    /// Name of its folder.
    pub name: String,
    /// What it is about.
    pub description: String,
    /// How often each cell is run.
    pub repetitions: u32,
}

/// `[loss_network]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossNetworkSection {
    /// The backbone with its settings.
    pub backbone: Component,
    /// `imagenet`, an entry's name, a file, or `random:SEED`.
    pub weights: String,
    /// Whether weights that no layer needs must fit, too.
    pub check_all_weights: bool,
    /// Layers as the user named them.
    pub layers: Vec<String>,
    /// The same layers by their dotted names, so far as those are known.
    pub nodes: Vec<String>,
    /// The name of an input normalization, or means and deviations.
    pub normalize: String,
    /// How features are compared.
    pub comparison: ComparisonSection,
    /// A file of calibration weights.
    pub calibration: Option<String>,
    /// Side in pixels to which images are resized, if they are.
    pub size: Option<u32>,
}

/// How features are compared: a sum of comparisons.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComparisonSection {
    /// The name as the user gave it, such as `spatial+sort`.
    pub name: String,
    /// The comparisons that add up, each with its settings.
    pub terms: Vec<Component>,
}

/// `[data]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataSection {
    /// The dataset with its settings.
    pub dataset: Component,
    /// Its splits to be used.
    pub splits: Vec<String>,
    /// Where its files are, unless in the usual place.
    pub folder: Option<String>,
    /// At most this many samples of each split.
    pub limit: Option<u64>,
    /// Further datasets for tests, by label: `[data.test.<label>]`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub test: BTreeMap<String, DataSection>,
}

/// `[run]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSection {
    /// `auto`, `cpu`, `cuda`, `cuda:N`.
    pub device: String,
    /// `fp32`, `tf32`, `bf16`.
    pub precision: String,
    /// Samples per batch.
    pub batch_size: u32,
    /// Threads that compute; 0: as many as there are cores, or as a worker's share has.
    #[serde(default)]
    pub threads: u32,
    /// Threads that load data; 0: as many as help.
    pub num_workers: u32,
    /// The experiment's seed.
    pub seed: u64,
    /// Whether only algorithms are used that give the same bits every time.
    pub deterministic: bool,
    /// Whether nothing may be downloaded.
    pub offline: bool,
    /// What runs the cells.
    pub executor: String,
}

impl ResolvedConfig {
    /// The config as a user would write it, in tables as in a config file: running it gives this one cell
    /// (and its repetitions) again.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = Map::new();
        for (section, values) in [
            ("experiment", self.experiment.to_map()),
            ("task", self.task_map()),
            ("loss_network", self.loss_network.to_map()),
            ("data", self.data.to_map()),
            ("run", self.run.to_map()),
        ] {
            map.insert(section.to_owned(), Value::Object(values));
        }
        map
    }

    /// The same as TOML, for a config file that is to be read again. Fails only if a setting has a form that TOML lacks, which
    /// checked ones have not.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut config = self.clone();
        config.escape_paths();
        toml::to_string(&config.to_map())
    }

    /// Writes paths so that reading them, which fills in variables, gives the same paths again.
    fn escape_paths(&mut self) {
        let escape = |path: &mut String| *path = path.replace('$', "$$");
        let network = &mut self.loss_network;
        if network.weights.starts_with('/') {
            escape(&mut network.weights);
        }
        network.calibration.iter_mut().for_each(escape);
        let data = std::iter::once(&mut self.data.folder);
        let tests = self.data.test.values_mut().map(|data| &mut data.folder);
        data.chain(tests).flatten().for_each(escape);
    }

    fn task_map(&self) -> Map<String, Value> {
        self.task.to_map("name")
    }

    /// The settings of each component it uses, by kind: what runs need plugins for.
    pub fn components(&self) -> Vec<(Kind, &Component)> {
        let mut components = vec![
            (Kind::Task, &self.task),
            (Kind::Backbone, &self.loss_network.backbone),
            (Kind::Dataset, &self.data.dataset),
        ];
        components.extend(self.data.test.values().map(|data| (Kind::Dataset, &data.dataset)));
        components.extend(self.loss_network.comparison.terms.iter().map(|term| (Kind::Comparison, term)));
        components
    }
}

impl Component {
    /// The name under this key, with the settings beside it.
    pub fn to_map(&self, name_key: &str) -> Map<String, Value> {
        let mut map = Map::new();
        map.insert(name_key.to_owned(), self.name.clone().into());
        map.extend(self.settings.clone());
        map
    }
}

impl ExperimentSection {
    /// The section as a table of a config.
    pub fn to_map(&self) -> Map<String, Value> {
        entries([
            ("name", self.name.clone().into()),
            ("description", self.description.clone().into()),
            ("repetitions", self.repetitions.into()),
        ])
    }
}

impl LossNetworkSection {
    /// The section as a table of a config.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = entries([
            ("backbone", self.backbone.name.clone().into()),
            ("weights", self.weights.clone().into()),
            ("check_weights", if self.check_all_weights { "all" } else { "used" }.into()),
            ("layers", self.layers.clone().into()),
            ("normalize", self.normalize.clone().into()),
            ("comparison", self.comparison.name.clone().into()),
            ("calibration", self.calibration.clone().into()),
            ("size", self.size.into()),
        ]);
        map.extend(self.comparison.shared_settings());
        map.insert("backbone_config".to_owned(), Value::Object(self.backbone.settings.clone()));
        map
    }
}

impl ComparisonSection {
    /// The settings that can stand beside the name: those on which all terms that have them agree. (Only
    /// defaults can differ between terms, and those come back by themselves.)
    fn shared_settings(&self) -> Map<String, Value> {
        let mut shared = Map::new();
        for (key, value) in self.terms.iter().flat_map(|term| &term.settings) {
            let agreed =
                self.terms.iter().all(|term| term.settings.get(key).is_none_or(|other| other == value));
            if agreed {
                shared.insert(key.clone(), value.clone());
            }
        }
        shared
    }
}

impl DataSection {
    /// The section as a table of a config.
    pub fn to_map(&self) -> Map<String, Value> {
        let mut map = entries([
            ("name", self.dataset.name.clone().into()),
            ("splits", self.splits.clone().into()),
            ("folder", self.folder.clone().into()),
            ("limit", self.limit.into()),
        ]);
        map.extend(self.dataset.settings.clone());
        if !self.test.is_empty() {
            let test = self.test.iter().map(|(label, data)| (label.clone(), Value::Object(data.to_map())));
            map.insert("test".to_owned(), Value::Object(test.collect()));
        }
        map
    }
}

impl RunSection {
    /// The section as a table of a config.
    pub fn to_map(&self) -> Map<String, Value> {
        entries([
            ("device", self.device.clone().into()),
            ("precision", self.precision.clone().into()),
            ("batch_size", self.batch_size.into()),
            ("threads", self.threads.into()),
            ("num_workers", self.num_workers.into()),
            ("seed", self.seed.into()),
            ("deterministic", self.deterministic.into()),
            ("offline", self.offline.into()),
            ("executor", self.executor.clone().into()),
        ])
    }
}

/// A table without the settings that are not set.
fn entries<const N: usize>(entries: [(&str, Value); N]) -> Map<String, Value> {
    entries
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}
