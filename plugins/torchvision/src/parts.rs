//! Building blocks that several families share, named as torchvision names them.

use lossnet_plugin_api::prelude::*;

/// The activation of a block.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Activation {
    None,
    Relu,
    Relu6,
    Hardswish,
    Silu,
}

impl Activation {
    pub(crate) fn op(self) -> Op {
        match self {
            Activation::None => Op::Identity,
            Activation::Relu => Op::Relu,
            Activation::Relu6 => Op::Relu6,
            Activation::Hardswish => Op::Hardswish,
            Activation::Silu => Op::Silu,
        }
    }
}

/// torchvision's `Conv2dNormActivation`: `0` convolution without bias, `1` batch normalization, `2` activation if any.
/// Padding keeps the size at stride 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConvNorm {
    pub(crate) conv: Conv2d,
    pub(crate) norm: BatchNorm2d,
    pub(crate) activation: Activation,
}

impl ConvNorm {
    pub(crate) fn new(channels: i64, kernel: i64, stride: i64, activation: Activation) -> Self {
        let conv = Conv2d::new(channels, kernel).stride(stride).padding((kernel - 1) / 2).no_bias();
        ConvNorm { conv, norm: BatchNorm2d::default(), activation }
    }

    pub(crate) fn groups(self, groups: i64) -> Self {
        ConvNorm { conv: self.conv.groups(groups), ..self }
    }

    pub(crate) fn norm(self, norm: BatchNorm2d) -> Self {
        ConvNorm { norm, ..self }
    }

    /// The block as a module of its own.
    pub(crate) fn add(self, net: &mut GraphBuilder, name: &str, x: NodeId) -> NodeId {
        net.module(name, "Conv2dNormActivation", |net| self.inside(net, x))
    }

    /// The block's parts in the current module.
    pub(crate) fn inside(self, net: &mut GraphBuilder, x: NodeId) -> NodeId {
        let x = net.conv("0", x, self.conv);
        let x = net.batch_norm("1", x, self.norm);
        match self.activation {
            Activation::None => x,
            activation => net.apply("2", activation.op(), &[x]),
        }
    }
}

/// torchvision's `SqueezeExcitation`: scales each channel by a function of all channels' means.
pub(crate) fn squeeze_excitation(
    net: &mut GraphBuilder,
    name: &str,
    x: NodeId,
    squeezed: i64,
    activation: Activation,
    scale: Op,
) -> NodeId {
    let channels = net.channels(x);
    net.module(name, "SqueezeExcitation", |net| {
        let s = net.apply("avgpool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[x]);
        let s = net.conv("fc1", s, Conv2d::new(squeezed, 1));
        let s = net.apply("activation", activation.op(), &[s]);
        let s = net.conv("fc2", s, Conv2d::new(channels, 1));
        let s = net.apply("scale_activation", scale, &[s]);
        net.call("mul", Op::Mul, &[x, s])
    })
}

/// torchvision's `BasicConv2d` of GoogLeNet and Inception v3: convolution without bias, batch normalization, ReLU.
pub(crate) fn basic_conv(net: &mut GraphBuilder, name: &str, x: NodeId, conv: Conv2d) -> NodeId {
    net.module(name, "BasicConv2d", |net| {
        let x = net.conv("conv", x, conv.no_bias());
        let x = net.batch_norm("bn", x, BatchNorm2d { eps: 0.001, ..BatchNorm2d::default() });
        net.call("relu", Op::Relu, &[x])
    })
}

/// The children of a part of the network become its indexed layers.
pub(crate) fn index_children(net: &mut GraphBuilder, parent: &str) {
    let children = net.children(Some(parent));
    net.layers(children);
}

/// Mean over space and flattening, done by functions, as several families do before their classifier.
pub(crate) fn pool_and_flatten(net: &mut GraphBuilder, x: NodeId) -> NodeId {
    let x = net.call("adaptive_avg_pool2d", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[x]);
    net.call("flatten", Op::Flatten, &[x])
}

/// The same with a module `avgpool`.
pub(crate) fn avgpool_and_flatten(net: &mut GraphBuilder, x: NodeId, side: i64) -> NodeId {
    let x = net.apply("avgpool", Op::AdaptiveAvgPool2d { output: [side, side] }, &[x]);
    net.call("flatten", Op::Flatten, &[x])
}

/// A classifier of dropout `0` and a fully connected layer `1` for ImageNet's classes.
pub(crate) fn dropout_classifier(net: &mut GraphBuilder, x: NodeId, features: i64, p: f64) -> NodeId {
    net.module("classifier", "Sequential", |net| {
        let x = net.apply("0", Op::Dropout { p }, &[x]);
        net.linear("1", x, features, CLASSES)
    })
}

/// ImageNet's classes.
pub(crate) const CLASSES: i64 = 1000;

/// The multiple of `divisor` nearest to `value`, but not below 90 % of it (Howard et al., MobileNets).
pub(crate) fn make_divisible(value: f64, divisor: i64) -> i64 {
    let nearest = ((value + divisor as f64 / 2.0) as i64 / divisor * divisor).max(divisor);
    if (nearest as f64) < 0.9 * value { nearest + divisor } else { nearest }
}
