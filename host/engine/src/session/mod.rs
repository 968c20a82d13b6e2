//! One backbone with weights that serves every loss network of a run.
//!
//! Features of an image are computed once, at the union of the layers that some loss network asks for; what a comparison
//! can prepare for one image alone is done once per image and layer; a layer's distance under a comparison is computed once
//! per pair. A loss network's distance is a sum of those over its layers. So all layers and comparisons of a backbone cost
//! about one forward pass.

mod calibration;
mod distances;
mod normalization;
mod weights;

use std::sync::Arc;

use lossnet_plugin_api::component::Compare;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::graph::Graph;
use tch::{Device, Tensor};

use crate::network::{LayerRef, Network, Options, ParameterSource};

pub use calibration::Calibration;
pub use lossnet_plugin_protocol::normalization::Normalization;
pub use weights::{FileWeights, NoWeights, RandomWeights};

/// A loss network of a session: which of its layers count, and how they are compared.
#[derive(Clone)]
pub struct LossNetworkSpec {
    /// The layers; all must be among the session's.
    pub layers: Vec<LayerRef>,
    /// The comparison: the distances of its terms add up.
    pub terms: Vec<Term>,
    /// Weights of the channels of each layer; without them all weigh 1.
    pub calibration: Option<Calibration>,
}

/// A term of a comparison. Terms with the same key compute the same, and are computed once.
#[derive(Clone)]
pub struct Term {
    /// Name, version and settings.
    pub key: String,
    /// What computes it.
    pub compare: Arc<dyn Compare>,
}

impl std::fmt::Debug for Term {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Term").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A backbone at work.
#[derive(Debug)]
pub struct Session {
    network: Network,
    layers: Vec<LayerRef>,
    normalization: Normalization,
}

impl Session {
    /// Builds the part of the network that these layers need; one that is named twice counts once.
    ///
    /// Fails as [`Network::build`].
    pub fn new(
        graph: &Graph,
        layers: impl IntoIterator<Item = LayerRef>,
        weights: &dyn ParameterSource,
        normalization: Normalization,
        options: &Options,
    ) -> Result<Session, PluginError> {
        let mut union: Vec<LayerRef> = Vec::new();
        for layer in layers {
            if !union.contains(&layer) {
                union.push(layer);
            }
        }
        let network = Network::build(graph, &union, weights, options)?;
        Ok(Session { network, layers: union, normalization })
    }

    /// The layers, in the order of [`features`](Session::features).
    pub fn layers(&self) -> &[LayerRef] {
        &self.layers
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.network.device()
    }

    /// The network.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The network, to set its mode.
    pub fn network_mut(&mut self) -> &mut Network {
        &mut self.network
    }

    /// The features of images (N×3×H×W, float32, RGB in [0, 1]) at each layer, N×C×H×W, on the session's device. The
    /// images stay as they are; gradients flow to them if they require any.
    pub fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let normalized = normalization::apply(&self.normalization, images, self.device())?;
        Ok(self.network.forward(&normalized)?)
    }

    /// The position of a layer among the session's.
    fn position(&self, layer: &LayerRef) -> Result<usize, PluginError> {
        self.layers.iter().position(|known| known == layer).ok_or_else(|| {
            PluginError::run(format!("the layer {layer} was not asked for when the session was opened"))
        })
    }
}
