//! GoogLeNet, without torchvision's `transform_input`.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, avgpool_and_flatten, basic_conv};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "GoogLeNet (Inception v1), parallel branches",
    paper: "Szegedy et al., \"Going Deeper with Convolutions\", arXiv 1409.4842",
};

/// Channels: 1×1, before 3×3, 3×3, before the second 3×3, second 3×3, behind the pooling.
const INCEPTIONS: [(&str, [i64; 6]); 9] = [
    ("inception3a", [64, 96, 128, 16, 32, 32]),
    ("inception3b", [128, 128, 192, 32, 96, 64]),
    ("inception4a", [192, 96, 208, 16, 48, 64]),
    ("inception4b", [160, 112, 224, 24, 64, 64]),
    ("inception4c", [128, 128, 256, 24, 64, 64]),
    ("inception4d", [112, 144, 288, 32, 64, 64]),
    ("inception4e", [256, 160, 320, 32, 128, 128]),
    ("inception5a", [256, 160, 320, 32, 128, 128]),
    ("inception5b", [384, 192, 384, 48, 128, 128]),
];

pub(crate) fn all() -> Vec<Architecture> {
    vec![FAMILY.network("googlenet", build)]
}

fn build(net: &mut GraphBuilder) {
    let pool = Pool2d::new(3, 2).ceil();
    let x = basic_conv(net, "conv1", net.input(), Conv2d::new(64, 7).stride(2).padding(3));
    let x = net.max_pool("maxpool1", x, pool);
    let x = basic_conv(net, "conv2", x, Conv2d::new(64, 1));
    let x = basic_conv(net, "conv3", x, Conv2d::new(192, 3).padding(1));
    let mut x = net.max_pool("maxpool2", x, pool);
    for (name, channels) in INCEPTIONS {
        x = match name {
            "inception4a" => net.max_pool("maxpool3", x, pool),
            "inception5a" => net.max_pool("maxpool4", x, Pool2d::new(2, 2).ceil()),
            _ => x,
        };
        x = net.module(name, "Inception", |net| inception(net, x, channels));
    }
    let children = net.children(None);
    net.layers(children);
    let x = avgpool_and_flatten(net, x, 1);
    let x = net.apply("dropout", Op::Dropout { p: 0.2 }, &[x]);
    net.linear("fc", x, 1024, CLASSES);
    net.auxiliary(["aux1", "aux2"]);
}

fn inception(net: &mut GraphBuilder, x: NodeId, channels: [i64; 6]) -> NodeId {
    let [one, before, three, before_second, second, pooled] = channels;
    let branch1 = basic_conv(net, "branch1", x, Conv2d::new(one, 1));
    let branch2 = net.module("branch2", "Sequential", |net| {
        let x = basic_conv(net, "0", x, Conv2d::new(before, 1));
        basic_conv(net, "1", x, Conv2d::new(three, 3).padding(1))
    });
    // 5×5 in the paper; torchvision's weights have a 3×3 kernel here.
    let branch3 = net.module("branch3", "Sequential", |net| {
        let x = basic_conv(net, "0", x, Conv2d::new(before_second, 1));
        basic_conv(net, "1", x, Conv2d::new(second, 3).padding(1))
    });
    let branch4 = net.module("branch4", "Sequential", |net| {
        let x = net.max_pool("0", x, Pool2d::new(3, 1).padding(1).ceil());
        basic_conv(net, "1", x, Conv2d::new(pooled, 1))
    });
    net.concat(&[branch1, branch2, branch3, branch4])
}
