//! What each node of a network costs, and how much of the image it sees.

use super::op::{Conv2d, Op, Pool2d};
use super::{Graph, GraphError, Node, Shape};

/// Cost of one node for one image.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// Shape of its value.
    pub shape: Shape,
    /// Trained parameters.
    pub parameters: i64,
    /// Multiply-accumulate operations of convolutions and fully connected layers (torchvision publishes the
    /// same count as "GFLOPS").
    pub macs: i64,
    /// The square of the image that can change one element of the value.
    pub receptive_field: ReceptiveField,
}

/// Size and step, in image pixels, of the region that an element of a value depends on, after Araujo, Norris
/// and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill 2019.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceptiveField {
    /// `size` pixels high and wide (the larger of both), moving by `step` pixels from element to element.
    Window {
        /// Height or width of the region.
        size: i64,
        /// Distance of the regions of two neighbouring elements.
        step: i64,
    },
    /// The whole image, as behind a global mean.
    Whole,
}

impl std::fmt::Display for ReceptiveField {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ReceptiveField::Window { size, .. } => write!(f, "{size}"),
            ReceptiveField::Whole => write!(f, "all"),
        }
    }
}

impl Graph {
    /// The cost of the needed nodes for an image of `height` × `width` pixels; `None` for the others.
    pub fn costs(&self, needed: &[bool], height: i64, width: i64) -> Result<Vec<Option<Cost>>, GraphError> {
        let shapes = self.shapes_of(needed, height, width)?;
        let mut costs: Vec<Option<Cost>> = Vec::with_capacity(self.nodes.len());
        for (node, shape) in self.nodes.iter().zip(shapes) {
            let cost = shape.map(|shape| {
                let fields = node.inputs.iter().filter_map(|input| costs[input.0].as_ref());
                let fields: Vec<ReceptiveField> = fields.map(|cost| cost.receptive_field).collect();
                cost(node, shape, &fields)
            });
            costs.push(cost);
        }
        Ok(costs)
    }
}

fn cost(node: &Node, shape: Shape, fields: &[ReceptiveField]) -> Cost {
    let parameters: i64 = node
        .op
        .parameters()
        .iter()
        .filter(|parameter| parameter.trained)
        .map(super::Parameter::count)
        .fold(0, i64::saturating_add);
    let macs = match &node.op {
        Op::Conv2d(conv) => {
            let per_element = conv.in_channels / conv.groups * conv.kernel[0] * conv.kernel[1];
            shape.count().saturating_mul(per_element)
        }
        Op::Linear { in_features, out_features, .. } => in_features * out_features,
        _ => 0,
    };
    Cost { shape, parameters, macs, receptive_field: receptive_field(&node.op, fields) }
}

fn receptive_field(op: &Op, inputs: &[ReceptiveField]) -> ReceptiveField {
    let widest = |a: ReceptiveField, b: ReceptiveField| match (a, b) {
        (ReceptiveField::Window { size: a, step }, ReceptiveField::Window { size: b, step: other }) => {
            ReceptiveField::Window { size: a.max(b), step: step.max(other) }
        }
        _ => ReceptiveField::Whole,
    };
    let Some(input) = inputs.iter().copied().reduce(widest) else {
        return ReceptiveField::Window { size: 1, step: 1 };
    };
    let window = match op {
        Op::Conv2d(Conv2d { kernel, stride, dilation, .. }) => {
            let reach = (0..2).map(|axis| (kernel[axis] - 1) * dilation[axis]).max().unwrap_or(0);
            Some((reach, stride[0].max(stride[1])))
        }
        Op::MaxPool2d(Pool2d { kernel, stride, .. }) | Op::AvgPool2d(Pool2d { kernel, stride, .. }) => {
            Some((kernel[0].max(kernel[1]) - 1, stride[0].max(stride[1])))
        }
        Op::AdaptiveAvgPool2d { .. } | Op::SpatialMean | Op::Flatten | Op::Linear { .. } => {
            return ReceptiveField::Whole;
        }
        _ => None,
    };
    match (input, window) {
        (ReceptiveField::Window { size, step }, Some((reach, stride))) => ReceptiveField::Window {
            size: size.saturating_add(reach.saturating_mul(step)),
            step: step.saturating_mul(stride),
        },
        (field, _) => field,
    }
}
