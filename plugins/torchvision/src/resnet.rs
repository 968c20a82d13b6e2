//! ResNet, ResNeXt and wide ResNet.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, avgpool_and_flatten};
use crate::{Architecture, Family};

const RESNET: &Family = &Family {
    summary: "ResNet, residual blocks",
    paper: "He et al., \"Deep Residual Learning for Image Recognition\", arXiv 1512.03385",
};

const RESNEXT: &Family = &Family {
    summary: "ResNeXt, residual blocks of grouped convolutions",
    paper: "Xie et al., \"Aggregated Residual Transformations for Deep Neural Networks\", arXiv 1611.05431",
};

const WIDE: &Family = &Family {
    summary: "wide ResNet, residual blocks with twice the inner channels",
    paper: "Zagoruyko and Komodakis, \"Wide Residual Networks\", arXiv 1605.07146",
};

#[derive(Clone, Copy)]
struct Shape {
    depths: [usize; 4],
    block: Block,
}

#[derive(Clone, Copy)]
enum Block {
    /// Two 3×3 convolutions.
    Basic,
    /// 1×1, 3×3 in groups, 1×1; `width` is that of the first stage's groups, 64 in plain ResNets.
    Bottleneck { groups: i64, width: i64 },
}

impl Block {
    /// Channels of a block's value for each channel of its stage.
    fn expansion(self) -> i64 {
        match self {
            Block::Basic => 1,
            Block::Bottleneck { .. } => 4,
        }
    }
}

const PLAIN: Block = Block::Bottleneck { groups: 1, width: 64 };

pub(crate) fn all() -> Vec<Architecture> {
    let rows: [(&'static Family, &str, [usize; 4], Block); 9] = [
        (RESNET, "resnet18", [2, 2, 2, 2], Block::Basic),
        (RESNET, "resnet34", [3, 4, 6, 3], Block::Basic),
        (RESNET, "resnet50", [3, 4, 6, 3], PLAIN),
        (RESNET, "resnet101", [3, 4, 23, 3], PLAIN),
        (RESNET, "resnet152", [3, 8, 36, 3], PLAIN),
        (RESNEXT, "resnext50_32x4d", [3, 4, 6, 3], Block::Bottleneck { groups: 32, width: 4 }),
        (RESNEXT, "resnext101_32x8d", [3, 4, 23, 3], Block::Bottleneck { groups: 32, width: 8 }),
        (WIDE, "wide_resnet50_2", [3, 4, 6, 3], Block::Bottleneck { groups: 1, width: 128 }),
        (WIDE, "wide_resnet101_2", [3, 4, 23, 3], Block::Bottleneck { groups: 1, width: 128 }),
    ];
    rows.into_iter()
        .map(|(family, name, depths, block)| {
            family.network(name, move |net| build(net, Shape { depths, block }))
        })
        .collect()
}

fn build(net: &mut GraphBuilder, shape: Shape) {
    let x = net.conv("conv1", net.input(), Conv2d::new(64, 7).stride(2).padding(3).no_bias());
    let x = net.batch_norm("bn1", x, BatchNorm2d::default());
    let x = net.relu("relu", x);
    let mut x = net.max_pool("maxpool", x, Pool2d::new(3, 2).padding(1));
    for (stage, depth) in shape.depths.into_iter().enumerate() {
        let channels = 64 << stage;
        x = net.module(&format!("layer{}", stage + 1), "Sequential", |net| {
            (0..depth).fold(x, |x, position| {
                let stride = if stage > 0 && position == 0 { 2 } else { 1 };
                residual(net, &position.to_string(), x, shape.block, channels, stride)
            })
        });
    }
    let x = avgpool_and_flatten(net, x, 1);
    net.linear("fc", x, 512 * shape.block.expansion(), CLASSES);
    net.layers(["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4", "avgpool"]);
}

fn residual(
    net: &mut GraphBuilder,
    name: &str,
    x: NodeId,
    block: Block,
    channels: i64,
    stride: i64,
) -> NodeId {
    let out = channels * block.expansion();
    let class = match block {
        Block::Basic => "BasicBlock",
        Block::Bottleneck { .. } => "Bottleneck",
    };
    net.module(name, class, |net| {
        let branch = match block {
            Block::Basic => {
                let y = conv_norm(net, 1, x, Conv2d::new(channels, 3).stride(stride).padding(1));
                let y = net.relu("relu", y);
                conv_norm(net, 2, y, Conv2d::new(channels, 3).padding(1))
            }
            Block::Bottleneck { groups, width } => {
                let inner = channels * width / 64 * groups;
                let y = conv_norm(net, 1, x, Conv2d::new(inner, 1));
                let y = net.relu("relu", y);
                let y = conv_norm(net, 2, y, Conv2d::new(inner, 3).stride(stride).padding(1).groups(groups));
                let y = net.relu("relu", y);
                conv_norm(net, 3, y, Conv2d::new(out, 1))
            }
        };
        let identity = if stride == 1 && net.channels(x) == out {
            x
        } else {
            net.module("downsample", "Sequential", |net| {
                let x = net.conv("0", x, Conv2d::new(out, 1).stride(stride).no_bias());
                net.batch_norm("1", x, BatchNorm2d::default())
            })
        };
        let sum = net.add_values(branch, identity);
        net.relu("relu", sum)
    })
}

fn conv_norm(net: &mut GraphBuilder, number: usize, x: NodeId, conv: Conv2d) -> NodeId {
    let x = net.conv(&format!("conv{number}"), x, conv.no_bias());
    net.batch_norm(&format!("bn{number}"), x, BatchNorm2d::default())
}
