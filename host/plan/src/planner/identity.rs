//! What a cell is: the part of its settings that can change its result, and the id and seeds made of it.

use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::manifest::SharedAxes;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use lossnet_core::inputs::Inputs;
use lossnet_core::model::{Component, DataSection, LossNetworkSection, RunSection, canonical};

/// A section's settings that can change a result, as text in which equal settings are equal.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// All of them.
    pub(super) whole: String,
    /// Without those along which cells are served together.
    pub(super) shared: String,
}

/// The config keys along which cells of a task are served together, by their short names.
pub(super) struct Axes<'a>(Vec<&'a str>);

impl<'a> Axes<'a> {
    /// The axes that a task shares for a cell whose settings `lookup` gives by dotted key.
    pub(super) fn of(shared: &'a [SharedAxes], lookup: impl Fn(&str) -> Option<Value>) -> Axes<'a> {
        let holds =
            |rule: &&SharedAxes| rule.when.iter().all(|(key, wanted)| lookup(key).as_ref() == Some(wanted));
        let keys = shared.iter().filter(holds).flat_map(|rule| &rule.axes).map(String::as_str);
        // Both the dotted key and its last part name an axis.
        Axes(keys.map(|key| key.strip_prefix("loss_network.").unwrap_or(key)).collect())
    }

    /// Equal for the same axes.
    pub(super) fn key(&self) -> String {
        self.0.join(" ")
    }

    fn strip(&self, section: &str, settings: &mut Map<String, Value>) {
        for axis in &self.0 {
            let key = if section == "loss_network" {
                Some(*axis)
            } else {
                axis.strip_prefix(section).and_then(|k| k.strip_prefix('.'))
            };
            match key {
                // A comparison's settings and calibration belong to it.
                Some("comparison") => ["comparison", "calibration"].into_iter().for_each(|key| {
                    settings.remove(key);
                }),
                Some(key) => {
                    settings.remove(key);
                }
                None => {}
            }
        }
    }

    fn identity(&self, section: &str, mut settings: Map<String, Value>) -> Identity {
        let whole = canonical(&Value::Object(settings.clone()));
        self.strip(section, &mut settings);
        Identity { whole, shared: canonical(&Value::Object(settings)) }
    }

    pub(super) fn task(&self, task: &Component) -> Identity {
        self.identity("task", task.to_map("name"))
    }

    /// A folder counts by what is in it, so far as that is known, and wherever it lies.
    pub(super) fn data(&self, data: &DataSection, inputs: &Inputs) -> Identity {
        let mut settings = data.to_map();
        let by_contents = |role: &str, section: &mut Map<String, Value>, data: &DataSection| {
            if let Some(sum) = inputs.sum(role) {
                section.insert("folder".to_owned(), of_contents(sum));
            }
            section.insert("version".to_owned(), version(inputs, Kind::Dataset, &data.dataset.name));
        };
        by_contents("data", &mut settings, data);
        for (label, section) in settings.get_mut("test").and_then(Value::as_object_mut).into_iter().flatten()
        {
            if let (Some(section), Some(data)) = (section.as_object_mut(), data.test.get(label)) {
                by_contents(&format!("data.test.{label}"), section, data);
            }
        }
        self.identity("data", settings)
    }

    pub(super) fn run(&self, run: &RunSection) -> Identity {
        let mut settings = run.to_map();
        settings
            .retain(|key, _| crate::config::find_key(&format!("run.{key}")).is_some_and(|key| key.identity));
        self.identity("run", settings)
    }

    pub(super) fn loss_network(&self, network: &LossNetworkSection, inputs: &Inputs) -> Identity {
        // A layer is the same by its index and by its name, and a sum the same in any order.
        let mut terms: Vec<Value> = network
            .comparison
            .terms
            .iter()
            .map(|term| {
                let version = version(inputs, Kind::Comparison, &term.name);
                json!({ "name": term.name, "settings": term.settings, "version": version })
            })
            .collect();
        terms.sort_by_cached_key(canonical);
        let mut settings = Map::new();
        settings.insert("backbone".to_owned(), network.backbone.name.clone().into());
        settings.insert("backbone_config".to_owned(), Value::Object(network.backbone.settings.clone()));
        settings.insert("graph".to_owned(), inputs.graph.clone().into());
        let by_contents = |role: &str, path: Value| inputs.sum(role).map_or(path, of_contents);
        settings.insert("weights".to_owned(), by_contents("weights", network.weights.clone().into()));
        // Of a file with several sets of weights, which of them.
        let key = network.weights.rsplit_once('#').map(|(_, key)| key.to_owned());
        settings.insert("key".to_owned(), key.into());
        settings.insert("layers".to_owned(), network.nodes.clone().into());
        settings.insert("normalize".to_owned(), network.normalize.clone().into());
        settings.insert("comparison".to_owned(), Value::Array(terms));
        let calibration = network.calibration.clone().into();
        settings.insert("calibration".to_owned(), by_contents("calibration", calibration));
        settings.insert("size".to_owned(), network.size.into());
        self.identity("loss_network", settings)
    }
}

/// What stands for a file in an identity: no path reads like it.
fn of_contents(sum: &str) -> Value {
    json!({ "sha256": sum })
}

fn version(inputs: &Inputs, kind: Kind, name: &str) -> Value {
    inputs.versions.get(&format!("{kind}.{name}")).copied().unwrap_or(1).into()
}

/// The id of a cell: 16 hex digits of a SHA-256 over its identity, its task's version, and its repetition.
pub(super) fn cell_id(sections: [&str; 4], protocol_version: u32, repetition: u32) -> String {
    let digest = digest("cell", sections, protocol_version, u64::from(repetition), 0);
    format!("{digest:016x}")
}

/// The seed of a group of cells. It fits the 53 bits that every reader of JSON keeps exactly.
pub(super) fn group_seed(sections: [&str; 4], protocol_version: u32, repetition: u32, seed: u64) -> u64 {
    digest("seed", sections, protocol_version, u64::from(repetition), seed) >> 11
}

fn digest(purpose: &str, sections: [&str; 4], protocol_version: u32, repetition: u64, seed: u64) -> u64 {
    let mut hasher = Sha256::new();
    // No text that is hashed has a zero byte in it, so that none can run into the next.
    for text in [purpose].into_iter().chain(sections) {
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    hasher.update(u64::from(protocol_version).to_le_bytes());
    hasher.update(repetition.to_le_bytes());
    hasher.update(seed.to_le_bytes());
    let digest = hasher.finalize();
    digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
}
