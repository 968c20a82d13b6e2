//! Inception v3, without torchvision's `transform_input`.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, basic_conv};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "Inception v3, parallel branches of factorized convolutions",
    paper: "Szegedy et al., \"Rethinking the Inception Architecture for Computer Vision\", arXiv 1512.00567",
};

pub(crate) fn all() -> Vec<Architecture> {
    vec![FAMILY.network("inception_v3", build)]
}

fn build(net: &mut GraphBuilder) {
    let x = basic_conv(net, "Conv2d_1a_3x3", net.input(), Conv2d::new(32, 3).stride(2));
    let x = basic_conv(net, "Conv2d_2a_3x3", x, Conv2d::new(32, 3));
    let x = basic_conv(net, "Conv2d_2b_3x3", x, Conv2d::new(64, 3).padding(1));
    let x = net.max_pool("maxpool1", x, Pool2d::new(3, 2));
    let x = basic_conv(net, "Conv2d_3b_1x1", x, Conv2d::new(80, 1));
    let x = basic_conv(net, "Conv2d_4a_3x3", x, Conv2d::new(192, 3));
    let mut x = net.max_pool("maxpool2", x, Pool2d::new(3, 2));
    for (name, pooled) in [("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)] {
        x = net.module(name, "InceptionA", |net| block_a(net, x, pooled));
    }
    x = net.module("Mixed_6a", "InceptionB", |net| block_b(net, x));
    for (name, inner) in [("Mixed_6b", 128), ("Mixed_6c", 160), ("Mixed_6d", 160), ("Mixed_6e", 192)] {
        x = net.module(name, "InceptionC", |net| block_c(net, x, inner));
    }
    let children = net.children(None);
    net.layers(children);
    x = net.module("Mixed_7a", "InceptionD", |net| block_d(net, x));
    for name in ["Mixed_7b", "Mixed_7c"] {
        x = net.module(name, "InceptionE", |net| block_e(net, x));
    }
    let x = net.apply("avgpool", Op::AdaptiveAvgPool2d { output: [1, 1] }, &[x]);
    let x = net.apply("dropout", Op::Dropout { p: 0.5 }, &[x]);
    let x = net.call("flatten", Op::Flatten, &[x]);
    net.linear("fc", x, 2048, CLASSES);
    net.auxiliary(["AuxLogits"]);
}

/// A convolution with a flat or a tall kernel that keeps the size.
fn flat(channels: i64, width: i64) -> Conv2d {
    Conv2d::new(channels, 1).kernel(1, width).padding2(0, width / 2)
}

fn tall(channels: i64, height: i64) -> Conv2d {
    Conv2d::new(channels, 1).kernel(height, 1).padding2(height / 2, 0)
}

/// Mean over 3×3 windows, then a 1×1 convolution.
fn pool_branch(net: &mut GraphBuilder, x: NodeId, channels: i64) -> NodeId {
    let x = net.call("avg_pool2d", Op::AvgPool2d(Pool2d::new(3, 1).padding(1)), &[x]);
    basic_conv(net, "branch_pool", x, Conv2d::new(channels, 1))
}

fn block_a(net: &mut GraphBuilder, x: NodeId, pooled: i64) -> NodeId {
    let one = basic_conv(net, "branch1x1", x, Conv2d::new(64, 1));
    let five = basic_conv(net, "branch5x5_1", x, Conv2d::new(48, 1));
    let five = basic_conv(net, "branch5x5_2", five, Conv2d::new(64, 5).padding(2));
    let double = basic_conv(net, "branch3x3dbl_1", x, Conv2d::new(64, 1));
    let double = basic_conv(net, "branch3x3dbl_2", double, Conv2d::new(96, 3).padding(1));
    let double = basic_conv(net, "branch3x3dbl_3", double, Conv2d::new(96, 3).padding(1));
    let pool = pool_branch(net, x, pooled);
    net.concat(&[one, five, double, pool])
}

fn block_b(net: &mut GraphBuilder, x: NodeId) -> NodeId {
    let three = basic_conv(net, "branch3x3", x, Conv2d::new(384, 3).stride(2));
    let double = basic_conv(net, "branch3x3dbl_1", x, Conv2d::new(64, 1));
    let double = basic_conv(net, "branch3x3dbl_2", double, Conv2d::new(96, 3).padding(1));
    let double = basic_conv(net, "branch3x3dbl_3", double, Conv2d::new(96, 3).stride(2));
    let pool = net.call("max_pool2d", Op::MaxPool2d(Pool2d::new(3, 2)), &[x]);
    net.concat(&[three, double, pool])
}

fn block_c(net: &mut GraphBuilder, x: NodeId, inner: i64) -> NodeId {
    let one = basic_conv(net, "branch1x1", x, Conv2d::new(192, 1));
    let seven = basic_conv(net, "branch7x7_1", x, Conv2d::new(inner, 1));
    let seven = basic_conv(net, "branch7x7_2", seven, flat(inner, 7));
    let seven = basic_conv(net, "branch7x7_3", seven, tall(192, 7));
    let double = basic_conv(net, "branch7x7dbl_1", x, Conv2d::new(inner, 1));
    let double = basic_conv(net, "branch7x7dbl_2", double, tall(inner, 7));
    let double = basic_conv(net, "branch7x7dbl_3", double, flat(inner, 7));
    let double = basic_conv(net, "branch7x7dbl_4", double, tall(inner, 7));
    let double = basic_conv(net, "branch7x7dbl_5", double, flat(192, 7));
    let pool = pool_branch(net, x, 192);
    net.concat(&[one, seven, double, pool])
}

fn block_d(net: &mut GraphBuilder, x: NodeId) -> NodeId {
    let three = basic_conv(net, "branch3x3_1", x, Conv2d::new(192, 1));
    let three = basic_conv(net, "branch3x3_2", three, Conv2d::new(320, 3).stride(2));
    let seven = basic_conv(net, "branch7x7x3_1", x, Conv2d::new(192, 1));
    let seven = basic_conv(net, "branch7x7x3_2", seven, flat(192, 7));
    let seven = basic_conv(net, "branch7x7x3_3", seven, tall(192, 7));
    let seven = basic_conv(net, "branch7x7x3_4", seven, Conv2d::new(192, 3).stride(2));
    let pool = net.call("max_pool2d", Op::MaxPool2d(Pool2d::new(3, 2)), &[x]);
    net.concat(&[three, seven, pool])
}

fn block_e(net: &mut GraphBuilder, x: NodeId) -> NodeId {
    let one = basic_conv(net, "branch1x1", x, Conv2d::new(320, 1));
    let three = basic_conv(net, "branch3x3_1", x, Conv2d::new(384, 1));
    let a = basic_conv(net, "branch3x3_2a", three, flat(384, 3));
    let b = basic_conv(net, "branch3x3_2b", three, tall(384, 3));
    let three = net.concat(&[a, b]);
    let double = basic_conv(net, "branch3x3dbl_1", x, Conv2d::new(448, 1));
    let double = basic_conv(net, "branch3x3dbl_2", double, Conv2d::new(384, 3).padding(1));
    let a = basic_conv(net, "branch3x3dbl_3a", double, flat(384, 3));
    let b = basic_conv(net, "branch3x3dbl_3b", double, tall(384, 3));
    let double = net.concat(&[a, b]);
    let pool = pool_branch(net, x, 192);
    net.concat(&[one, three, double, pool])
}
