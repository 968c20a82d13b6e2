//! ShuffleNet v2.

use lossnet_plugin_api::prelude::*;

use crate::parts::CLASSES;
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "ShuffleNet v2, split, transform, shuffle",
    paper: "Ma et al., \"ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design\", arXiv 1807.11164",
};

/// Units per stage.
const UNITS: [usize; 3] = [4, 8, 4];

pub(crate) fn all() -> Vec<Architecture> {
    [("shufflenet_v2_x1_0", [116, 232, 464], 1024), ("shufflenet_v2_x2_0", [244, 488, 976], 2048)]
        .into_iter()
        .map(|(name, stages, last)| FAMILY.network(name, move |net| build(net, stages, last)))
        .collect()
}

fn build(net: &mut GraphBuilder, stages: [i64; 3], last: i64) {
    let image = net.input();
    let x = net.module("conv1", "Sequential", |net| {
        let x = conv_norm(net, 0, image, Conv2d::new(24, 3).stride(2).padding(1));
        net.relu("2", x)
    });
    let mut x = net.max_pool("maxpool", x, Pool2d::new(3, 2).padding(1));
    for (position, (channels, units)) in stages.into_iter().zip(UNITS).enumerate() {
        x = net.module(&format!("stage{}", position + 2), "Sequential", |net| {
            (0..units).fold(x, |x, unit| {
                net.module(&unit.to_string(), "InvertedResidual", |net| {
                    shuffle_unit(net, x, channels, unit == 0)
                })
            })
        });
    }
    let x = net.module("conv5", "Sequential", |net| {
        let x = conv_norm(net, 0, x, Conv2d::new(last, 1));
        net.relu("2", x)
    });
    let children = net.children(None);
    net.layers(children);
    let x = net.call("mean", Op::SpatialMean, &[x]);
    net.linear("fc", x, last, CLASSES);
}

/// Half of the channels passes a branch; the first unit of a stage halves the size, and both halves come of all channels.
fn shuffle_unit(net: &mut GraphBuilder, x: NodeId, channels: i64, reduces: bool) -> NodeId {
    let half = channels / 2;
    let stride = if reduces { 2 } else { 1 };
    let (kept, passed) = if reduces {
        let from = net.channels(x);
        let kept = net.module("branch1", "Sequential", |net| {
            let y = conv_norm(net, 0, x, Conv2d::new(from, 3).stride(2).padding(1).groups(from));
            let y = conv_norm(net, 2, y, Conv2d::new(half, 1));
            net.relu("4", y)
        });
        (kept, x)
    } else {
        let kept = net.call("getitem", Op::ChannelSlice { start: 0, end: half }, &[x]);
        (kept, net.call("getitem", Op::ChannelSlice { start: half, end: channels }, &[x]))
    };
    let transformed = net.module("branch2", "Sequential", |net| {
        let y = conv_norm(net, 0, passed, Conv2d::new(half, 1));
        let y = net.relu("2", y);
        let y = conv_norm(net, 3, y, Conv2d::new(half, 3).stride(stride).padding(1).groups(half));
        let y = conv_norm(net, 5, y, Conv2d::new(half, 1));
        net.relu("7", y)
    });
    let both = net.concat(&[kept, transformed]);
    net.call("channel_shuffle", Op::ChannelShuffle { groups: 2 }, &[both])
}

fn conv_norm(net: &mut GraphBuilder, position: usize, x: NodeId, conv: Conv2d) -> NodeId {
    let x = net.conv(&position.to_string(), x, conv.no_bias());
    net.batch_norm(&(position + 1).to_string(), x, BatchNorm2d::default())
}
