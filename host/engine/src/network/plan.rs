//! The order of work for a network, lowered where it is frozen.

use lossnet_plugin_protocol::graph::{BatchNorm2d, Graph, Node, NodeId, Op};
use tch::{Device, Kind, Tensor};

use super::error::{NetworkError, torch};
use super::kernel::Tensors;
use super::options::Precision;
use super::parameters::Loader;

/// What is to be done, step by step.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Whether values of images lie channels-last in memory.
    pub(super) channels_last: bool,
}

/// The work of one node.
#[derive(Debug)]
pub(super) struct Step {
    /// The node whose value this makes. A folded pair of convolution and batch normalization makes the latter's.
    pub(super) node: usize,
    /// What it does: the convolution where it is folded with a batch normalization.
    pub(super) op: Op,
    /// The nodes whose values it takes.
    pub(super) inputs: Vec<usize>,
    /// Its parameters.
    pub(super) tensors: Option<Tensors>,
    /// Whether the value may overwrite the first input's.
    pub(super) in_place: bool,
}

/// A step in the way to some of the wanted layers.
#[derive(Debug)]
pub(super) struct Turn {
    /// Position among the plan's steps.
    pub(super) step: usize,
    /// The nodes whose values nobody needs any more afterwards.
    pub(super) frees: Vec<usize>,
}

impl Plan {
    pub(super) fn build(
        graph: &Graph,
        needed: &[bool],
        wanted: &[NodeId],
        loader: &mut Loader<'_>,
    ) -> Result<Plan, NetworkError> {
        let uses = Uses::count(graph, needed, wanted);
        let mut steps: Vec<Step> = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate().skip(1).filter(|(index, _)| needed[*index]) {
            if !loader.trainable() && uses.folded_into(index, graph).is_some() {
                continue;
            }
            let conv = if loader.trainable() { None } else { foldable(graph, &uses, index) };
            let conv = conv.map(|conv| &graph.nodes[conv]);
            let tensors = match (conv, &node.op) {
                (Some(conv), Op::BatchNorm2d(norm)) => Some(fold(conv, node, norm, loader)?),
                _ => load(node, loader)?,
            };
            let in_place = !loader.trainable() && uses.may_overwrite(graph, index);
            let source = conv.unwrap_or(node);
            let inputs = source.inputs.iter().map(|input| input.0).collect();
            let op = source.op.clone();
            steps.push(Step { node: index, op, inputs, tensors, in_place });
        }
        Ok(Plan { steps, channels_last: channels_last(loader) })
    }

    /// The steps that some of the wanted layers need. Each value is freed after the last step that takes it, so that memory does
    /// not grow with depth.
    pub(super) fn turns(&self, wanted: &[NodeId]) -> Vec<Turn> {
        let nodes = self.steps.last().map_or(1, |step| step.node + 1);
        let mut needed = vec![false; nodes];
        for id in wanted {
            needed[id.0] = true;
        }
        let mut turns = Vec::new();
        for (position, step) in self.steps.iter().enumerate().rev() {
            if !needed[step.node] {
                continue;
            }
            let mut frees = Vec::new();
            for &input in &step.inputs {
                // From behind: the first step that is met is the last one that takes the value.
                if !std::mem::replace(&mut needed[input], true) {
                    frees.push(input);
                }
            }
            turns.push(Turn { step: position, frees });
        }
        turns.reverse();
        turns
    }

    /// The image in the layout in which the network computes. Never the caller's own memory changed.
    pub(super) fn lay_out(&self, image: &Tensor) -> Result<Tensor, NetworkError> {
        if self.channels_last { to_channels_last(image) } else { Ok(image.shallow_clone()) }
    }
}

/// Channels-last took 0.5 to 0.8 of the time on CPUs (AlexNet, SqueezeNet, ResNet-18, VGG-16), and it is what
/// tensor cores want for bfloat16.
fn channels_last(loader: &Loader<'_>) -> bool {
    let options = loader.options();
    !options.trainable && (options.device == Device::Cpu || options.precision == Precision::Bf16)
}

/// The same N×C×H×W values with the channels next to each other in memory.
fn to_channels_last(image: &Tensor) -> Result<Tensor, NetworkError> {
    image
        .f_permute([0i64, 2, 3, 1].as_slice())
        .and_then(|rows| rows.f_contiguous())
        .and_then(|rows| rows.f_permute([0i64, 3, 1, 2].as_slice()))
        .map_err(torch("laying a tensor out channels-last"))
}

/// Who takes a node's value.
struct Uses {
    takers: Vec<Vec<usize>>,
    wanted: Vec<bool>,
}

impl Uses {
    fn count(graph: &Graph, needed: &[bool], wanted: &[NodeId]) -> Self {
        let mut uses =
            Uses { takers: vec![Vec::new(); graph.nodes.len()], wanted: vec![false; graph.nodes.len()] };
        for id in wanted {
            uses.wanted[id.0] = true;
        }
        for (index, node) in graph.nodes.iter().enumerate().filter(|(index, _)| needed[*index]) {
            for input in &node.inputs {
                uses.takers[input.0].push(index);
            }
        }
        uses
    }

    /// The only one who ever sees a value, if there is only one.
    fn only_taker(&self, index: usize) -> Option<usize> {
        match (self.wanted[index], self.takers[index].as_slice()) {
            (false, [only]) => Some(*only),
            _ => None,
        }
    }

    /// The batch normalization that a convolution is folded into.
    fn folded_into(&self, conv: usize, graph: &Graph) -> Option<usize> {
        let taker = self.only_taker(conv)?;
        foldable(graph, self, taker).filter(|source| *source == conv).map(|_| taker)
    }

    /// Whether a node's value may be written over its first input's: nobody else sees that one, it is not a view of
    /// another value, and differentiating what made it does not need it.
    fn may_overwrite(&self, graph: &Graph, index: usize) -> bool {
        let node = &graph.nodes[index];
        let works_in_place = matches!(
            node.op,
            Op::Relu | Op::Relu6 | Op::Hardswish | Op::Hardsigmoid | Op::Silu | Op::Sigmoid | Op::Add
        );
        let Some(first) = node.inputs.first().filter(|_| works_in_place) else {
            return false;
        };
        let made_anew = matches!(
            graph.nodes[first.0].op,
            Op::Conv2d(_)
                | Op::BatchNorm2d(_)
                | Op::Linear { .. }
                | Op::Add
                | Op::Concat
                | Op::MaxPool2d(_)
                | Op::AvgPool2d(_)
        );
        made_anew && self.only_taker(first.0) == Some(index)
    }
}

/// The convolution whose only use is the batch normalization at `index`.
fn foldable(graph: &Graph, uses: &Uses, index: usize) -> Option<usize> {
    let node = &graph.nodes[index];
    let source = node.inputs.first()?.0;
    let fits = matches!(node.op, Op::BatchNorm2d(_)) && matches!(graph.nodes[source].op, Op::Conv2d(_));
    (fits && uses.only_taker(source) == Some(index)).then_some(source)
}

fn load(node: &Node, loader: &mut Loader<'_>) -> Result<Option<Tensors>, NetworkError> {
    let mut place = |last: &str| -> Result<Option<Tensor>, NetworkError> {
        let parameter = node.op.parameters().into_iter().find(|parameter| parameter.name == last);
        parameter.map(|parameter| loader.place(&full_name(node, last), &parameter)).transpose()
    };
    let Some(weight) = place("weight")? else {
        return Ok(None);
    };
    let tensors = Tensors {
        weight,
        bias: place("bias")?,
        running_mean: place("running_mean")?,
        running_var: place("running_var")?,
    };
    finish(node, tensors, loader).map(Some)
}

fn full_name(node: &Node, last: &str) -> String {
    format!("{}.{last}", node.module.as_deref().unwrap_or(&node.name))
}

/// A convolution that does what `conv` and then the batch normalization do:
/// weight · γ/√(σ²+ε) and (bias - μ) · γ/√(σ²+ε) + β, computed in double precision.
fn fold(
    conv: &Node,
    norm_node: &Node,
    norm: &BatchNorm2d,
    loader: &Loader<'_>,
) -> Result<Tensors, NetworkError> {
    let read = |node: &Node, last: &str| -> Result<Option<Tensor>, NetworkError> {
        let parameter = node.op.parameters().into_iter().find(|parameter| parameter.name == last);
        let tensor = parameter.map(|parameter| loader.read(&full_name(node, last), &parameter.shape));
        let tensor = tensor.transpose()?;
        tensor.map(|tensor| tensor.f_to_kind(Kind::Double).map_err(folding(conv))).transpose()
    };
    let missing = || NetworkError::Plan { layer: norm_node.name.clone() };
    let weight = read(conv, "weight")?.ok_or_else(missing)?;
    let gamma = read(norm_node, "weight")?.ok_or_else(missing)?;
    let beta = read(norm_node, "bias")?.ok_or_else(missing)?;
    let mean = read(norm_node, "running_mean")?.ok_or_else(missing)?;
    let variance = read(norm_node, "running_var")?.ok_or_else(missing)?;
    let bias = read(conv, "bias")?;
    let folded = || {
        let scale = gamma.f_div(&variance.f_add_scalar(norm.eps)?.f_sqrt()?)?;
        let weight = weight.f_mul(&scale.f_view([-1i64, 1, 1, 1])?)?;
        let centred = match bias {
            Some(bias) => bias.f_sub(&mean)?,
            None => mean.f_neg()?,
        };
        let bias = centred.f_mul(&scale)?.f_add(&beta)?;
        let device = loader.options().device;
        let place = |tensor: Tensor| tensor.f_to_kind(Kind::Float)?.f_to(device);
        Ok((place(weight)?, place(bias)?))
    };
    let (weight, bias) = folded().map_err(folding(conv))?;
    let tensors = Tensors { weight, bias: Some(bias), running_mean: None, running_var: None };
    finish(conv, tensors, loader)
}

fn folding(conv: &Node) -> impl FnOnce(tch::TchError) -> NetworkError + use<> {
    torch(format!("folding the batch normalization behind `{}`", conv.name))
}

/// Takes a frozen convolution's or fully connected layer's tensors to the numbers and the layout of the values.
fn finish(node: &Node, tensors: Tensors, loader: &Loader<'_>) -> Result<Tensors, NetworkError> {
    if loader.trainable() || matches!(node.op, Op::BatchNorm2d(_)) {
        return Ok(tensors);
    }
    let kind = loader.options().precision.kind();
    let cast = |tensor: Tensor| tensor.f_to_kind(kind).map_err(torch("taking weights to the precision"));
    let weight = cast(tensors.weight)?;
    let spatial = matches!(node.op, Op::Conv2d(_)) && channels_last(loader);
    let weight = if spatial { to_channels_last(&weight)? } else { weight };
    Ok(Tensors { weight, bias: tensors.bias.map(cast).transpose()?, ..tensors })
}
