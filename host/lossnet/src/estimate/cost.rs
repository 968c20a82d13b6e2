//! What a group's loss network costs for one image, from its description alone.

use std::collections::{BTreeSet, HashMap};

use lossnet_plugin_protocol::Kind;
use lossnet_plugin_protocol::graph::{Graph, NodeId};

use crate::index::Index;
use lossnet_core::model::Component;
use lossnet_plan::config::is_by_default;

/// The cost of a loss network for one image of a size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct NetworkCost {
    /// Multiply-accumulate operations of a forward pass down to the deepest layer.
    pub(super) macs: f64,
    /// Parameters of what is computed.
    parameters: f64,
    /// Elements of all values, as they are kept for a backward pass.
    all: f64,
    /// Elements that are alive at once at most without one, about: the wanted layers' and twice the largest value.
    alive: f64,
}

impl NetworkCost {
    /// Bytes of weights and values for a batch of so many images, in float32.
    pub(super) fn bytes(&self, images: f64, backward: bool) -> f64 {
        4.0 * (self.parameters + images * if backward { self.all } else { self.alive })
    }
}

/// Costs of networks, each computed once.
pub(super) struct Costs<'a> {
    index: &'a Index,
    graphs: HashMap<String, Option<Graph>>,
    known: HashMap<(String, BTreeSet<String>, i64), Option<NetworkCost>>,
}

impl<'a> Costs<'a> {
    pub(super) fn new(index: &'a Index) -> Costs<'a> {
        Costs { index, graphs: HashMap::new(), known: HashMap::new() }
    }

    /// The cost with these layers (dotted names) for a square image. None if the backbone can't be described, has settings
    /// of its own that may change it, or does not take images of this size.
    pub(super) fn of(
        &mut self,
        backbone: &Component,
        nodes: &BTreeSet<String>,
        side: i64,
    ) -> Option<NetworkCost> {
        let key = (backbone.name.clone(), nodes.clone(), side);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let cost = self.compute(backbone, nodes, side);
        self.known.insert(key, cost);
        cost
    }

    fn compute(&mut self, backbone: &Component, nodes: &BTreeSet<String>, side: i64) -> Option<NetworkCost> {
        let manifest = self.index.catalog.get(Kind::Backbone, &backbone.name).ok()?;
        if !is_by_default(manifest, &backbone.settings) {
            return None;
        }
        let index = self.index;
        let graph = self.graphs.entry(backbone.name.clone());
        let graph = graph.or_insert_with(|| index.graph(&backbone.name)).as_ref()?;
        let wanted: Vec<NodeId> = nodes.iter().map(|node| graph.find(node)).collect::<Option<_>>()?;
        let costs = graph.costs(&graph.needed_by(&wanted), side, side).ok()?;
        let mut total = NetworkCost { macs: 0.0, parameters: 0.0, all: 0.0, alive: 0.0 };
        let mut largest: f64 = 0.0;
        for (position, cost) in costs.iter().enumerate() {
            let Some(cost) = cost else { continue };
            let elements = cost.shape.count() as f64;
            total.macs += cost.macs as f64;
            total.parameters += cost.parameters as f64;
            total.all += elements;
            largest = largest.max(elements);
            if wanted.contains(&NodeId(position)) {
                total.alive += elements;
            }
        }
        total.alive += 2.0 * largest;
        Some(total)
    }
}
