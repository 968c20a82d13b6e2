//! The layers of a backbone with its settings.

use std::rc::Rc;

use lossnet_plugin_protocol::ComponentManifest;
use lossnet_plugin_protocol::graph::Graph;
use lossnet_plugin_protocol::manifest::LayerName;

/// The layers of a backbone with its settings.
#[derive(Debug)]
pub(super) struct Anatomy {
    pub(super) backbone: String,
    /// Its indexed layers; none if they can't be told here.
    pub(super) layers: Option<Vec<LayerName>>,
    /// The paper's.
    pub(super) paper: Vec<usize>,
    /// The dotted names of all nodes; of a backbone with its default settings they are asked for when they are needed.
    pub(super) nodes: Option<Rc<Vec<String>>>,
    pub(super) by_default: bool,
}

impl Anatomy {
    pub(super) fn by_default(backbone: &ComponentManifest) -> Anatomy {
        Anatomy {
            backbone: backbone.name.clone(),
            layers: Some(backbone.details.layers.clone()),
            paper: backbone.details.paper_layers.clone(),
            nodes: None,
            by_default: true,
        }
    }

    pub(super) fn configured(backbone: &ComponentManifest, graph: Option<&Graph>) -> Anatomy {
        let layers = graph.map(Graph::indexed_layers);
        // The paper has used the network with its default settings: the same indices of a smaller one may not even be there.
        let is_there = |layer: &&usize| layers.as_ref().is_some_and(|layers| **layer < layers.len());
        let paper = backbone.details.paper_layers.iter().filter(is_there).copied().collect();
        Anatomy {
            backbone: backbone.name.clone(),
            paper,
            nodes: graph.map(|graph| Rc::new(graph.names().map(str::to_owned).collect())),
            layers,
            by_default: false,
        }
    }

    /// What to add to a sentence about its layers.
    pub(super) fn with(&self) -> &'static str {
        if self.by_default { "" } else { " with these settings" }
    }
}
