//! MNASNet.

use lossnet_plugin_api::prelude::*;

use crate::parts::{dropout_classifier, index_children, make_divisible};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "MNASNet, found by search for mobile devices",
    paper: "Tan et al., \"MnasNet: Platform-Aware Neural Architecture Search for Mobile\", arXiv 1807.11626",
};

/// Channels at width 1.
const CHANNELS: [i64; 8] = [32, 16, 24, 40, 80, 96, 192, 320];

/// Kernel, stride, expansion, repetitions of the stacks that are layers 8 to 13.
const STACKS: [(i64, i64, i64, usize); 6] =
    [(3, 2, 3, 3), (5, 2, 3, 3), (5, 2, 6, 3), (3, 1, 6, 2), (5, 2, 6, 4), (3, 1, 6, 1)];

const NORM: BatchNorm2d = BatchNorm2d { channels: 0, eps: 1e-5, momentum: 1.0 - 0.9997 };

pub(crate) fn all() -> Vec<Architecture> {
    [("mnasnet0_5", 0.5), ("mnasnet0_75", 0.75), ("mnasnet1_0", 1.0), ("mnasnet1_3", 1.3)]
        .into_iter()
        .map(|(name, width)| FAMILY.network(name, move |net| build(net, width)))
        .collect()
}

fn build(net: &mut GraphBuilder, width: f64) {
    let image = net.input();
    let channels = CHANNELS.map(|channels| make_divisible(channels as f64 * width, 8));
    let x = net.module("layers", "Sequential", |net| {
        let x = net.conv("0", image, Conv2d::new(channels[0], 3).stride(2).padding(1).no_bias());
        let x = net.batch_norm("1", x, NORM);
        let x = net.relu("2", x);
        let x = net.conv("3", x, Conv2d::new(channels[0], 3).padding(1).groups(channels[0]).no_bias());
        let x = net.batch_norm("4", x, NORM);
        let x = net.relu("5", x);
        let x = net.conv("6", x, Conv2d::new(channels[1], 1).no_bias());
        let mut x = net.batch_norm("7", x, NORM);
        for (position, (stack, &out)) in STACKS.into_iter().zip(&channels[2..]).enumerate() {
            let (kernel, stride, expansion, repetitions) = stack;
            x = net.module(&(position + 8).to_string(), "Sequential", |net| {
                (0..repetitions).fold(x, |x, repetition| {
                    let stride = if repetition == 0 { stride } else { 1 };
                    net.module(&repetition.to_string(), "_InvertedResidual", |net| {
                        inverted_residual(net, x, out, kernel, stride, expansion)
                    })
                })
            });
        }
        let x = net.conv("14", x, Conv2d::new(1280, 1).no_bias());
        let x = net.batch_norm("15", x, NORM);
        net.relu("16", x)
    });
    index_children(net, "layers");
    let x = net.call("mean", Op::SpatialMean, &[x]);
    dropout_classifier(net, x, 1280, 0.2);
}

fn inverted_residual(
    net: &mut GraphBuilder,
    x: NodeId,
    out: i64,
    kernel: i64,
    stride: i64,
    expansion: i64,
) -> NodeId {
    let from = net.channels(x);
    let inner = from * expansion;
    let y = net.module("layers", "Sequential", |net| {
        let y = net.conv("0", x, Conv2d::new(inner, 1).no_bias());
        let y = net.batch_norm("1", y, NORM);
        let y = net.relu("2", y);
        let depthwise = Conv2d::new(inner, kernel).padding(kernel / 2).stride(stride).groups(inner).no_bias();
        let y = net.conv("3", y, depthwise);
        let y = net.batch_norm("4", y, NORM);
        let y = net.relu("5", y);
        let y = net.conv("6", y, Conv2d::new(out, 1).no_bias());
        net.batch_norm("7", y, NORM)
    });
    if stride == 1 && from == out { net.add_values(y, x) } else { y }
}
