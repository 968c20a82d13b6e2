//! `[loss_network]`: the backbone, its layers and weights, and how features are compared.

use std::rc::Rc;

use lossnet_plugin_protocol::manifest::LayerName;
use lossnet_plugin_protocol::{ComponentManifest, Kind};
use serde_json::Value;

use super::keys::{self, shown};
use super::origin::{ConfigError, Origin};
use super::raw::Leaf;
use super::resolved::{ComparisonSection, Component, LossNetworkSection};
use super::sections::{Checker, View};
use crate::catalog::did_you_mean;
use crate::weights;

const SECTION: &str = "loss_network";

/// Names of several layers at once.
pub(crate) const LAYER_PRESETS: [&str; 3] = ["paper", "each", "all"];

/// The backbones that have the paper's layers.
pub(crate) const BACKBONE_PRESET: &str = "paper";

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
            let lists = self.layers(view, backbone, is_swept("layers"));
            let weights = self.weights(view, backbone);
            let config =
                view.iter().filter_map(|(key, leaf)| Some((key.strip_prefix("backbone_config.")?, *leaf)));
            let component = self.settings("loss_network.backbone_config", &[backbone], &config.collect());
            let (Some(shared), Some(weights), Some(component)) = (&shared, weights, component) else {
                continue;
            };
            for (layers, nodes) in lists {
                networks.push(LossNetworkSection {
                    backbone: component[0].clone(),
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
            format!("names {named}, which is no file")
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

    /// Lists of layers, each with the dotted names of its layers: one list, unless a preset stands for several.
    fn layers(
        &self,
        view: &View<'_>,
        backbone: &ComponentManifest,
        swept: bool,
    ) -> Vec<(Vec<String>, Vec<String>)> {
        let (leaf, depths) = match (view.get("layers"), view.get(DEPTHS)) {
            (Some(leaf), None) => (leaf, in_table(leaf)),
            (None, Some(leaf)) => (leaf, Some(&leaf.value)),
            (Some(_), Some(leaf)) => {
                let problem = "is given beside `loss_network.layers`: leave one of them out";
                self.error(ConfigError::at(&leaf.origin, "loss_network.layers.depths", problem));
                return Vec::new();
            }
            (None, None) => {
                self.missing(view, SECTION, "layers");
                return Vec::new();
            }
        };
        let error = |problem: String, help: Option<String>| {
            self.error(ConfigError::at(&leaf.origin, "loss_network.layers", problem).help(help));
        };
        let indexed = || (0..backbone.details.layers.len()).map(|index| index.to_string());
        let paper = || backbone.details.paper_layers.iter().map(usize::to_string);
        let preset: Option<Vec<Vec<String>>> = match (leaf.as_text(), swept) {
            (Some("paper"), true) => Some(paper().map(|layer| vec![layer]).collect()),
            (Some("each"), true) => Some(indexed().map(|layer| vec![layer]).collect()),
            (Some("paper"), false) => Some(vec![paper().collect()]),
            (Some("all"), _) => Some(vec![indexed().collect()]),
            (Some("each"), false) => {
                let help = "write `\"loss_network.layers\" = \"each\"` under [sweep]".to_owned();
                error("is `each`, which makes a cell of each layer".to_owned(), Some(help));
                return Vec::new();
            }
            _ => None,
        };
        let lists = match preset {
            Some(lists) if lists.iter().all(Vec::is_empty) => {
                let preset = leaf.as_text().unwrap_or_default();
                error(
                    format!("is `{preset}`, but `{}` says of no layer that it belongs to it", backbone.name),
                    None,
                );
                return Vec::new();
            }
            Some(lists) => lists,
            None if depths.is_some() => match at_depths(depths, leaf, backbone.details.layers.len()) {
                Ok(list) => vec![list],
                Err(problem) => {
                    error(problem, Some("write `{ depths = [0.25, 0.5, 0.75, 1] }`".to_owned()));
                    return Vec::new();
                }
            },
            None => match named_layers(leaf) {
                Ok(list) => vec![list],
                Err(problem) => {
                    error(problem, Some("name indices, dotted names, `paper` or `all`".to_owned()));
                    return Vec::new();
                }
            },
        };
        let mut checked = Vec::new();
        for layers in lists {
            let nodes: Vec<Option<String>> =
                layers.iter().map(|layer| self.node(view, leaf, backbone, layer)).collect();
            let Some(nodes) = nodes.into_iter().collect::<Option<Vec<String>>>() else { continue };
            match nodes.iter().enumerate().find(|(index, node)| nodes[..*index].contains(node)) {
                Some((index, _)) => error(format!("names the layer `{}` twice", layers[index]), None),
                None => checked.push((layers, nodes)),
            }
        }
        checked
    }

    /// The dotted name of a layer. Notes an error and gives none if the backbone has no such layer.
    fn node(
        &self,
        view: &View<'_>,
        leaf: &Leaf,
        backbone: &ComponentManifest,
        layer: &str,
    ) -> Option<String> {
        let indexed = &backbone.details.layers;
        let error = |problem: String, help: Option<String>| {
            self.error(ConfigError::at(&leaf.origin, "loss_network.layers", problem).help(help));
            None
        };
        if layer.bytes().all(|byte| byte.is_ascii_digit()) {
            let Some(last) = indexed.len().checked_sub(1) else { return Some(layer.to_owned()) };
            return match layer.parse::<usize>().ok().and_then(|index| indexed.get(index)) {
                Some(named) => Some(named.name.clone()),
                None => error(
                    format!("names layer {layer}, and `{}` has layers 0 to {last}", backbone.name),
                    Some("`\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth".to_owned()),
                ),
            };
        }
        let known =
            |named: &&LayerName| named.name == layer || named.aliases.iter().any(|alias| alias == layer);
        if let Some(named) = indexed.iter().find(known) {
            return Some(named.name.clone());
        }
        // Other settings of the backbone may give it other nodes: then only the engine can tell.
        let configured = view.keys().any(|key| key.starts_with("backbone_config."));
        match self.node_names(&backbone.name).filter(|_| !configured) {
            Some(nodes) if !nodes.iter().any(|node| node == layer) => {
                let aliases = indexed.iter().flat_map(|named| named.aliases.iter().map(String::as_str));
                let near = did_you_mean(layer, nodes.iter().map(String::as_str).chain(aliases));
                let lists = format!("`lossnet show backbone {}` lists them", backbone.name);
                let help = Some(near.map_or(lists.clone(), |near| format!("{near} {lists}")));
                error(format!("names `{layer}`, and `{}` has no such layer", backbone.name), help)
            }
            _ => Some(layer.to_owned()),
        }
    }

    fn node_names(&self, backbone: &str) -> Option<Rc<Vec<String>>> {
        let mut known = self.known_nodes.borrow_mut();
        known
            .entry(backbone.to_owned())
            .or_insert_with(|| self.nodes.node_names(backbone).map(Rc::new))
            .clone()
    }
}

fn origin(view: &View<'_>, key: &str) -> Origin {
    view.get(key).map_or(Origin::Default, |leaf| leaf.origin.clone())
}

/// A path as it was written, and what it stands for where that is another.
fn looked_for(written: &str, whole: &str) -> String {
    if written == whole { format!("`{whole}`") } else { format!("`{written}` ({whole})") }
}

/// Where the depths of layers stand.
const DEPTHS: &str = "layers.depths";

/// The depths in a value of a sweep, where they stand in a table of their own.
fn in_table(leaf: &Leaf) -> Option<&Value> {
    leaf.value
        .as_object()
        .map(|table| table.get("depths").filter(|_| table.len() == 1).unwrap_or(&Value::Null))
}

/// The indexed layers at fractions of a network's depth, each one once: the first layer by which at least that share of the
/// indexed layers has been passed, so that 1 is the last one.
fn at_depths(depths: Option<&Value>, leaf: &Leaf, layers: usize) -> Result<Vec<String>, String> {
    let listed: Vec<Option<f64>> = match (depths, leaf.as_text()) {
        (Some(Value::Array(depths)), _) => depths.iter().map(Value::as_f64).collect(),
        (Some(Value::Number(depth)), _) => vec![depth.as_f64()],
        (_, Some(text)) => text.split(',').map(|depth| depth.trim().parse().ok()).collect(),
        _ => Vec::new(),
    };
    if listed.is_empty() {
        return Err("must name layers, or a list of depths".to_owned());
    }
    if layers == 0 {
        return Err("names depths, and the backbone says of no layers how deep they are".to_owned());
    }
    let mut chosen: Vec<String> = Vec::new();
    for depth in listed {
        let Some(depth) = depth.filter(|depth| (0.0..=1.0).contains(depth)) else {
            return Err("names depths that are not fractions from 0 to 1".to_owned());
        };
        // 0.35 of 20 layers is 7 of them, whatever the product's last bit says.
        let passed = (depth * layers as f64 - 1e-9).ceil() as usize;
        let layer = passed.saturating_sub(1).to_string();
        if !chosen.contains(&layer) {
            chosen.push(layer);
        }
    }
    Ok(chosen)
}

/// The layers that a setting names: a list of indices and names, or a text with commas.
fn named_layers(leaf: &Leaf) -> Result<Vec<String>, String> {
    let layers: Vec<String> = match (&leaf.value, leaf.as_text()) {
        (Value::Array(layers), _) => layers
            .iter()
            .map(one_layer)
            .collect::<Result<_, _>>()
            .map_err(|what| format!("has {what} in it"))?,
        (_, Some(text)) => text.split(',').map(|layer| layer.trim().to_owned()).collect(),
        (value, None) => vec![one_layer(value).map_err(|what| format!("must name layers, not be {what}"))?],
    };
    match layers.iter().any(String::is_empty) {
        _ if layers.is_empty() => Err("names no layer".to_owned()),
        true => Err("has an empty name in it".to_owned()),
        false => Ok(layers),
    }
}

fn one_layer(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) if number.is_u64() => Ok(number.to_string()),
        other => Err(shown(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depths_are_fractions_of_the_indexed_layers() {
        let at = |depths: Value, layers| {
            let leaf = Leaf::of_default(depths.clone());
            at_depths(Some(&depths), &leaf, layers).map(|list| list.join(","))
        };
        let quarters = || serde_json::json!([0.25, 0.5, 0.75, 1]);
        for (layers, expected) in [(4, "0,1,2,3"), (13, "3,6,9,12"), (31, "7,15,23,30"), (2, "0,1"), (1, "0")]
        {
            assert_eq!(at(quarters(), layers).as_deref(), Ok(expected), "{layers}");
        }
        assert_eq!(at(serde_json::json!([0.35]), 20).as_deref(), Ok("6"));
        assert_eq!(at(serde_json::json!(0), 20).as_deref(), Ok("0"));
        for wrong in [serde_json::json!([1.5]), serde_json::json!([]), serde_json::json!(["a"])] {
            assert!(at(wrong.clone(), 4).is_err(), "{wrong}");
        }
    }
}
