//! What plugins say of tasks and backbones, as far as results are about them.

use std::collections::{BTreeMap, BTreeSet};

use lossnet_plugin_protocol::graph::{Graph, NodeId};
use lossnet_plugin_protocol::manifest::Details;
use lossnet_plugin_protocol::{ComponentManifest, Kind};

use super::Measured;
use lossnet_core::model::LossNetworkSection;
use lossnet_core::weights;
use lossnet_plan::catalog::{self, Catalog};
use lossnet_plan::config::is_by_default;

/// Side in pixels of the images that multiply-adds are counted for.
const SIDE: i64 = 224;

/// What is known of the tasks and backbones of some results. What no plugin at hand offers is unknown.
#[derive(Debug, Default)]
pub struct About {
    tasks: BTreeMap<String, Details>,
    backbones: BTreeMap<String, Backbone>,
}

#[derive(Debug)]
struct Backbone {
    manifest: ComponentManifest,
    /// With its default settings.
    graph: Option<CountedGraph>,
}

/// A network with what each of its nodes costs.
#[derive(Debug)]
struct CountedGraph {
    graph: Graph,
    /// Multiply-adds of each node; none if images of [`SIDE`] don't fit.
    multiply_adds: Option<Vec<u64>>,
    parameters: u64,
}

/// What is known of a loss network.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Facts {
    pub(super) depth: Option<f64>,
    pub(super) imagenet_top1: Option<f64>,
    pub(super) parameters: Option<u64>,
    pub(super) multiply_adds: Option<u64>,
}

impl About {
    /// What a catalog says of the components of some results, and the graphs of backbones, where those are known.
    pub fn new(catalog: &Catalog, graph: &dyn Fn(&str) -> Option<Graph>, cells: &[Measured]) -> About {
        let configs = || cells.iter().map(|cell| &cell.result.cell.config);
        let tasks: BTreeSet<&str> = configs().map(|config| config.task.name.as_str()).collect();
        let backbones: BTreeSet<&str> =
            configs().map(|config| config.loss_network.backbone.name.as_str()).collect();
        let manifest = |kind, name: &str| Some(catalog.get(kind, name).ok()?.clone());
        About {
            tasks: tasks
                .into_iter()
                .filter_map(|name| Some((name.to_owned(), manifest(Kind::Task, name)?.details)))
                .collect(),
            backbones: backbones
                .into_iter()
                .filter_map(|name| {
                    let manifest = manifest(Kind::Backbone, name)?;
                    let graph = graph(name).map(CountedGraph::new);
                    Some((name.to_owned(), Backbone { manifest, graph }))
                })
                .collect(),
        }
    }

    /// What a catalog says of these tasks, and nothing of backbones.
    pub fn tasks<'a>(catalog: &Catalog, names: impl IntoIterator<Item = &'a str>) -> About {
        let details = |name: &str| Some(catalog.get(Kind::Task, name).ok()?.details.clone());
        let names: BTreeSet<&str> = names.into_iter().collect();
        let tasks = names.into_iter().filter_map(|name| Some((name.to_owned(), details(name)?)));
        About { tasks: tasks.collect(), backbones: BTreeMap::new() }
    }

    /// What a task says of itself.
    pub(super) fn task(&self, name: &str) -> Option<&Details> {
        self.tasks.get(name)
    }

    /// Whether a backbone has several layers to choose from; so it is taken to be where it is not at hand.
    pub(super) fn has_layers(&self, backbone: &str) -> bool {
        self.backbones.get(backbone).is_none_or(|backbone| backbone.manifest.details.layers.len() != 1)
    }

    /// What is known of a loss network.
    pub(super) fn facts(&self, network: &LossNetworkSection) -> Facts {
        let Some(backbone) = self.backbones.get(&network.backbone.name) else { return Facts::default() };
        let details = &backbone.manifest.details;
        let weights = weights::entry(&network.weights, &details.weights);
        // With other settings it is another network, and nobody has described that one here.
        if !is_by_default(&backbone.manifest, &network.backbone.settings) {
            return Facts { imagenet_top1: weights.and_then(|weights| weights.acc1), ..Facts::default() };
        }
        let graph = backbone.graph.as_ref();
        Facts {
            depth: catalog::depth(details, network.layers.iter().map(String::as_str), || {
                Some(&backbone.graph.as_ref()?.graph)
            }),
            imagenet_top1: weights.and_then(|weights| weights.acc1),
            parameters: graph.map(|graph| graph.parameters),
            multiply_adds: graph.and_then(|graph| graph.multiply_adds(&backbone.nodes(network)?)),
        }
    }
}

impl Backbone {
    /// The dotted name of a layer.
    fn name<'a>(&'a self, layer: &'a str) -> &'a str {
        let indexed = layer.parse::<usize>().ok().and_then(|index| self.manifest.details.layers.get(index));
        indexed.map_or(layer, |layer| layer.name.as_str())
    }

    /// The nodes of a network's layers, if all are known.
    fn nodes(&self, network: &LossNetworkSection) -> Option<Vec<NodeId>> {
        let graph = &self.graph.as_ref()?.graph;
        network.layers.iter().map(|layer| graph.find(self.name(layer))).collect()
    }
}

impl CountedGraph {
    fn new(graph: Graph) -> CountedGraph {
        let all = vec![true; graph.nodes.len()];
        let costs = graph.costs(&all, SIDE, SIDE).ok();
        let multiply_adds = costs.map(|costs| {
            let counts = costs.iter().map(|cost| cost.as_ref().map_or(0, |cost| cost.macs));
            counts.map(|count| u64::try_from(count).unwrap_or(0)).collect()
        });
        // A module that is used twice has its parameters once.
        let counted: BTreeMap<String, u64> = graph
            .parameters()
            .filter(|(_, _, parameter)| parameter.trained)
            .map(|(name, _, parameter)| (name, u64::try_from(parameter.count()).unwrap_or(0)))
            .collect();
        CountedGraph { parameters: counted.values().sum(), multiply_adds, graph }
    }

    /// Of one image, up to the deepest of these nodes.
    fn multiply_adds(&self, wanted: &[NodeId]) -> Option<u64> {
        let needed = self.graph.needed_by(wanted);
        let counts = self.multiply_adds.as_ref()?;
        Some(counts.iter().zip(needed).filter(|(_, needed)| *needed).map(|(count, _)| count).sum())
    }
}
