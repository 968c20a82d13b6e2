//! What weights are that do not fit a network: another one's, or no network's.

use lossnet_core::engine_protocol::{ComponentRef, Configured};
use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::graph::Graph;

use crate::network::{KnownNames, ParameterSource};
use crate::registry;

/// Which share of a network's parameters must be there, with their shapes, for weights to look like that network's.
const ALIKE: f64 = 0.9;

/// What the weights look like, as a sentence. None if that can't be told, or if they are this network's.
pub(crate) fn explain(source: &dyn ParameterSource, graph: &Graph, backbone: &Configured) -> Option<String> {
    let names = source.names();
    if names.iter().any(|name| is_calibration(name)) {
        return Some(format!(
            "{} is a calibration in LPIPS's format, not a network's weights: give it with --calibration or \
             `loss_network.calibration`",
            source.describe()
        ));
    }
    if share(source, &names, graph) >= ALIKE {
        return None;
    }
    looks_like(source, &names, &backbone.component).map(|other| {
        format!(
            "{} holds the weights of another network: they look like `{other}`, not `{}`",
            source.describe(),
            backbone.component.name
        )
    })
}

/// Whether a tensor is one of LPIPS's weights of channels.
pub(crate) fn is_calibration(name: &str) -> bool {
    let rest = name.strip_prefix("lin").and_then(|rest| rest.split_once('.'));
    rest.is_some_and(|(number, rest)| number.parse::<u32>().is_ok() && rest.ends_with("weight"))
}

/// The backbone of the same plugin that the weights fit best.
fn looks_like(source: &dyn ParameterSource, names: &[String], component: &ComponentRef) -> Option<String> {
    let plugin = registry::plugin(&component.plugin).ok()?;
    let backbones = plugin.manifest().components.iter().filter(|held| held.kind == Kind::Backbone);
    let shares = backbones.filter_map(|held| {
        let component = ComponentRef { plugin: component.plugin.clone(), name: held.name.clone() };
        let graph = registry::describe(&Configured { component, config: serde_json::Map::new() }).ok()?;
        Some((share(source, names, &graph), held.name.clone()))
    });
    let (share, name) = shares.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (share >= ALIKE).then_some(name)
}

/// How much the weights and a network have in common: the share of all names of both that are in both, with one shape.
fn share(source: &dyn ParameterSource, names: &[String], graph: &Graph) -> f64 {
    let Ok(known) = KnownNames::of(graph) else { return 0.0 };
    let mut required = 0_usize;
    let mut fitting = 0_usize;
    let mut seen = std::collections::HashSet::new();
    for (name, _, parameter) in graph.parameters() {
        if !parameter.required || !seen.insert(name.clone()) {
            continue;
        }
        required += 1;
        let shape =
            source.shape(&name).map(|shape| shape.iter().map(|&side| side as i64).collect::<Vec<_>>());
        fitting += usize::from(shape.as_deref() == Some(&parameter.shape));
    }
    let unknown = names.iter().filter(|name| !known.contains(name)).count();
    fitting as f64 / (required + unknown).max(1) as f64
}
