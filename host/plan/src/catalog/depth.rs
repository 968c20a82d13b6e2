//! How deep in a network its layers lie.

use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::manifest::Details;

/// Where the deepest of some layers lies, from 0 to 1: by its index among the backbone's indexed layers, else by its node.
/// None if a layer is not known.
pub fn depth<'a>(
    backbone: &Details,
    layers: impl IntoIterator<Item = &'a str>,
    graph: impl Fn() -> Option<&'a Graph>,
) -> Option<f64> {
    let depth = |layer: &str| {
        let indexed = backbone.layers.iter().position(|known| known.name == layer);
        if let Some(index) = layer.parse::<usize>().ok().or(indexed) {
            if index >= backbone.layers.len() {
                return None;
            }
            return Some(index as f64 / backbone.layers.len().saturating_sub(1).max(1) as f64);
        }
        let graph = graph()?;
        Some(graph.find(layer)?.0 as f64 / graph.nodes.len().max(1) as f64)
    };
    let depths: Option<Vec<f64>> = layers.into_iter().map(depth).collect();
    depths?.into_iter().reduce(f64::max)
}
