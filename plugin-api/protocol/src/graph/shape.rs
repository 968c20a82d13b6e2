//! The shape of every node's value for an image of a given size.

use super::op::{BatchNorm2d, Conv2d, Op, Pool2d};
use super::{Graph, GraphError, Node};

/// Shape of a value without the batch: C×H×W, or a plain list of features after flattening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Channels, or features of a flat value.
    pub channels: i64,
    /// Height and width; none for a flat value.
    pub spatial: Option<(i64, i64)>,
}

impl Shape {
    /// C×H×W.
    pub fn spatial(channels: i64, height: i64, width: i64) -> Self {
        Shape { channels, spatial: Some((height, width)) }
    }

    /// A list of features.
    pub fn flat(features: i64) -> Self {
        Shape { channels: features, spatial: None }
    }

    /// Number of elements.
    pub fn count(&self) -> i64 {
        self.channels.saturating_mul(self.positions())
    }

    /// Number of positions, 1 for a flat value.
    pub fn positions(&self) -> i64 {
        self.spatial.map_or(1, |(height, width)| height.saturating_mul(width))
    }
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.spatial {
            Some((height, width)) => write!(f, "{}×{height}×{width}", self.channels),
            None => write!(f, "{}", self.channels),
        }
    }
}

impl Graph {
    /// The shape of each node's value for an image of `height` × `width` pixels, or the node at which the image
    /// is too small or the shapes do not fit.
    pub fn shapes(&self, height: i64, width: i64) -> Result<Vec<Shape>, GraphError> {
        let needed = vec![true; self.nodes.len()];
        let shapes = self.shapes_of(&needed, height, width)?;
        Ok(shapes.into_iter().flatten().collect())
    }

    /// As [`Graph::shapes`], for the needed nodes only: a small image may not reach the network's head.
    pub fn shapes_of(
        &self,
        needed: &[bool],
        height: i64,
        width: i64,
    ) -> Result<Vec<Option<Shape>>, GraphError> {
        let mut shapes: Vec<Option<Shape>> = Vec::with_capacity(self.nodes.len());
        for (node, needed) in self.nodes.iter().zip(needed) {
            if !needed {
                shapes.push(None);
                continue;
            }
            let inputs: Vec<Shape> = node.inputs.iter().filter_map(|input| shapes[input.0]).collect();
            let shape = output(&node.op, &inputs, (height, width));
            shapes.push(Some(shape.map_err(|reason| fault(node, reason))?));
        }
        Ok(shapes)
    }
}

/// The number of channels of each node's value, which does not depend on the image's size. Checks that what
/// meets fits.
pub(super) fn channels(graph: &Graph) -> Result<Vec<Option<i64>>, GraphError> {
    let mut all: Vec<Option<i64>> = Vec::with_capacity(graph.nodes.len());
    for node in &graph.nodes {
        let inputs: Vec<Option<i64>> = node.inputs.iter().map(|input| all[input.0]).collect();
        all.push(channels_of(node, &inputs)?);
    }
    Ok(all)
}

/// The number of channels of a node's value from those of its inputs: `None` after flattening, when only the
/// image's size could tell.
pub(super) fn channels_of(node: &Node, inputs: &[Option<i64>]) -> Result<Option<i64>, GraphError> {
    let known: Option<Vec<Shape>> = inputs.iter().map(|channels| channels.map(Shape::flat)).collect();
    match (&node.op, known) {
        (Op::Linear { in_features, out_features, .. }, None) => {
            let sound = sane("features", *in_features).and_then(|()| sane("features", *out_features));
            sound.map(|()| Some(*out_features)).map_err(|reason| fault(node, reason))
        }
        (Op::Flatten, _) | (_, None) => Ok(None),
        (op, Some(inputs)) => output_channels(op, &inputs).map(Some).map_err(|reason| fault(node, reason)),
    }
}

fn fault(node: &Node, reason: String) -> GraphError {
    GraphError::Shape { node: node.name.clone(), class: node.op.class(), reason }
}

fn output_channels(op: &Op, inputs: &[Shape]) -> Result<i64, String> {
    let first = inputs.first().map_or(0, |shape| shape.channels);
    match op {
        Op::Input { channels } => sane("channels", *channels).map(|()| *channels),
        Op::Conv2d(conv) => {
            check_conv(conv)?;
            expect("channels", first, conv.in_channels)?;
            Ok(conv.out_channels)
        }
        Op::BatchNorm2d(norm) => {
            if !(norm.eps.is_finite() && norm.eps >= 0.0 && (0.0..=1.0).contains(&norm.momentum)) {
                let BatchNorm2d { eps, momentum, .. } = norm;
                return Err(format!("eps {eps} and momentum {momentum} are not a small number and a share"));
            }
            expect("channels", first, norm.channels).map(|()| first)
        }
        Op::Linear { in_features, out_features, .. } => {
            sane("features", *in_features)?;
            sane("features", *out_features)?;
            expect("features", first, *in_features).map(|()| *out_features)
        }
        Op::AdaptiveAvgPool2d { output }
            if output.iter().any(|side| !(1..=LARGEST_WINDOW).contains(side)) =>
        {
            Err(format!("an output of {}×{} pixels", output[0], output[1]))
        }
        Op::Dropout { p } | Op::StochasticDepth { p } if !(0.0..=1.0).contains(p) => {
            Err(format!("{p} is not a probability"))
        }
        Op::Add | Op::Mul => {
            expect("channels of the second value", inputs[1].channels, first).map(|()| first)
        }
        Op::Concat => {
            let sum = inputs.iter().fold(0_i64, |sum, shape| sum.saturating_add(shape.channels));
            sane("channels", sum).map(|()| sum)
        }
        Op::ChannelSlice { start, end } if 0 <= *start && start < end && *end <= first => Ok(end - start),
        Op::ChannelSlice { start, end } => Err(format!("channels {start}..{end} of a value with {first}")),
        Op::ChannelShuffle { groups } if *groups > 0 && first % groups == 0 => Ok(first),
        Op::ChannelShuffle { groups } => Err(format!("{first} channels do not part into {groups} groups")),
        Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => check_pool(pool).map(|()| first),
        _ => Ok(first),
    }
}

fn output(op: &Op, inputs: &[Shape], image: (i64, i64)) -> Result<Shape, String> {
    if let Op::Flatten = op {
        return Ok(Shape::flat(inputs[0].count()));
    }
    let channels = output_channels(op, inputs)?;
    let of_image = || inputs[0].spatial.ok_or_else(|| "needs a value with height and width".to_owned());
    let spatial = match op {
        Op::Input { .. } => Some(image),
        Op::Conv2d(conv) => {
            let (height, width) = of_image()?;
            let size = |axis: usize, extent: i64| {
                let reach = conv.dilation[axis] * (conv.kernel[axis] - 1) + 1;
                let room = extent + 2 * conv.padding[axis] - reach;
                fits(room, extent, reach).map(|()| room / conv.stride[axis] + 1)
            };
            Some((size(0, height)?, size(1, width)?))
        }
        Op::MaxPool2d(pool) | Op::AvgPool2d(pool) => {
            let (height, width) = of_image()?;
            Some((pooled(pool, 0, height)?, pooled(pool, 1, width)?))
        }
        Op::AdaptiveAvgPool2d { output } => of_image().map(|_| Some((output[0], output[1])))?,
        Op::SpatialMean => of_image().map(|_| None)?,
        Op::Linear { .. } if inputs[0].spatial.is_some() => {
            return Err("needs a flat value".to_owned());
        }
        Op::Add if inputs[0].spatial != inputs[1].spatial => {
            return Err(format!("adds {} and {}", inputs[0], inputs[1]));
        }
        Op::Mul if inputs[1].spatial != Some((1, 1)) && inputs[0].spatial != inputs[1].spatial => {
            return Err(format!("multiplies {} and {}", inputs[0], inputs[1]));
        }
        Op::Concat if inputs.iter().any(|shape| shape.spatial != inputs[0].spatial) => {
            let all: Vec<String> = inputs.iter().map(Shape::to_string).collect();
            return Err(format!("concatenates values of different sizes: {}", all.join(", ")));
        }
        _ => inputs[0].spatial,
    };
    Ok(Shape { channels, spatial })
}

fn pooled(pool: &Pool2d, axis: usize, extent: i64) -> Result<i64, String> {
    let (kernel, stride, padding) = (pool.kernel[axis], pool.stride[axis], pool.padding[axis]);
    let room = extent + 2 * padding - kernel;
    if room < 0 && !(pool.ceil_mode && room + stride > 0) {
        fits(room, extent, kernel)?;
    }
    if !pool.ceil_mode {
        return Ok(room / stride + 1);
    }
    let size = (room + stride - 1).div_euclid(stride) + 1;
    // The last window must start inside the image or its left padding.
    Ok(if (size - 1) * stride >= extent + padding { size - 1 } else { size })
}

fn fits(room: i64, extent: i64, reach: i64) -> Result<(), String> {
    if room < 0 {
        return Err(format!("a value {extent} pixels wide or high is too small for a window of {reach}"));
    }
    Ok(())
}

fn expect(what: &str, got: i64, expected: i64) -> Result<(), String> {
    if got == expected { Ok(()) } else { Err(format!("{what}: {got} instead of {expected}")) }
}

/// More channels, features or parameters of a tensor than any network has; far from where sums of sizes overflow.
const MOST: i64 = 1 << 24;
/// A window wider, or a step longer, than any network has.
const LARGEST_WINDOW: i64 = 1 << 16;

fn sane(what: &str, number: i64) -> Result<(), String> {
    if (1..=MOST).contains(&number) {
        return Ok(());
    }
    Err(format!("{number} {what}, where 1 to {MOST} are possible"))
}

/// Checks that no size of a window is beyond what sizes are counted with.
fn small(sizes: &[[i64; 2]]) -> Result<(), String> {
    match sizes.as_flattened().iter().find(|size| **size > LARGEST_WINDOW) {
        None => Ok(()),
        Some(size) => Err(format!(
            "a kernel, stride, padding or dilation of {size}, where at most {LARGEST_WINDOW} is possible"
        )),
    }
}

fn check_conv(conv: &Conv2d) -> Result<(), String> {
    sane("channels", conv.in_channels)?;
    sane("channels", conv.out_channels)?;
    small(&[conv.kernel, conv.stride, conv.padding, conv.dilation])?;
    let positive = [conv.kernel, conv.stride, conv.dilation].concat().iter().all(|&value| value > 0);
    if !positive || conv.padding.iter().any(|&value| value < 0) {
        return Err("kernel, stride and dilation must be positive and padding not negative".to_owned());
    }
    let groups = conv.groups;
    if groups < 1 || conv.in_channels % groups != 0 || conv.out_channels % groups != 0 {
        return Err(format!(
            "{} and {} channels do not part into {groups} groups",
            conv.in_channels, conv.out_channels
        ));
    }
    Ok(())
}

fn check_pool(pool: &Pool2d) -> Result<(), String> {
    small(&[pool.kernel, pool.stride, pool.padding])?;
    let sound = |axis: usize| {
        pool.kernel[axis] > 0
            && pool.stride[axis] > 0
            && (0..=pool.kernel[axis] / 2).contains(&pool.padding[axis])
    };
    if sound(0) && sound(1) {
        return Ok(());
    }
    Err("kernel and stride must be positive and padding at most half the kernel".to_owned())
}
