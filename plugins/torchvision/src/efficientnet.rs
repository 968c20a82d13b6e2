//! EfficientNet B0 to B7.

use lossnet_plugin_api::prelude::*;

use crate::parts::{
    Activation, ConvNorm, avgpool_and_flatten, dropout_classifier, index_children, make_divisible,
    squeeze_excitation,
};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "EfficientNet, width, depth and resolution scaled together",
    paper: "Tan and Le, \"EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks\", arXiv 1905.11946",
};

/// Name, width, depth, dropout before the classifier.
const ROWS: [(&str, f64, f64, f64); 8] = [
    ("efficientnet_b0", 1.0, 1.0, 0.2),
    ("efficientnet_b1", 1.0, 1.1, 0.2),
    ("efficientnet_b2", 1.1, 1.2, 0.3),
    ("efficientnet_b3", 1.2, 1.4, 0.3),
    ("efficientnet_b4", 1.4, 1.8, 0.4),
    ("efficientnet_b5", 1.6, 2.2, 0.4),
    ("efficientnet_b6", 1.8, 2.6, 0.5),
    ("efficientnet_b7", 2.0, 3.1, 0.5),
];

/// Expansion, kernel, stride of the first, channels, repetitions; at width and depth 1.
const STAGES: [(i64, i64, i64, i64, i64); 7] = [
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
];

/// Probability with which the last block of a network in training is skipped for a sample.
const STOCHASTIC_DEPTH: f64 = 0.2;

pub(crate) fn all() -> Vec<Architecture> {
    ROWS.into_iter()
        .map(|(name, width, depth, dropout)| {
            // torchvision trained the three largest with these settings.
            let large = ["efficientnet_b5", "efficientnet_b6", "efficientnet_b7"].contains(&name);
            let norm = if large {
                BatchNorm2d { eps: 0.001, momentum: 0.01, ..BatchNorm2d::default() }
            } else {
                BatchNorm2d::default()
            };
            FAMILY.network(name, move |net| build(net, width, depth, dropout, norm))
        })
        .collect()
}

fn build(net: &mut GraphBuilder, width: f64, depth: f64, dropout: f64, norm: BatchNorm2d) {
    let image = net.input();
    let scaled = |channels: i64| make_divisible(channels as f64 * width, 8);
    let repeated = |repetitions: i64| (repetitions as f64 * depth).ceil() as i64;
    let blocks: i64 = STAGES.iter().map(|stage| repeated(stage.4)).sum();
    let x = net.module("features", "Sequential", |net| {
        let mut x = ConvNorm::new(scaled(32), 3, 2, Activation::Silu).norm(norm).add(net, "0", image);
        let mut block = 0;
        for (position, (expansion, kernel, first_stride, channels, repetitions)) in
            STAGES.into_iter().enumerate()
        {
            x = net.module(&(position + 1).to_string(), "Sequential", |net| {
                (0..repeated(repetitions)).fold(x, |x, repetition| {
                    let stride = if repetition == 0 { first_stride } else { 1 };
                    let skipped = STOCHASTIC_DEPTH * f64::from(block) / blocks as f64;
                    block += 1;
                    let shape =
                        Block { expansion, kernel, stride, channels: scaled(channels), skipped, norm };
                    net.module(&repetition.to_string(), "MBConv", |net| shape.build(net, x))
                })
            });
        }
        let last = 4 * net.channels(x);
        ConvNorm::new(last, 1, 1, Activation::Silu).norm(norm).add(net, "8", x)
    });
    index_children(net, "features");
    let features = net.channels(x);
    let x = avgpool_and_flatten(net, x, 1);
    dropout_classifier(net, x, features, dropout);
}

/// A mobile inverted bottleneck.
struct Block {
    expansion: i64,
    kernel: i64,
    stride: i64,
    channels: i64,
    skipped: f64,
    norm: BatchNorm2d,
}

impl Block {
    fn build(&self, net: &mut GraphBuilder, x: NodeId) -> NodeId {
        let from = net.channels(x);
        let expanded = make_divisible((from * self.expansion) as f64, 8);
        let silu = Activation::Silu;
        let y = net.module("block", "Sequential", |net| {
            let mut position = 0..;
            let mut next = || position.next().unwrap_or_default().to_string();
            let mut y = x;
            if expanded != from {
                y = ConvNorm::new(expanded, 1, 1, silu).norm(self.norm).add(net, &next(), y);
            }
            let depthwise = ConvNorm::new(expanded, self.kernel, self.stride, silu).groups(expanded);
            y = depthwise.norm(self.norm).add(net, &next(), y);
            y = squeeze_excitation(net, &next(), y, (from / 4).max(1), silu, Op::Sigmoid);
            ConvNorm::new(self.channels, 1, 1, Activation::None).norm(self.norm).add(net, &next(), y)
        });
        if self.stride != 1 || from != self.channels {
            return y;
        }
        let y = net.apply("stochastic_depth", Op::StochasticDepth { p: self.skipped }, &[y]);
        net.add_values(y, x)
    }
}
