//! What a plugin says of itself. It can be kept, so that names and settings can be checked without loading it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::PluginError;

/// The version of the contract, which follows semantic versioning: a plugin built against 1.x loads in every
/// host of a later 1.y. (Before 1.0 the minor version plays the major one's part.)
pub const API_VERSION: &str = "0.1.0";

/// First thing asked of a plugin: whether it and the host can work together at all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handshake {
    /// Version of the contract that the plugin was built against.
    pub api_version: String,
    /// Version of libtorch that it was built against.
    pub libtorch_version: String,
    /// Optional abilities of the contract that the plugin uses; a host that lacks one refuses the plugin.
    #[serde(default)]
    pub features: Vec<String>,
}

/// Why a plugin and a host can't work together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Incompatible {
    /// The contracts' versions don't fit.
    #[error(
        "it was built for plugin API {plugin} and this lossnet has plugin API {host}: rebuild the plugin against API {host}"
    )]
    Api {
        /// The plugin's version.
        plugin: String,
        /// The host's version.
        host: String,
    },
    /// The libtorch versions differ; tensors could not be exchanged safely.
    #[error(
        "it was built for libtorch {plugin} and this lossnet runs libtorch {host}: rebuild the plugin with libtorch {host}"
    )]
    Libtorch {
        /// The plugin's version.
        plugin: String,
        /// The host's version.
        host: String,
    },
    /// The plugin uses an ability this host does not have.
    #[error("it uses `{0}`, which this lossnet does not have: get a newer lossnet")]
    Feature(String),
}

impl Handshake {
    /// Whether a host that speaks `host` can use the plugin.
    pub fn check(&self, host: &Handshake) -> Result<(), Incompatible> {
        if !compatible(&self.api_version, &host.api_version) {
            let (plugin, host) = (self.api_version.clone(), host.api_version.clone());
            return Err(Incompatible::Api { plugin, host });
        }
        if release(&self.libtorch_version) != release(&host.libtorch_version) {
            let (plugin, host) = (self.libtorch_version.clone(), host.libtorch_version.clone());
            return Err(Incompatible::Libtorch { plugin, host });
        }
        match self.features.iter().find(|feature| !host.features.contains(feature)) {
            Some(feature) => Err(Incompatible::Feature(feature.clone())),
            None => Ok(()),
        }
    }
}

/// `2.11.0+cu130` and `2.11.0+cpu` are the same release.
fn release(version: &str) -> &str {
    version.split('+').next().unwrap_or(version)
}

fn compatible(plugin: &str, host: &str) -> bool {
    let parse = |version: &str| -> Option<(u64, u64, u64)> {
        let mut parts = version.split('.').map(|part| part.parse::<u64>().ok());
        Some((parts.next()??, parts.next()??, parts.next()??))
    };
    match (parse(plugin), parse(host)) {
        (Some((0, plugin_minor, plugin_patch)), Some((0, minor, patch))) => {
            plugin_minor == minor && plugin_patch <= patch
        }
        (Some((plugin_major, plugin_minor, _)), Some((major, minor, _))) => {
            plugin_major == major && plugin_minor <= minor
        }
        _ => false,
    }
}

/// The kinds of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A pretrained network to take features from.
    Backbone,
    /// How two images' features become a distance.
    Comparison,
    /// Images, with labels, masks or judgements.
    Dataset,
    /// What is trained or measured.
    Task,
    /// Where metrics and images go while a run goes on.
    Tracker,
}

impl Kind {
    /// All kinds, in the order in which they are listed.
    pub const ALL: [Kind; 5] = [Kind::Backbone, Kind::Comparison, Kind::Dataset, Kind::Task, Kind::Tracker];

    /// The kind's name in the singular.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Backbone => "backbone",
            Kind::Comparison => "comparison",
            Kind::Dataset => "dataset",
            Kind::Task => "task",
            Kind::Tracker => "tracker",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// All that a plugin says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PluginManifest {
    /// The plugin's name.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// What it holds.
    pub components: Vec<ComponentManifest>,
    /// What it holds that can't be used, and why; the rest can.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refused: Vec<Refused>,
}

/// A component that can't be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    /// Its kind.
    pub kind: Kind,
    /// Its name, as far as it could be asked for it.
    pub name: String,
    /// What is wrong with it.
    pub error: PluginError,
}

impl PluginManifest {
    /// Refuses the components that say what can't be; the others stay.
    pub fn refuse_faulty(&mut self) {
        let (sound, faulty): (Vec<_>, Vec<_>) = std::mem::take(&mut self.components)
            .into_iter()
            .map(|held| (held.fault(), held))
            .partition(|(fault, _)| fault.is_none());
        self.components = sound.into_iter().map(|(_, held)| held).collect();
        self.refused.extend(faulty.into_iter().filter_map(|(fault, held)| {
            let error = PluginError::run(fault?);
            let error = error
                .context(format_args!("in {} `{}` of {} {}", held.kind, held.name, self.name, self.version));
            Some(Refused { kind: held.kind, name: held.name, error })
        }));
    }
}

/// What a component says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ComponentManifest {
    /// Its kind.
    pub kind: Kind,
    /// Its name in configs: lower case, unique among all components of its kind.
    pub name: String,
    /// One line about it.
    pub summary: String,
    /// JSON Schema of its settings, with defaults and descriptions.
    pub config_schema: Value,
    /// What only some kinds say.
    #[serde(default)]
    pub details: Details,
}

impl ComponentManifest {
    /// What is wrong with what it says, if anything.
    fn fault(&self) -> Option<String> {
        let letter =
            |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
        if self.name.is_empty() || self.name.len() > 64 || !self.name.chars().all(letter) {
            return Some(
                "its name is not one: a name is 1 to 64 lower case letters, digits, `_` and `-`, since names stand in configs \
                 and in the names of files"
                    .to_owned(),
            );
        }
        if !self.config_schema.is_object() && !self.config_schema.is_boolean() {
            return Some("the schema of its settings is not a JSON Schema".to_owned());
        }
        let layers = self.details.layers.len();
        if let Some(index) = self.details.paper_layers.iter().find(|index| **index >= layers) {
            return Some(format!("it names layer {index} as one of the paper's, and it has {layers} layers"));
        }
        let doubled = |names: &[String]| {
            let mut seen = std::collections::BTreeSet::new();
            names.iter().find(|name| !seen.insert(name.as_str())).cloned()
        };
        if let Some(split) = doubled(&self.details.splits) {
            return Some(format!("it names the split `{split}` twice"));
        }
        let weights: Vec<String> = self.details.weights.iter().map(|entry| entry.name.clone()).collect();
        doubled(&weights).map(|entry| format!("it names the weights `{entry}` twice"))
    }
}

/// What only some kinds of component say; every field may be absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Backbone: its indexed layers in order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<LayerName>,
    /// Backbone: the indices of the four layers that the paper used, if it used this network.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paper_layers: Vec<usize>,
    /// Backbone: its published weights.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<WeightsEntry>,
    /// Task: the fields that its samples must have, by split.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Task: the config keys along which cells can be served in one go, for these settings (see
    /// [`SharedAxes`]).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub shared_axes: Vec<SharedAxes>,
    /// Task, comparison, dataset: raised whenever the same config may give another number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<u32>,
    /// Task: how often it runs its loss network, so far as it can tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub work: Vec<Work>,
    /// Task: its own defaults for lossnet's settings, by dotted key.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub config_defaults: serde_json::Map<String, Value>,
    /// Task: settings under which seeds change nothing, by dotted key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deterministic: Option<serde_json::Map<String, Value>>,
    /// Task: the metric that it is mainly judged by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub main_metric: Option<MainMetric>,
    /// Task: the keys of its settings that change what is measured, such as `factor`: results that differ in them are not
    /// compared.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub measure_settings: Vec<String>,
    /// Task: metrics that say something of the data or the run rather than of the loss network, such as a baseline's score.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reference_metrics: Vec<String>,
    /// Dataset: the splits it has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub splits: Vec<String>,
    /// Dataset: about how many samples splits have, where it is known beforehand.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sizes: BTreeMap<String, Quantity>,
    /// Dataset: the side of its images in pixels, where all are squares of one size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_side: Option<Quantity>,
    /// Dataset: the fields of its samples.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
    /// Dataset: whether it makes its samples itself, and reads no files of a folder.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_folder: bool,
    /// Dataset: whether it brings its files itself, or makes them, and checks that they are right. Of any other one, what is in
    /// its folder is part of what a cell is.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub brings_files: bool,
    /// Dataset: whether its judgements were asked of people, rather than made by a rule.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub asks_people: bool,
    /// Where it was published.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// Cells of a task that differ only in `axes` are run together where the cell's settings equal `when`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedAxes {
    /// Dotted config keys and the values they must have, such as `task.variant` = `baseline`.
    #[serde(default)]
    pub when: serde_json::Map<String, Value>,
    /// Dotted config keys such as `loss_network.layers`.
    pub axes: Vec<String>,
}

/// The metric that a task is mainly judged by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MainMetric {
    /// Its name, such as `2afc_score`.
    pub name: String,
    /// The last part of the splits on which it counts, such as `mean` of `val/mean`; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
}

impl MainMetric {
    /// A metric on any split.
    pub fn new(name: &str) -> MainMetric {
        MainMetric { name: name.to_owned(), part: None }
    }

    /// The same, where a split's name ends in `/<part>`.
    #[must_use]
    pub fn on(self, part: &str) -> MainMetric {
        MainMetric { part: Some(part.to_owned()), ..self }
    }
}

/// Work of a task: how often images go through its loss network for each sample of some splits. From this, and what a network
/// costs, a plan estimates time and memory before any cell has run. Keys are dotted config keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Work {
    /// Settings under which there is this work, and the values they must have.
    pub when: serde_json::Map<String, Value>,
    /// The key that names the split; `data.splits` stands for all that is evaluated, further datasets included.
    pub splits: String,
    /// Splits of which the first that the dataset has counts where the key names none of the dataset's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub otherwise: Vec<String>,
    /// The key of the number of samples that are taken of it at most.
    pub limit: Option<String>,
    /// The key of the number of times that each sample is seen; once, if there is none.
    pub epochs: Option<String>,
    /// Images that go through the loss network for a sample.
    pub forwards: u32,
    /// Of those, the ones through which gradients come back.
    pub backwards: u32,
    /// Whether gradients are those of the loss network's parameters, too, which costs twice as much as those of images alone.
    pub trains_network: bool,
    /// The key of the side to which images are resized, in pixels; 0, or no key: they keep that of the dataset.
    pub side: Option<String>,
    /// What images are padded to then, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub padded: Option<Padding>,
    /// The key of the number of samples in a batch; `run.batch_size`, if there is none.
    pub batch: Option<String>,
}

/// Images are padded until their sides are `least`, or `least` and a multiple of `step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Padding {
    /// The least side in pixels.
    pub least: u32,
    /// What larger sides exceed it by, or a multiple of that.
    pub step: u32,
}

impl Padding {
    /// The side of a padded image.
    pub fn side(self, side: u32) -> u32 {
        self.least + side.saturating_sub(self.least).div_ceil(self.step.max(1)) * self.step
    }
}

/// A number that is known beforehand, or that the component's own settings tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Quantity {
    /// This one.
    Number(u64),
    /// That of the setting of this name.
    Setting(String),
    /// So many times that of a setting.
    Multiple {
        /// The setting.
        setting: String,
        /// How many times.
        times: u64,
    },
}

impl Quantity {
    /// The number with these settings. None if they don't have it.
    pub fn value(&self, settings: &serde_json::Map<String, Value>) -> Option<f64> {
        match self {
            Quantity::Number(number) => Some(*number as f64),
            Quantity::Setting(setting) => settings.get(setting)?.as_f64(),
            Quantity::Multiple { setting, times } => Some(settings.get(setting)?.as_f64()? * *times as f64),
        }
    }
}

/// An indexed layer of a backbone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerName {
    /// Dotted name.
    pub name: String,
    /// Class of the module.
    pub class: String,
    /// Other names, which the literature uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
}

/// A published weights file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeightsEntry {
    /// Its name, such as `IMAGENET1K_V1`.
    pub name: String,
    /// Where it is. torchvision's file names carry the first eight hex digits of the file's SHA-256.
    pub url: String,
    /// The whole SHA-256 in hex, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Size of the file in megabytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file_size_mb: Option<f64>,
    /// ImageNet top-1 accuracy in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acc1: Option<f64>,
    /// ImageNet top-5 accuracy in percent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acc5: Option<f64>,
    /// Side in pixels of the square crops that the network was tested on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop_size: Option<i64>,
}
