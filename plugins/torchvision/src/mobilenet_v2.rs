//! MobileNet v2.

use lossnet_plugin_api::prelude::*;

use crate::parts::{Activation, ConvNorm, dropout_classifier, index_children, pool_and_flatten};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "MobileNet v2, inverted residuals",
    paper: "Sandler et al., \"MobileNetV2: Inverted Residuals and Linear Bottlenecks\", arXiv 1801.04381",
};

/// Expansion, channels, repetitions, stride of the first.
const STAGES: [(i64, i64, usize, i64); 7] = [
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
];

pub(crate) fn all() -> Vec<Architecture> {
    vec![FAMILY.network("mobilenet_v2", build)]
}

fn build(net: &mut GraphBuilder) {
    let image = net.input();
    let x = net.module("features", "Sequential", |net| {
        let mut x = ConvNorm::new(32, 3, 2, Activation::Relu6).add(net, "0", image);
        let mut position = 1;
        for (expansion, channels, repetitions, first_stride) in STAGES {
            for repetition in 0..repetitions {
                let stride = if repetition == 0 { first_stride } else { 1 };
                x = net.module(&position.to_string(), "InvertedResidual", |net| {
                    inverted_residual(net, x, expansion, channels, stride)
                });
                position += 1;
            }
        }
        ConvNorm::new(1280, 1, 1, Activation::Relu6).add(net, &position.to_string(), x)
    });
    index_children(net, "features");
    let x = pool_and_flatten(net, x);
    dropout_classifier(net, x, 1280, 0.2);
}

fn inverted_residual(
    net: &mut GraphBuilder,
    x: NodeId,
    expansion: i64,
    channels: i64,
    stride: i64,
) -> NodeId {
    let hidden = net.channels(x) * expansion;
    let y = net.module("conv", "Sequential", |net| {
        let mut position = 0..;
        let mut next = || position.next().unwrap_or_default().to_string();
        let mut y = x;
        if expansion != 1 {
            y = ConvNorm::new(hidden, 1, 1, Activation::Relu6).add(net, &next(), y);
        }
        y = ConvNorm::new(hidden, 3, stride, Activation::Relu6).groups(hidden).add(net, &next(), y);
        y = net.conv(&next(), y, Conv2d::new(channels, 1).no_bias());
        net.batch_norm(&next(), y, BatchNorm2d::default())
    });
    if stride == 1 && net.channels(x) == channels { net.add_values(x, y) } else { y }
}
