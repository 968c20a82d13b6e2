//! SqueezeNet 1.0 and 1.1.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, index_children};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "SqueezeNet, fire modules",
    paper: "Iandola et al., \"SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size\", arXiv 1602.07360",
};

/// A layer behind the first three.
#[derive(Clone, Copy)]
enum Layer {
    Pool,
    /// Channels after the squeezing and after each of the expanding convolutions.
    Fire(i64, i64),
}

use Layer::{Fire, Pool};

const V1_0: [Layer; 10] = [
    Fire(16, 64),
    Fire(16, 64),
    Fire(32, 128),
    Pool,
    Fire(32, 128),
    Fire(48, 192),
    Fire(48, 192),
    Fire(64, 256),
    Pool,
    Fire(64, 256),
];

const V1_1: [Layer; 10] = [
    Fire(16, 64),
    Fire(16, 64),
    Pool,
    Fire(32, 128),
    Fire(32, 128),
    Pool,
    Fire(48, 192),
    Fire(48, 192),
    Fire(64, 256),
    Fire(64, 256),
];

pub(crate) fn all() -> Vec<Architecture> {
    vec![
        FAMILY.network("squeezenet1_0", |net| build(net, Conv2d::new(96, 7).stride(2), V1_0)),
        FAMILY.network("squeezenet1_1", |net| build(net, Conv2d::new(64, 3).stride(2), V1_1)),
    ]
}

fn build(net: &mut GraphBuilder, first: Conv2d, layers: [Layer; 10]) {
    let image = net.input();
    let pool = Pool2d::new(3, 2).ceil();
    let x = net.module("features", "Sequential", |net| {
        let x = net.conv("0", image, first);
        let x = net.relu("1", x);
        let mut x = net.max_pool("2", x, pool);
        for (position, layer) in layers.into_iter().enumerate() {
            let name = (position + 3).to_string();
            x = match layer {
                Pool => net.max_pool(&name, x, pool),
                Fire(squeezed, expanded) => net.module(&name, "Fire", |net| fire(net, x, squeezed, expanded)),
            };
        }
        x
    });
    index_children(net, "features");
    let x = net.module("classifier", "Sequential", |net| {
        let x = net.apply("0", Op::Dropout { p: 0.5 }, &[x]);
        let x = net.conv("1", x, Conv2d::new(CLASSES, 1));
        let x = net.relu("2", x);
        net.apply("3", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[x])
    });
    net.call("flatten", Op::Flatten, &[x]);
}

fn fire(net: &mut GraphBuilder, x: NodeId, squeezed: i64, expanded: i64) -> NodeId {
    let x = net.conv("squeeze", x, Conv2d::new(squeezed, 1));
    let x = net.relu("squeeze_activation", x);
    let one = net.conv("expand1x1", x, Conv2d::new(expanded, 1));
    let one = net.relu("expand1x1_activation", one);
    let three = net.conv("expand3x3", x, Conv2d::new(expanded, 3).padding(1));
    let three = net.relu("expand3x3_activation", three);
    net.concat(&[one, three])
}
