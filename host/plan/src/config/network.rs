//! `[loss_network]`: the backbone, its layers and weights, and how features are compared.

use lossnet_plugin_protocol::{ComponentManifest, Kind};

use super::keys;
use super::origin::{ConfigError, Origin};
use super::raw::View;
use super::sections::Checker;
use lossnet_core::model::{ComparisonSection, Component, LossNetworkSection};
use lossnet_core::nearest::did_you_mean;
use lossnet_core::weights;

const SECTION: &str = "loss_network";

/// Names of several layers at once.
pub const LAYER_PRESETS: [&str; 3] = ["paper", "each", "all"];

/// The backbones that have the paper's layers.
pub const BACKBONE_PRESET: &str = "paper";

impl Checker<'_> {
    /// The loss networks that a `[loss_network]` describes: one, unless a preset of the sweep stands for several.
    /// `swept` are the keys that the sweep sets.
    pub(crate) fn loss_networks(&self, view: &View<'_>, swept: &[&str]) -> Vec<LossNetworkSection> {
        let is_swept = |key: &str| swept.contains(&key);
        let Some(backbone) = self.required(view, SECTION, "backbone") else {
            // What else is wrong is to be told all the same.
            self.shared(view);
            return Vec::new();
        };
        let backbones: Vec<&ComponentManifest> = if backbone == BACKBONE_PRESET && is_swept("backbone") {
            let paper = self.catalog.iter(Kind::Backbone).filter(|b| !b.details.paper_layers.is_empty());
            paper.collect()
        } else if backbone == BACKBONE_PRESET && self.catalog.get(Kind::Backbone, &backbone).is_err() {
            let problem = "is `paper`, which makes cells of each of the paper's networks";
            let error = ConfigError::at(&origin(view, "backbone"), "loss_network.backbone", problem);
            let help = "write `\"loss_network.backbone\" = \"paper\"` under [sweep]".to_owned();
            self.error(error.help(Some(help)));
            return Vec::new();
        } else {
            self.lookup(view, SECTION, "backbone", Kind::Backbone, &backbone).into_iter().collect()
        };
        if backbones.is_empty() && backbone == BACKBONE_PRESET && is_swept("backbone") {
            self.error(ConfigError::at(
                &origin(view, "backbone"),
                "loss_network.backbone",
                "can't be the paper's: no plugin here has a backbone with the paper's layers",
            ));
        }
        let shared = self.shared(view);
        let mut networks = Vec::new();
        for backbone in backbones {
            let config =
                view.iter().filter_map(|(key, leaf)| Some((key.strip_prefix("backbone_config.")?, *leaf)));
            let component = self.settings("loss_network.backbone_config", &[backbone], &config.collect());
            let component = component.map(|mut components| components.swap_remove(0));
            let anatomy = component.as_ref().and_then(|component| self.anatomy(view, backbone, component));
            let lists = anatomy.map(|anatomy| self.layers(view, &anatomy, is_swept("layers")));
            let weights = self.weights(view, backbone);
            let (Some(shared), Some(weights), Some(component)) = (&shared, weights, component) else {
                continue;
            };
            for (layers, nodes) in lists.unwrap_or_default() {
                networks.push(LossNetworkSection {
                    backbone: component.clone(),
                    weights: weights.clone(),
                    layers,
                    nodes,
                    ..shared.clone()
                });
            }
        }
        networks
    }

    /// What does not depend on the backbone.
    fn shared(&self, view: &View<'_>) -> Option<LossNetworkSection> {
        let size = self.size(view);
        let texts = ["normalize", "check_weights"].map(|name| self.text(view, SECTION, name));
        let calibration = self.calibration(view);
        let comparison = self.comparison(view);
        let [normalize, check] = texts;
        Some(LossNetworkSection {
            backbone: Component { name: String::new(), settings: serde_json::Map::new() },
            weights: String::new(),
            layers: Vec::new(),
            nodes: Vec::new(),
            check_all_weights: check? == "all",
            normalize: normalize?,
            comparison: comparison?,
            calibration,
            size,
        })
    }

    /// The file of calibration weights, which must be there: else it would be missed when the first cell is run.
    fn calibration(&self, view: &View<'_>) -> Option<String> {
        let file = self.text(view, SECTION, "calibration")?;
        let path = std::path::Path::new(&file);
        if path.is_file() {
            return Some(file);
        }
        let named = view.get("calibration").and_then(|leaf| leaf.as_text()).unwrap_or_default();
        let named = looked_for(named, &file);
        let problem = if path.exists() {
            format!("names {named}, which is not a file")
        } else {
            format!("names the file {named}, which does not exist")
        };
        let error = ConfigError::at(&origin(view, "calibration"), "loss_network.calibration", problem);
        self.error(error.help(Some(
            "give a .pth or .safetensors file with weights for each layer, or leave the key out to weight all channels \
             alike"
                .to_owned(),
        )));
        None
    }

    fn comparison(&self, view: &View<'_>) -> Option<ComparisonSection> {
        let name = self.required(view, SECTION, "comparison")?;
        let names: Vec<&str> = name.split('+').map(str::trim).collect();
        let manifests: Vec<&ComponentManifest> = names
            .iter()
            .filter_map(|name| self.lookup(view, SECTION, "comparison", Kind::Comparison, name))
            .collect();
        if manifests.len() != names.len() {
            return None;
        }
        if let Some(twice) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            let problem = format!("adds `{}` up with itself", twice.1);
            self.error(ConfigError::at(&origin(view, "comparison"), "loss_network.comparison", problem));
            return None;
        }
        let own = view.iter().filter(|(key, _)| {
            !key.starts_with("backbone_config.") && keys::find(&format!("{SECTION}.{key}")).is_none()
        });
        let terms = self.settings(SECTION, &manifests, &own.map(|(key, leaf)| (*key, *leaf)).collect())?;
        Some(ComparisonSection { name: names.join("+"), terms })
    }

    /// The weights, if there can be such for the backbone: a wrong entry's name is found before anything runs.
    fn weights(&self, view: &View<'_>, backbone: &ComponentManifest) -> Option<String> {
        let weights = self.required(view, SECTION, "weights")?;
        let entries: Vec<&str> = backbone.details.weights.iter().map(|entry| entry.name.as_str()).collect();
        let words = ["imagenet", weights::NEWEST];
        let named = words.contains(&weights.as_str())
            || weights.starts_with("random:")
            || entries.contains(&weights.as_str());
        if named {
            return Some(weights);
        }
        let file = self.path(view.get("weights")?, "loss_network.weights", &weights)?;
        if weights::split_key(&file).0.exists() {
            return Some(file);
        }
        let is_file = weights.contains(['/', '.', '~', '$']);
        if entries.is_empty() && !is_file {
            return Some(weights);
        }
        let problem = if is_file {
            format!("names the file {}, which does not exist", looked_for(&weights, &file))
        } else {
            format!("is `{weights}`, and `{}` has the weights {}", backbone.name, entries.join(", "))
        };
        let help = did_you_mean(&weights, entries.iter().copied().chain(words));
        self.error(ConfigError::at(&origin(view, "weights"), "loss_network.weights", problem).help(help));
        None
    }
}

pub(super) fn origin(view: &View<'_>, key: &str) -> Origin {
    view.get(key).map_or(Origin::Default, |leaf| leaf.origin.clone())
}

/// A path as it was written, and what it stands for where that is another.
fn looked_for(written: &str, whole: &str) -> String {
    if written == whole { format!("`{whole}`") } else { format!("`{written}` ({whole})") }
}
