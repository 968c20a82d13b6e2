//! What each operation does to tensors.

use lossnet_plugin_protocol::graph::{Conv2d, Op, Pool2d};
use tch::{Kind, TchError, Tensor};

/// The parameters of one node, on the device.
#[derive(Debug)]
pub(super) struct Tensors {
    pub(super) weight: Tensor,
    pub(super) bias: Option<Tensor>,
    pub(super) running_mean: Option<Tensor>,
    pub(super) running_var: Option<Tensor>,
}

/// What holds for a whole pass.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    /// Batch statistics and dropout.
    pub(super) training: bool,
    /// Whether CUDA's convolutions may round to TensorFloat-32.
    pub(super) tf32: bool,
    /// Whether values lie channels-last in memory.
    pub(super) channels_last: bool,
}

/// The value of an operation. `inputs` has as many values as the operation takes.
pub(super) fn run(
    op: &Op,
    tensors: Option<&Tensors>,
    inputs: &[&Tensor],
    mode: Mode,
) -> Result<Tensor, TchError> {
    let x = inputs[0];
    match (op, tensors) {
        (Op::Conv2d(settings), Some(tensors)) => convolve(x, settings, tensors, mode),
        (Op::BatchNorm2d(norm), Some(tensors)) => x.f_batch_norm(
            Some(&tensors.weight),
            tensors.bias.as_ref(),
            tensors.running_mean.as_ref(),
            tensors.running_var.as_ref(),
            mode.training,
            norm.momentum,
            norm.eps,
            true,
        ),
        (Op::Linear { .. }, Some(tensors)) => {
            let kind = x.f_kind()?;
            let bias = tensors.bias.as_ref().map(|bias| bias.f_to_kind(kind)).transpose()?;
            x.f_linear(&tensors.weight.f_to_kind(kind)?, bias.as_ref())
        }
        (Op::Conv2d(_) | Op::BatchNorm2d(_) | Op::Linear { .. }, None) => {
            Err(TchError::Shape(format!("{} without its parameters", op.class())))
        }
        (Op::Relu, _) => x.f_relu(),
        (Op::Relu6, _) => x.f_relu6(),
        (Op::Hardswish, _) => x.f_hardswish(),
        (Op::Hardsigmoid, _) => x.f_hardsigmoid(),
        (Op::Silu, _) => x.f_silu(),
        (Op::Sigmoid, _) => x.f_sigmoid(),
        (Op::MaxPool2d(pool), _) => {
            let Pool2d { kernel, stride, padding, ceil_mode, .. } = pool;
            x.f_max_pool2d(
                kernel.as_slice(),
                stride.as_slice(),
                padding.as_slice(),
                [1i64, 1].as_slice(),
                *ceil_mode,
            )
        }
        (Op::AvgPool2d(pool), _) => {
            let Pool2d { kernel, stride, padding, ceil_mode, count_include_pad } = pool;
            let (kernel, stride, padding) = (kernel.as_slice(), stride.as_slice(), padding.as_slice());
            x.f_avg_pool2d(kernel, stride, padding, *ceil_mode, *count_include_pad, None)
        }
        (Op::AdaptiveAvgPool2d { output }, _) => x.f_adaptive_avg_pool2d(output.as_slice()),
        (Op::SpatialMean, _) => x.f_mean_dim([2i64, 3].as_slice(), false, None),
        (Op::Flatten, _) => x.f_flatten(1, -1),
        (Op::Dropout { p }, _) if mode.training => x.f_dropout(*p, true),
        (Op::StochasticDepth { p }, _) if mode.training => drop_samples(x, *p),
        (Op::Input { .. } | Op::Identity | Op::Dropout { .. } | Op::StochasticDepth { .. }, _) => {
            Ok(x.shallow_clone())
        }
        (Op::Add, _) => x.f_add(inputs[1]),
        (Op::Mul, _) => x.f_mul(inputs[1]),
        (Op::Concat, _) => Tensor::f_cat(inputs, 1),
        (Op::ChannelSlice { start, end }, _) => x.f_narrow(1, *start, end - start),
        (Op::ChannelShuffle { groups }, _) => shuffle_channels(x, *groups, mode.channels_last),
    }
}

/// The value of an operation, written over `target`, its first input.
pub(super) fn run_in_place(op: &Op, mut target: Tensor, other: Option<&Tensor>) -> Result<Tensor, TchError> {
    match (op, other) {
        (Op::Relu, _) => target.f_relu_(),
        (Op::Relu6, _) => target.f_relu6_(),
        (Op::Hardswish, _) => target.f_hardswish_(),
        (Op::Hardsigmoid, _) => target.f_hardsigmoid_(),
        (Op::Silu, _) => target.f_silu_(),
        (Op::Sigmoid, _) => target.f_sigmoid_(),
        (Op::Add, Some(other)) => target.f_add_(other),
        _ => Err(TchError::Shape(format!("{} does not work in place", op.class()))),
    }
}

fn convolve(x: &Tensor, conv: &Conv2d, tensors: &Tensors, mode: Mode) -> Result<Tensor, TchError> {
    let kind = x.f_kind()?;
    let weight = tensors.weight.f_to_kind(kind)?;
    let bias = tensors.bias.as_ref().map(|bias| bias.f_to_kind(kind)).transpose()?;
    convolution(x, &weight, bias.as_ref(), conv, mode.tf32)
}

/// A convolution with tensors of the input's kind; on CUDA 32-bit floats are rounded to TensorFloat-32 only if `tf32` is set.
pub(crate) fn convolution(
    x: &Tensor,
    weight: &Tensor,
    bias: Option<&Tensor>,
    conv: &Conv2d,
    tf32: bool,
) -> Result<Tensor, TchError> {
    let (stride, padding, dilation) = (&conv.stride[..], &conv.padding[..], &conv.dilation[..]);
    if x.device().is_cuda() && x.f_kind()? == Kind::Float {
        // conv2d itself takes TensorFloat-32 by libtorch's global default, which is on.
        let no_output_padding = [0i64, 0];
        return x.f_internal_convolution(
            weight,
            bias,
            stride,
            padding,
            dilation,
            false,
            no_output_padding.as_slice(),
            conv.groups,
            false,
            false,
            true,
            tf32,
        );
    }
    x.f_conv2d(weight, bias, stride, padding, dilation, conv.groups)
}

/// Zeroes samples with probability `p` and scales the others so that the mean stays ("row" mode of Huang et al.,
/// "Deep Networks with Stochastic Depth", 2016, as torchvision has it).
fn drop_samples(x: &Tensor, p: f64) -> Result<Tensor, TchError> {
    let survives = 1.0 - p;
    let mut shape = vec![1i64; x.dim()];
    shape[0] = x.size()[0];
    let noise = Tensor::f_empty(shape.as_slice(), (x.f_kind()?, x.device()))?.f_bernoulli_p(survives)?;
    let noise = if survives > 0.0 { noise.f_div_scalar(survives)? } else { noise };
    x.f_mul(&noise)
}

/// Channel g·(C/G)+c goes to c·G+g, in the layout of the input.
fn shuffle_channels(x: &Tensor, groups: i64, channels_last: bool) -> Result<Tensor, TchError> {
    let (n, c, h, w) = x.size4()?;
    if channels_last {
        let rows = x.f_permute([0i64, 2, 3, 1].as_slice())?.f_reshape([n, h, w, groups, c / groups])?;
        let rows = rows.f_transpose(3, 4)?.f_reshape([n, h, w, c])?;
        return rows.f_permute([0i64, 3, 1, 2].as_slice());
    }
    x.f_reshape([n, groups, c / groups, h, w])?.f_transpose(1, 2)?.f_reshape([n, c, h, w])
}
