//! Which layers of a backbone a `[loss_network]` names.

use std::rc::Rc;

use lossnet_plugin_protocol::ComponentManifest;
use lossnet_plugin_protocol::manifest::LayerName;
use serde_json::{Map, Value};

use super::anatomy::Anatomy;
use super::keys::shown;
use super::origin::{ConfigError, Origin};
use super::raw::Leaf;
use super::raw::View;
use super::schema::SettingsSchema;
use super::sections::Checker;
use lossnet_core::model::Component;
use lossnet_core::nearest::did_you_mean;

const SECTION: &str = "loss_network";

/// Whether these settings of a component are its default ones.
pub fn is_by_default(component: &ComponentManifest, settings: &Map<String, Value>) -> bool {
    SettingsSchema::new(component).is_ok_and(|schema| schema.complete(&Map::new()) == *settings)
}

impl Checker<'_> {
    /// Lists of layers, each with the dotted names of its layers: one list, unless a preset stands for several.
    pub(super) fn layers(
        &self,
        view: &View<'_>,
        anatomy: &Anatomy,
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
        let (backbone, indexed) = (&anatomy.backbone, anatomy.layers.as_deref());
        let all = || (0..indexed.map_or(0, <[_]>::len)).map(|index| index.to_string());
        let paper = || anatomy.paper.iter().map(usize::to_string);
        let preset: Option<Vec<Vec<String>>> = match (leaf.as_text(), swept) {
            (Some("paper"), true) => Some(paper().map(|layer| vec![layer]).collect()),
            (Some("each"), true) => Some(all().map(|layer| vec![layer]).collect()),
            (Some("paper"), false) => Some(vec![paper().collect()]),
            (Some("all"), _) => Some(vec![all().collect()]),
            (Some("each"), false) => {
                let help = "write `\"loss_network.layers\" = \"each\"` under [sweep]".to_owned();
                error("is `each`, which makes a cell of each layer".to_owned(), Some(help));
                return Vec::new();
            }
            _ => None,
        };
        if indexed.is_none() && (preset.is_some() || depths.is_some()) {
            let help = "name indices or dotted names of layers".to_owned();
            error(
                format!(
                    "stands for several layers, and which ones `{backbone}` has with these settings can't be told here"
                ),
                Some(help),
            );
            return Vec::new();
        }
        let lists = match preset {
            Some(lists) if lists.iter().all(Vec::is_empty) => {
                let preset = leaf.as_text().unwrap_or_default();
                error(
                    format!("is `{preset}`, but `{backbone}` says of no layer that it belongs to it"),
                    None,
                );
                return Vec::new();
            }
            Some(lists) => lists,
            None if depths.is_some() => match at_depths(depths, leaf, indexed.map_or(0, <[_]>::len)) {
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
                layers.iter().map(|layer| self.node(leaf, anatomy, layer)).collect();
            let Some(nodes) = nodes.into_iter().collect::<Option<Vec<String>>>() else { continue };
            match nodes.iter().enumerate().find(|(index, node)| nodes[..*index].contains(node)) {
                Some((index, _)) => error(format!("names the layer `{}` twice", layers[index]), None),
                None => checked.push((layers, nodes)),
            }
        }
        checked
    }

    /// The dotted name of a layer. Notes an error and gives none if the backbone has no such layer.
    fn node(&self, leaf: &Leaf, anatomy: &Anatomy, layer: &str) -> Option<String> {
        let backbone = &anatomy.backbone;
        let Some(indexed) = &anatomy.layers else { return Some(layer.to_owned()) };
        let error = |problem: String, help: Option<String>| {
            self.error(ConfigError::at(&leaf.origin, "loss_network.layers", problem).help(help));
            None
        };
        if layer.bytes().all(|byte| byte.is_ascii_digit()) {
            let Some(last) = indexed.len().checked_sub(1) else { return Some(layer.to_owned()) };
            return match layer.parse::<usize>().ok().and_then(|index| indexed.get(index)) {
                Some(named) => Some(named.name.clone()),
                None => error(
                    format!("names layer {layer}, and `{backbone}` has layers 0 to {last}{}", anatomy.with()),
                    Some("`\"paper\"`, `\"each\"` and `{ depths = [0.25, 0.5, 0.75, 1] }` suit networks of any depth".to_owned()),
                ),
            };
        }
        let known =
            |named: &&LayerName| named.name == layer || named.aliases.iter().any(|alias| alias == layer);
        if let Some(named) = indexed.iter().find(known) {
            return Some(named.name.clone());
        }
        let nodes = anatomy.nodes.clone().or_else(|| self.node_names(backbone));
        match nodes {
            Some(nodes) if !nodes.iter().any(|node| node == layer) => {
                let aliases = indexed.iter().flat_map(|named| named.aliases.iter().map(String::as_str));
                let near = did_you_mean(layer, nodes.iter().map(String::as_str).chain(aliases));
                let lists = format!("`lossnet show backbone {backbone}` lists them");
                let help = Some(near.map_or(lists.clone(), |near| format!("{near} {lists}")));
                error(format!("names `{layer}`, and `{backbone}` has no such layer{}", anatomy.with()), help)
            }
            _ => Some(layer.to_owned()),
        }
    }

    fn node_names(&self, backbone: &str) -> Option<Rc<Vec<String>>> {
        let mut known = self.known_nodes.borrow_mut();
        known
            .entry(backbone.to_owned())
            .or_insert_with(|| self.descriptions.node_names(backbone).map(Rc::new))
            .clone()
    }

    /// The layers of a backbone with its settings. Notes an error and gives none if it refuses them.
    pub(super) fn anatomy(
        &self,
        view: &View<'_>,
        backbone: &ComponentManifest,
        component: &Component,
    ) -> Option<Rc<Anatomy>> {
        let key = format!("{} {}", component.name, Value::Object(component.settings.clone()));
        if let Some(known) = self.configured.borrow().get(&key) {
            return known.clone();
        }
        let anatomy = if is_by_default(backbone, &component.settings) {
            Ok(Anatomy::by_default(backbone))
        } else {
            let described = self.descriptions.described(&component.name, &component.settings);
            described.map(|graph| Anatomy::configured(backbone, graph.as_ref()))
        };
        let anatomy = anatomy.map(Rc::new).map_err(|error| {
            let first = view.iter().find(|(key, _)| key.starts_with("backbone_config."));
            let origin = first.map_or(Origin::Default, |(_, leaf)| leaf.origin.clone());
            let problem = format!("is refused by the backbone: {error}");
            self.error(ConfigError::at(&origin, "loss_network.backbone_config", problem).help(error.help));
        });
        self.configured.borrow_mut().insert(key, anatomy.clone().ok());
        anatomy.ok()
    }
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
