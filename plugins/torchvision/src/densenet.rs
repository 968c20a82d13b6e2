//! DenseNet.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, index_children, pool_and_flatten};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "DenseNet, every layer sees all before it",
    paper: "Huang et al., \"Densely Connected Convolutional Networks\", arXiv 1608.06993",
};

/// Name, channels that each layer adds, layers per block, channels of the first convolution.
const ROWS: [(&str, i64, [usize; 4], i64); 4] = [
    ("densenet121", 32, [6, 12, 24, 16], 64),
    ("densenet161", 48, [6, 12, 36, 24], 96),
    ("densenet169", 32, [6, 12, 32, 32], 64),
    ("densenet201", 32, [6, 12, 48, 32], 64),
];

pub(crate) fn all() -> Vec<Architecture> {
    ROWS.into_iter()
        .map(|(name, growth, depths, first)| {
            FAMILY.network(name, move |net| build(net, growth, depths, first))
        })
        .collect()
}

fn build(net: &mut GraphBuilder, growth: i64, depths: [usize; 4], first: i64) {
    let image = net.input();
    let x = net.module("features", "Sequential", |net| {
        let x = net.conv("conv0", image, Conv2d::new(first, 7).stride(2).padding(3).no_bias());
        let x = net.batch_norm("norm0", x, BatchNorm2d::default());
        let x = net.relu("relu0", x);
        let mut x = net.max_pool("pool0", x, Pool2d::new(3, 2).padding(1));
        for (position, depth) in depths.into_iter().enumerate() {
            let number = position + 1;
            x = net.module(&format!("denseblock{number}"), "_DenseBlock", |net| {
                dense_block(net, x, growth, depth)
            });
            if number < depths.len() {
                x = net.module(&format!("transition{number}"), "_Transition", |net| transition(net, x));
            }
        }
        net.batch_norm("norm5", x, BatchNorm2d::default())
    });
    index_children(net, "features");
    // Files from before 2018 have a dot inside: `denselayer1.norm.1.weight`.
    net.rename(
        r"^(.*denselayer\d+\.(?:norm|relu|conv))\.((?:[12])\.(?:weight|bias|running_mean|running_var))$",
        "$1$2",
    );
    let features = net.channels(x);
    let x = net.call("relu", Op::Relu, &[x]);
    let x = pool_and_flatten(net, x);
    net.linear("classifier", x, features, CLASSES);
}

fn dense_block(net: &mut GraphBuilder, x: NodeId, growth: i64, depth: usize) -> NodeId {
    let mut values = vec![x];
    for number in 1..=depth {
        let value = net.module(&format!("denselayer{number}"), "_DenseLayer", |net| {
            let x = net.concat(&values);
            let x = net.batch_norm("norm1", x, BatchNorm2d::default());
            let x = net.relu("relu1", x);
            let x = net.conv("conv1", x, Conv2d::new(4 * growth, 1).no_bias());
            let x = net.batch_norm("norm2", x, BatchNorm2d::default());
            let x = net.relu("relu2", x);
            net.conv("conv2", x, Conv2d::new(growth, 3).padding(1).no_bias())
        });
        values.push(value);
    }
    net.concat(&values)
}

fn transition(net: &mut GraphBuilder, x: NodeId) -> NodeId {
    let half = net.channels(x) / 2;
    let x = net.batch_norm("norm", x, BatchNorm2d::default());
    let x = net.relu("relu", x);
    let x = net.conv("conv", x, Conv2d::new(half, 1).no_bias());
    net.avg_pool("pool", x, Pool2d::new(2, 2))
}
