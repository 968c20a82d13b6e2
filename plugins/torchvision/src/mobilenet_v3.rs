//! MobileNet v3, large and small.

use lossnet_plugin_api::prelude::*;

use crate::parts::Activation::{Hardswish, Relu};
use crate::parts::{
    Activation, CLASSES, ConvNorm, avgpool_and_flatten, index_children, make_divisible, squeeze_excitation,
};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "MobileNet v3, inverted residuals with squeeze and excitation",
    paper: "Howard et al., \"Searching for MobileNetV3\", arXiv 1905.02244",
};

/// Kernel, expanded channels, channels, squeeze and excitation, activation, stride.
type Row = (i64, i64, i64, bool, Activation, i64);

const LARGE: &[Row] = &[
    (3, 16, 16, false, Relu, 1),
    (3, 64, 24, false, Relu, 2),
    (3, 72, 24, false, Relu, 1),
    (5, 72, 40, true, Relu, 2),
    (5, 120, 40, true, Relu, 1),
    (5, 120, 40, true, Relu, 1),
    (3, 240, 80, false, Hardswish, 2),
    (3, 200, 80, false, Hardswish, 1),
    (3, 184, 80, false, Hardswish, 1),
    (3, 184, 80, false, Hardswish, 1),
    (3, 480, 112, true, Hardswish, 1),
    (3, 672, 112, true, Hardswish, 1),
    (5, 672, 160, true, Hardswish, 2),
    (5, 960, 160, true, Hardswish, 1),
    (5, 960, 160, true, Hardswish, 1),
];

const SMALL: &[Row] = &[
    (3, 16, 16, true, Relu, 2),
    (3, 72, 24, false, Relu, 2),
    (3, 88, 24, false, Relu, 1),
    (5, 96, 40, true, Hardswish, 2),
    (5, 240, 40, true, Hardswish, 1),
    (5, 240, 40, true, Hardswish, 1),
    (5, 120, 48, true, Hardswish, 1),
    (5, 144, 48, true, Hardswish, 1),
    (5, 288, 96, true, Hardswish, 2),
    (5, 576, 96, true, Hardswish, 1),
    (5, 576, 96, true, Hardswish, 1),
];

const NORM: BatchNorm2d = BatchNorm2d { channels: 0, eps: 0.001, momentum: 0.01 };

pub(crate) fn all() -> Vec<Architecture> {
    vec![
        FAMILY.network("mobilenet_v3_large", |net| build(net, LARGE, 1280)),
        FAMILY.network("mobilenet_v3_small", |net| build(net, SMALL, 1024)),
    ]
}

fn build(net: &mut GraphBuilder, rows: &[Row], last: i64) {
    let image = net.input();
    let x = net.module("features", "Sequential", |net| {
        let mut x = ConvNorm::new(16, 3, 2, Hardswish).norm(NORM).add(net, "0", image);
        for (position, row) in rows.iter().enumerate() {
            let name = (position + 1).to_string();
            x = net.module(&name, "InvertedResidual", |net| inverted_residual(net, x, *row));
        }
        let channels = 6 * net.channels(x);
        let name = (rows.len() + 1).to_string();
        ConvNorm::new(channels, 1, 1, Hardswish).norm(NORM).add(net, &name, x)
    });
    index_children(net, "features");
    let features = net.channels(x);
    let x = avgpool_and_flatten(net, x, 1);
    net.module("classifier", "Sequential", |net| {
        let x = net.linear("0", x, features, last);
        let x = net.apply("1", Op::Hardswish, &[x]);
        let x = net.apply("2", Op::Dropout { p: 0.2 }, &[x]);
        net.linear("3", x, last, CLASSES)
    });
}

fn inverted_residual(net: &mut GraphBuilder, x: NodeId, row: Row) -> NodeId {
    let (kernel, expanded, channels, excite, activation, stride) = row;
    let from = net.channels(x);
    let y = net.module("block", "Sequential", |net| {
        let mut position = 0..;
        let mut next = || position.next().unwrap_or_default().to_string();
        let mut y = x;
        if expanded != from {
            y = ConvNorm::new(expanded, 1, 1, activation).norm(NORM).add(net, &next(), y);
        }
        y = ConvNorm::new(expanded, kernel, stride, activation).groups(expanded).norm(NORM).add(
            net,
            &next(),
            y,
        );
        if excite {
            let squeezed = make_divisible((expanded / 4) as f64, 8);
            y = squeeze_excitation(net, &next(), y, squeezed, Relu, Op::Hardsigmoid);
        }
        ConvNorm::new(channels, 1, 1, Activation::None).norm(NORM).add(net, &next(), y)
    });
    if stride == 1 && from == channels { net.add_values(y, x) } else { y }
}
