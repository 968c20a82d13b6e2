//! Layers as users name them.

use std::fmt;
use std::str::FromStr;

use lossnet_plugin_protocol::graph::{Graph, NodeId};

use super::NetworkError;

/// How many similar names an error offers.
const OFFERED: usize = 3;

/// A layer by index (into the indexed layers of a network) or by dotted name (of any node or module).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LayerRef {
    /// Position among the indexed layers, from 0.
    Index(usize),
    /// Dotted name of a node or module, such as `layer1.0.conv1`.
    Name(String),
}

impl LayerRef {
    /// The node whose value the layer gives, or an error that says what there is instead.
    pub fn find(&self, graph: &Graph) -> Result<NodeId, NetworkError> {
        match self {
            LayerRef::Index(index) => {
                let name = graph.layers.get(*index);
                name.and_then(|name| graph.find(name))
                    .ok_or(NetworkError::LayerIndex { index: *index, count: graph.layers.len() })
            }
            LayerRef::Name(name) => graph.find(name).ok_or_else(|| NetworkError::UnknownLayer {
                name: name.clone(),
                nearest: nearest(name, graph),
            }),
        }
    }

    /// The indices and names of all indexed layers.
    pub fn all(graph: &Graph) -> Vec<LayerRef> {
        (0..graph.layers.len()).map(LayerRef::Index).collect()
    }
}

fn nearest(name: &str, graph: &Graph) -> Vec<String> {
    let mut ranked: Vec<(usize, &str)> = graph
        .names()
        .chain(graph.aliases.keys().map(String::as_str))
        .map(|known| (strsim::damerau_levenshtein(name, known), known))
        .collect();
    ranked.sort_by_key(|(distance, _)| *distance);
    ranked.into_iter().take(OFFERED).map(|(_, known)| known.to_owned()).collect()
}

impl FromStr for LayerRef {
    type Err = std::convert::Infallible;

    /// Decimal digits are an index, anything else a name.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(text.parse().map_or_else(|_| LayerRef::Name(text.to_owned()), LayerRef::Index))
    }
}

impl fmt::Display for LayerRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LayerRef::Index(index) => write!(f, "{index}"),
            LayerRef::Name(name) => f.write_str(name),
        }
    }
}
