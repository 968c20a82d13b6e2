//! The operations a network description is made of, with PyTorch's meaning and defaults.

use serde::{Deserialize, Serialize};

/// Height and width of a kernel, stride, padding or output.
pub type Size2 = [i64; 2];

/// One operation of a [`Graph`](super::Graph).
///
/// Every operation means what the PyTorch module or function of the same name means. Adding an operation is
/// adding a variant here, its shape in [`shape`](super::shape), its cost in [`cost`](super::cost) and its
/// execution in the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// The image: N × `channels` × H × W.
    Input {
        /// Number of image channels, 3 for RGB.
        channels: i64,
    },
    /// 2-D convolution; parameters `weight` and, with `bias`, `bias`.
    Conv2d(Conv2d),
    /// Batch normalization; parameters `weight`, `bias`, buffers `running_mean`, `running_var` and
    /// `num_batches_tracked` (which older files lack).
    BatchNorm2d(BatchNorm2d),
    /// Fully connected layer on N × features; parameters `weight` (out × in) and, with `bias`, `bias`.
    Linear {
        /// Features going in.
        in_features: i64,
        /// Features coming out.
        out_features: i64,
        /// Whether there is a bias.
        bias: bool,
    },
    /// max(x, 0).
    Relu,
    /// min(max(x, 0), 6).
    Relu6,
    /// x · relu6(x + 3) / 6.
    Hardswish,
    /// relu6(x + 3) / 6.
    Hardsigmoid,
    /// x · sigmoid(x), also called swish.
    Silu,
    /// 1 / (1 + exp(-x)).
    Sigmoid,
    /// Maximum over windows.
    MaxPool2d(Pool2d),
    /// Mean over windows.
    AvgPool2d(Pool2d),
    /// Mean over windows chosen so that the output has the given height and width.
    AdaptiveAvgPool2d {
        /// Height and width of the output.
        output: Size2,
    },
    /// Mean over height and width: N×C×H×W to N×C.
    SpatialMean,
    /// N×C×H×W to N×(C·H·W).
    Flatten,
    /// Zeroes elements with this probability in training mode; nothing in evaluation mode.
    Dropout {
        /// Probability of an element to be zeroed.
        p: f64,
    },
    /// Zeroes whole samples of a residual branch with this probability in training mode ("row" mode);
    /// nothing in evaluation mode.
    StochasticDepth {
        /// Probability of a sample to be zeroed.
        p: f64,
    },
    /// The value unchanged.
    Identity,
    /// Sum of two values of the same shape.
    Add,
    /// Product of two values, the second one broadcast over space if it is C×1×1.
    Mul,
    /// Concatenation along the channels.
    Concat,
    /// Channels `start..end`.
    ChannelSlice {
        /// First channel taken.
        start: i64,
        /// First channel not taken.
        end: i64,
    },
    /// Interleaves the channels of `groups` groups (ShuffleNet).
    ChannelShuffle {
        /// Number of groups.
        groups: i64,
    },
}

impl Op {
    /// The PyTorch class that does this, or the function's name in torch.fx's spelling where there is no class.
    pub fn class(&self) -> &'static str {
        match self {
            Op::Input { .. } => "Input",
            Op::Conv2d(_) => "Conv2d",
            Op::BatchNorm2d(_) => "BatchNorm2d",
            Op::Linear { .. } => "Linear",
            Op::Relu => "ReLU",
            Op::Relu6 => "ReLU6",
            Op::Hardswish => "Hardswish",
            Op::Hardsigmoid => "Hardsigmoid",
            Op::Silu => "SiLU",
            Op::Sigmoid => "Sigmoid",
            Op::MaxPool2d(_) => "MaxPool2d",
            Op::AvgPool2d(_) => "AvgPool2d",
            Op::AdaptiveAvgPool2d { .. } => "AdaptiveAvgPool2d",
            Op::SpatialMean => "mean",
            Op::Flatten => "flatten",
            Op::Dropout { .. } => "Dropout",
            Op::StochasticDepth { .. } => "StochasticDepth",
            Op::Identity => "Identity",
            Op::Add => "add",
            Op::Mul => "mul",
            Op::Concat => "cat",
            Op::ChannelSlice { .. } => "chunk",
            Op::ChannelShuffle { .. } => "channel_shuffle",
        }
    }

    /// How many values the operation takes: `None` for any number from one up.
    pub fn arity(&self) -> Option<usize> {
        match self {
            Op::Input { .. } => Some(0),
            Op::Add | Op::Mul => Some(2),
            Op::Concat => None,
            _ => Some(1),
        }
    }

    /// The tensors the operation reads from a weights file, by the last part of their name.
    pub fn parameters(&self) -> Vec<Parameter> {
        match self {
            Op::Conv2d(conv) => {
                let [height, width] = conv.kernel;
                let shape = vec![conv.out_channels, conv.in_channels / conv.groups.max(1), height, width];
                let mut all = vec![Parameter::trained("weight", shape)];
                if conv.bias {
                    all.push(Parameter::trained("bias", vec![conv.out_channels]));
                }
                all
            }
            Op::BatchNorm2d(norm) => vec![
                Parameter::trained("weight", vec![norm.channels]),
                Parameter::trained("bias", vec![norm.channels]),
                Parameter::buffer("running_mean", vec![norm.channels]),
                Parameter::buffer("running_var", vec![norm.channels]),
                Parameter { required: false, ..Parameter::buffer("num_batches_tracked", vec![]) },
            ],
            Op::Linear { in_features, out_features, bias } => {
                let mut all = vec![Parameter::trained("weight", vec![*out_features, *in_features])];
                if *bias {
                    all.push(Parameter::trained("bias", vec![*out_features]));
                }
                all
            }
            _ => Vec::new(),
        }
    }
}

/// A tensor that an operation reads from a weights file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Last part of its name, such as `weight`.
    pub name: &'static str,
    /// Its shape; empty for a scalar.
    pub shape: Vec<i64>,
    /// Whether gradient descent changes it (a buffer such as a running mean is not trained).
    pub trained: bool,
    /// Whether a weights file must have it.
    pub required: bool,
}

impl Parameter {
    fn trained(name: &'static str, shape: Vec<i64>) -> Self {
        Parameter { name, shape, trained: true, required: true }
    }

    fn buffer(name: &'static str, shape: Vec<i64>) -> Self {
        Parameter { name, shape, trained: false, required: true }
    }

    /// Number of elements.
    pub fn count(&self) -> i64 {
        self.shape.iter().copied().fold(1, i64::saturating_mul)
    }
}

/// Settings of [`Op::Conv2d`]. Made with [`Conv2d::new`]; the builder fills in the input channels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conv2d {
    /// Channels going in.
    pub in_channels: i64,
    /// Channels coming out.
    pub out_channels: i64,
    /// Kernel height and width.
    pub kernel: Size2,
    /// Step in both directions.
    pub stride: Size2,
    /// Zeros added on each side.
    pub padding: Size2,
    /// Distance between kernel elements.
    pub dilation: Size2,
    /// Number of groups; equal to the channels for a depthwise convolution.
    pub groups: i64,
    /// Whether there is a bias.
    pub bias: bool,
}

impl Conv2d {
    /// A square kernel with stride 1, no padding, one group and a bias.
    pub fn new(out_channels: i64, kernel: i64) -> Self {
        Conv2d {
            in_channels: 0,
            out_channels,
            kernel: [kernel; 2],
            stride: [1; 2],
            padding: [0; 2],
            dilation: [1; 2],
            groups: 1,
            bias: true,
        }
    }

    /// A kernel of this height and width.
    #[must_use]
    pub fn kernel(self, height: i64, width: i64) -> Self {
        Conv2d { kernel: [height, width], ..self }
    }

    /// The same stride in both directions.
    #[must_use]
    pub fn stride(self, stride: i64) -> Self {
        Conv2d { stride: [stride; 2], ..self }
    }

    /// The same padding on all sides.
    #[must_use]
    pub fn padding(self, padding: i64) -> Self {
        self.padding2(padding, padding)
    }

    /// Padding above and below, left and right.
    #[must_use]
    pub fn padding2(self, height: i64, width: i64) -> Self {
        Conv2d { padding: [height, width], ..self }
    }

    /// The same dilation in both directions.
    #[must_use]
    pub fn dilation(self, dilation: i64) -> Self {
        Conv2d { dilation: [dilation; 2], ..self }
    }

    /// Number of groups.
    #[must_use]
    pub fn groups(self, groups: i64) -> Self {
        Conv2d { groups, ..self }
    }

    /// No bias, as before a batch normalization.
    #[must_use]
    pub fn no_bias(self) -> Self {
        Conv2d { bias: false, ..self }
    }
}

/// Settings of [`Op::BatchNorm2d`]; the builder fills in the channels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BatchNorm2d {
    /// Number of channels.
    pub channels: i64,
    /// Added to the variance, 1e-5 by default.
    pub eps: f64,
    /// Share of the new batch in the running statistics in training mode, 0.1 by default.
    pub momentum: f64,
}

impl Default for BatchNorm2d {
    fn default() -> Self {
        BatchNorm2d { channels: 0, eps: 1e-5, momentum: 0.1 }
    }
}

/// Settings of [`Op::MaxPool2d`] and [`Op::AvgPool2d`]. Made with [`Pool2d::new`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pool2d {
    /// Window height and width.
    pub kernel: Size2,
    /// Step in both directions.
    pub stride: Size2,
    /// Padding on each side: with minus infinity for the maximum, with zeros for the mean.
    pub padding: Size2,
    /// Whether a window may start inside and reach beyond the right or lower edge.
    pub ceil_mode: bool,
    /// Whether the zeros of the padding count in the mean. Without meaning for the maximum.
    pub count_include_pad: bool,
}

impl Pool2d {
    /// A square window with this step, no padding.
    pub fn new(kernel: i64, stride: i64) -> Self {
        Pool2d {
            kernel: [kernel; 2],
            stride: [stride; 2],
            padding: [0; 2],
            ceil_mode: false,
            count_include_pad: true,
        }
    }

    /// The same padding on all sides.
    #[must_use]
    pub fn padding(self, padding: i64) -> Self {
        Pool2d { padding: [padding; 2], ..self }
    }

    /// Windows may reach beyond the right and lower edge.
    #[must_use]
    pub fn ceil(self) -> Self {
        Pool2d { ceil_mode: true, ..self }
    }

    /// The padding's zeros do not count in the mean.
    #[must_use]
    pub fn exclude_pad(self) -> Self {
        Pool2d { count_include_pad: false, ..self }
    }
}
