//! RegNet X and Y.

use lossnet_plugin_api::prelude::*;

use crate::parts::{Activation, CLASSES, ConvNorm, avgpool_and_flatten, squeeze_excitation};
use crate::{Architecture, Family};

const X: &Family = &Family {
    summary: "RegNet X, stages of bottlenecks whose widths follow a rule",
    paper: "Radosavovic et al., \"Designing Network Design Spaces\", arXiv 2003.13678",
};

const Y: &Family = &Family {
    summary: "RegNet Y, RegNet X with squeeze and excitation",
    paper: "Radosavovic et al., \"Designing Network Design Spaces\", arXiv 2003.13678",
};

/// Name, blocks per stage, channels per stage, channels per group in each stage: what the paper's rule gives for the
/// published parameters.
type Row = (&'static str, [usize; 4], [i64; 4], [i64; 4]);

const ROWS_X: [Row; 7] = [
    ("regnet_x_400mf", [1, 2, 7, 12], [32, 64, 160, 400], [16; 4]),
    ("regnet_x_800mf", [1, 3, 7, 5], [64, 128, 288, 672], [16; 4]),
    ("regnet_x_1_6gf", [2, 4, 10, 2], [72, 168, 408, 912], [24; 4]),
    ("regnet_x_3_2gf", [2, 6, 15, 2], [96, 192, 432, 1008], [48; 4]),
    ("regnet_x_8gf", [2, 5, 15, 1], [80, 240, 720, 1920], [80, 120, 120, 120]),
    ("regnet_x_16gf", [2, 6, 13, 1], [256, 512, 896, 2048], [128; 4]),
    ("regnet_x_32gf", [2, 7, 13, 1], [336, 672, 1344, 2520], [168; 4]),
];

const ROWS_Y: [Row; 7] = [
    ("regnet_y_400mf", [1, 3, 6, 6], [48, 104, 208, 440], [8; 4]),
    ("regnet_y_800mf", [1, 3, 8, 2], [64, 144, 320, 784], [16; 4]),
    ("regnet_y_1_6gf", [2, 6, 17, 2], [48, 120, 336, 888], [24; 4]),
    ("regnet_y_3_2gf", [2, 5, 13, 1], [72, 216, 576, 1512], [24; 4]),
    ("regnet_y_8gf", [2, 4, 10, 1], [224, 448, 896, 2016], [56; 4]),
    ("regnet_y_16gf", [2, 4, 11, 1], [224, 448, 1232, 3024], [112; 4]),
    ("regnet_y_32gf", [2, 5, 12, 1], [232, 696, 1392, 3712], [232; 4]),
];

pub(crate) fn all() -> Vec<Architecture> {
    let x = ROWS_X.into_iter().map(|row| X.network(row.0, move |net| build(net, row, false)));
    let y = ROWS_Y.into_iter().map(|row| Y.network(row.0, move |net| build(net, row, true)));
    x.chain(y).collect()
}

fn build(net: &mut GraphBuilder, row: Row, excite: bool) {
    let (_, depths, widths, groups) = row;
    let image = net.input();
    let x = net
        .module("stem", "SimpleStemIN", |net| ConvNorm::new(32, 3, 2, Activation::Relu).inside(net, image));
    let x = net.module("trunk_output", "Sequential", |net| {
        let mut x = x;
        for stage in 0..4 {
            let number = stage + 1;
            x = net.module(&format!("block{number}"), "AnyStage", |net| {
                (0..depths[stage]).fold(x, |x, position| {
                    let stride = if position == 0 { 2 } else { 1 };
                    net.module(&format!("block{number}-{position}"), "ResBottleneckBlock", |net| {
                        bottleneck(net, x, widths[stage], groups[stage], stride, excite)
                    })
                })
            });
        }
        x
    });
    let layers = [net.children(Some("stem")), net.children(Some("trunk_output"))].concat();
    net.layers(layers);
    let x = avgpool_and_flatten(net, x, 1);
    net.linear("fc", x, widths[3], CLASSES);
}

fn bottleneck(
    net: &mut GraphBuilder,
    x: NodeId,
    width: i64,
    group_width: i64,
    stride: i64,
    excite: bool,
) -> NodeId {
    let from = net.channels(x);
    let relu = Activation::Relu;
    let identity = if from != width || stride != 1 {
        ConvNorm::new(width, 1, stride, Activation::None).add(net, "proj", x)
    } else {
        x
    };
    let y = net.module("f", "BottleneckTransform", |net| {
        let y = ConvNorm::new(width, 1, 1, relu).add(net, "a", x);
        let mut y = ConvNorm::new(width, 3, stride, relu).groups(width / group_width).add(net, "b", y);
        if excite {
            // A quarter of the channels that come in, halves to even as Python rounds.
            let squeezed = (0.25 * from as f64).round_ties_even() as i64;
            y = squeeze_excitation(net, "se", y, squeezed, relu, Op::Sigmoid);
        }
        ConvNorm::new(width, 1, 1, Activation::None).add(net, "c", y)
    });
    let sum = net.add_values(identity, y);
    net.apply("activation", relu.op(), &[sum])
}
