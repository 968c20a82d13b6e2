//! VGG, with and without batch normalization.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, avgpool_and_flatten, index_children};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "VGG, stacks of 3×3 convolutions",
    paper: "Simonyan and Zisserman, \"Very Deep Convolutional Networks for Large-Scale Image Recognition\", arXiv 1409.1556",
};

/// Numbers of convolutions in each of the five stages.
const DEPTHS: [(&str, &str, [usize; 5]); 4] = [
    ("vgg11", "vgg11_bn", [1, 1, 2, 2, 2]),
    ("vgg13", "vgg13_bn", [2, 2, 2, 2, 2]),
    ("vgg16", "vgg16_bn", [2, 2, 3, 3, 3]),
    ("vgg19", "vgg19_bn", [2, 2, 4, 4, 4]),
];

/// Channels of each stage.
const CHANNELS: [i64; 5] = [64, 128, 256, 512, 512];

pub(crate) fn all() -> Vec<Architecture> {
    let networks = DEPTHS.into_iter().flat_map(|(plain, normalized, depths)| {
        [(plain, false), (normalized, true)]
            .map(|(name, norm)| FAMILY.network(name, move |net| build(net, depths, norm)))
    });
    networks.collect()
}

fn build(net: &mut GraphBuilder, depths: [usize; 5], norm: bool) {
    let image = net.input();
    let mut names: Vec<String> = Vec::new();
    let x = net.module("features", "Sequential", |net| {
        let mut x = image;
        let mut position = 0..;
        let mut next = || position.next().unwrap_or_default().to_string();
        for (stage, (depth, channels)) in (1..).zip(depths.into_iter().zip(CHANNELS)) {
            for number in 1..=depth {
                x = net.conv(&next(), x, Conv2d::new(channels, 3).padding(1));
                names.push(format!("conv{stage}_{number}"));
                if norm {
                    x = net.batch_norm(&next(), x, BatchNorm2d::default());
                    names.push(format!("bn{stage}_{number}"));
                }
                x = net.relu(&next(), x);
                names.push(format!("relu{stage}_{number}"));
            }
            x = net.max_pool(&next(), x, Pool2d::new(2, 2));
            names.push(format!("pool{stage}"));
        }
        x
    });
    index_children(net, "features");
    // As the paper's authors named them, and everyone who builds losses on them.
    for (position, name) in names.iter().enumerate() {
        net.alias(name, &format!("features.{position}"));
    }
    let x = avgpool_and_flatten(net, x, 7);
    net.module("classifier", "Sequential", |net| {
        let x = net.linear("0", x, 512 * 7 * 7, 4096);
        let x = net.relu("1", x);
        let x = net.apply("2", Op::Dropout { p: 0.5 }, &[x]);
        let x = net.linear("3", x, 4096, 4096);
        let x = net.relu("4", x);
        let x = net.apply("5", Op::Dropout { p: 0.5 }, &[x]);
        net.linear("6", x, 4096, CLASSES)
    });
}
