//! Runs described networks: from a [`Graph`] and weights to the values at
//! the wanted layers.
//!
//! A frozen network is lowered when it is built (see `plan.rs`): only what the deepest wanted layer needs is there,
//! batch normalizations are folded into the convolutions before them, activations work in place where nobody
//! else sees the value, and on the CPU values lie channels-last. A trainable network runs as described.

mod error;
mod kernel;
mod layer;
mod memory;
mod options;
mod parameters;
mod plan;
mod size;

use lossnet_plugin_protocol::graph::{Graph, NodeId};
use tch::{Device, Kind, Tensor};

pub use error::{BoxError, NetworkError, WeightsReport};
pub(crate) use kernel::convolution;
pub use layer::LayerRef;
pub use memory::Memory;
pub use options::{CheckWeights, Options, Precision};
pub use parameters::{KnownNames, ParameterSource};

pub(crate) use error::some;
use error::torch;
use plan::{Plan, Step, Turn};

/// A network cut behind the deepest wanted layer, with its weights, on a device.
#[derive(Debug)]
pub struct Network {
    graph: Graph,
    needed: Vec<bool>,
    wanted: Vec<NodeId>,
    layers: Vec<LayerRef>,
    weights: String,
    left_out: WeightsReport,
    options: Options,
    plan: Plan,
    /// The way to all wanted layers.
    turns: Vec<Turn>,
    trained: Vec<(String, Tensor)>,
    buffers: Vec<(String, Tensor)>,
    training: bool,
}

impl Network {
    /// Builds what the wanted layers need, with weights from `parameters`.
    ///
    /// Fails if the graph is unsound, a layer does not exist, the weights do not fit (all that does not fit is
    /// listed), or the device refuses.
    pub fn build(
        graph: &Graph,
        wanted: &[LayerRef],
        parameters: &dyn ParameterSource,
        options: &Options,
    ) -> Result<Network, NetworkError> {
        graph.validate()?;
        if wanted.is_empty() {
            return Err(NetworkError::NoLayers);
        }
        let nodes: Vec<NodeId> =
            wanted.iter().map(|layer| layer.find(graph)).collect::<Result<_, NetworkError>>()?;
        let needed = graph.needed_by(&nodes);
        let mut loader = parameters::Loader::check(graph, &needed, parameters, options)?;
        let plan = Plan::build(graph, &needed, &nodes, &mut loader)?;
        let left_out = loader.left_out().clone();
        let (trained, buffers) = loader.into_tensors(graph, &needed);
        Ok(Network {
            graph: graph.clone(),
            needed,
            layers: wanted.to_vec(),
            weights: parameters.identity(),
            left_out,
            options: *options,
            turns: plan.turns(&nodes),
            plan,
            wanted: nodes,
            trained,
            buffers,
            training: options.trainable,
        })
    }

    /// What of the weights does not fit and is not used, so that it does not matter.
    pub fn left_out(&self) -> &WeightsReport {
        &self.left_out
    }

    /// The values of the wanted layers, in their order, as those layers produced them: float32, N×C×H×W (or N×C
    /// behind a flattening), possibly channels-last in memory.
    ///
    /// `images` is N×3×H×W of floating-point numbers, already normalized, and is left unchanged. Gradients flow
    /// to the images if those require them. Fails if the images have another form or are too small for a layer,
    /// which is then named.
    pub fn forward(&self, images: &Tensor) -> Result<Vec<Tensor>, NetworkError> {
        self.compute(images, &self.wanted, &self.turns)
    }

    /// The values of some of the wanted layers, in this order, as [`forward`](Network::forward) gives them; nothing deeper is
    /// computed. Fails also if one of them is not a wanted layer.
    pub fn forward_to(&self, images: &Tensor, layers: &[LayerRef]) -> Result<Vec<Tensor>, NetworkError> {
        let nodes = self.nodes_of(layers)?;
        self.compute(images, &nodes, &self.plan.turns(&nodes))
    }

    /// The memory of the values that some of the wanted layers need, for one image of this height and width.
    pub fn memory(&self, layers: &[LayerRef], height: i64, width: i64) -> Result<Memory, NetworkError> {
        let nodes = self.nodes_of(layers)?;
        let shapes = self.graph.shapes_of(&self.graph.needed_by(&nodes), height, width)?;
        let bytes = self.options.precision.kind().elt_size_in_bytes() as u64;
        Ok(Memory::count(&self.plan, &nodes, &shapes, bytes))
    }

    fn nodes_of(&self, layers: &[LayerRef]) -> Result<Vec<NodeId>, NetworkError> {
        let node = |layer: &LayerRef| {
            let position = self.layers.iter().position(|known| known == layer);
            position.map(|position| self.wanted[position])
        };
        layers
            .iter()
            .map(|layer| node(layer).ok_or_else(|| NetworkError::Plan { layer: layer.to_string() }))
            .collect()
    }

    fn compute(
        &self,
        images: &Tensor,
        wanted: &[NodeId],
        turns: &[Turn],
    ) -> Result<Vec<Tensor>, NetworkError> {
        size::check(&self.graph, &self.needed, images)?;
        let images = images
            .f_to(self.options.device)
            .and_then(|images| images.f_to_kind(self.options.precision.kind()))
            .map_err(torch("taking the images to the device"))?;
        let mut values: Vec<Option<Tensor>> = Vec::new();
        values.resize_with(self.graph.nodes.len(), || None);
        values[0] = Some(self.plan.lay_out(&images)?);
        for turn in turns {
            let step = &self.plan.steps[turn.step];
            let value = self.run(step, &mut values)?;
            for &done in &turn.frees {
                values[done] = None;
            }
            values[step.node] = Some(value);
        }
        wanted.iter().map(|id| self.outcome(*id, &values)).collect()
    }

    fn run(&self, step: &Step, values: &mut [Option<Tensor>]) -> Result<Tensor, NetworkError> {
        let node = &self.graph.nodes[step.node];
        let context = || torch(format!("running the layer `{}`", node.name));
        if step.in_place
            && let Some(target) = values[step.inputs[0]].take()
        {
            let other = step.inputs.get(1).and_then(|&input| values[input].as_ref());
            return kernel::run_in_place(&step.op, target, other).map_err(context());
        }
        let inputs: Vec<&Tensor> = step.inputs.iter().filter_map(|&input| values[input].as_ref()).collect();
        if inputs.len() != step.inputs.len() {
            return Err(NetworkError::Plan { layer: node.name.clone() });
        }
        let mode = kernel::Mode {
            training: self.training,
            tf32: self.options.precision == Precision::Tf32,
            channels_last: self.plan.channels_last,
        };
        kernel::run(&step.op, step.tensors.as_ref(), &inputs, mode).map_err(context())
    }

    fn outcome(&self, id: NodeId, values: &[Option<Tensor>]) -> Result<Tensor, NetworkError> {
        let node = self.graph.node(id);
        let value = values[id.0].as_ref().ok_or_else(|| NetworkError::Plan { layer: node.name.clone() })?;
        value.f_to_kind(Kind::Float).map_err(torch("taking a layer's value to float32"))
    }

    /// The wanted layers, as they were asked for.
    pub fn layers(&self) -> &[LayerRef] {
        &self.layers
    }

    /// The nodes of the wanted layers.
    pub fn nodes(&self) -> &[NodeId] {
        &self.wanted
    }

    /// The described network, with the nodes that were not built.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Which nodes were built.
    pub fn needed(&self) -> &[bool] {
        &self.needed
    }

    /// Which weights it has: a file's SHA-256, or `random:SEED`.
    pub fn weights(&self) -> &str {
        &self.weights
    }

    /// Where it runs.
    pub fn device(&self) -> Device {
        self.options.device
    }

    /// In which numbers it computes.
    pub fn precision(&self) -> Precision {
        self.options.precision
    }

    /// Whether its parameters can be trained.
    pub fn trainable(&self) -> bool {
        self.options.trainable
    }

    /// The parameters that gradient descent may change, by their published names. None for a frozen network.
    pub fn parameters(&self) -> &[(String, Tensor)] {
        &self.trained
    }

    /// The running statistics of the batch normalizations, by their published names. None for a frozen network.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        &self.buffers
    }

    /// Sets whether batch normalizations use the batch's statistics and dropout drops. A trainable network
    /// starts so; a frozen one is never so, and asking for it is an error.
    pub fn set_training(&mut self, training: bool) -> Result<(), NetworkError> {
        if training && !self.options.trainable {
            return Err(NetworkError::Frozen);
        }
        self.training = training;
        Ok(())
    }
}
