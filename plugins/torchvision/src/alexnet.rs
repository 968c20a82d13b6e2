//! AlexNet.

use lossnet_plugin_api::prelude::*;

use crate::parts::{CLASSES, avgpool_and_flatten, index_children};
use crate::{Architecture, Family};

const FAMILY: &Family = &Family {
    summary: "AlexNet, five convolutions",
    paper: "Krizhevsky, \"One weird trick for parallelizing convolutional neural networks\", arXiv 1404.5997",
};

pub(crate) fn all() -> Vec<Architecture> {
    vec![FAMILY.network("alexnet", build)]
}

fn build(net: &mut GraphBuilder) {
    let image = net.input();
    let x = net.module("features", "Sequential", |net| {
        let x = net.conv("0", image, Conv2d::new(64, 11).stride(4).padding(2));
        let x = net.relu("1", x);
        let x = net.max_pool("2", x, Pool2d::new(3, 2));
        let x = net.conv("3", x, Conv2d::new(192, 5).padding(2));
        let x = net.relu("4", x);
        let x = net.max_pool("5", x, Pool2d::new(3, 2));
        let x = net.conv("6", x, Conv2d::new(384, 3).padding(1));
        let x = net.relu("7", x);
        let x = net.conv("8", x, Conv2d::new(256, 3).padding(1));
        let x = net.relu("9", x);
        let x = net.conv("10", x, Conv2d::new(256, 3).padding(1));
        let x = net.relu("11", x);
        net.max_pool("12", x, Pool2d::new(3, 2))
    });
    index_children(net, "features");
    let x = avgpool_and_flatten(net, x, 6);
    net.module("classifier", "Sequential", |net| {
        let x = net.apply("0", Op::Dropout { p: 0.5 }, &[x]);
        let x = net.linear("1", x, 256 * 6 * 6, 4096);
        let x = net.relu("2", x);
        let x = net.apply("3", Op::Dropout { p: 0.5 }, &[x]);
        let x = net.linear("4", x, 4096, 4096);
        let x = net.relu("5", x);
        net.linear("6", x, 4096, CLASSES)
    });
}
