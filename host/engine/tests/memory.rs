//! The memory that is counted for a network beside what its process takes. A test of its own: others would be in its process.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_engine::network::{LayerRef, Network, Options};
use lossnet_engine::session::RandomWeights;
use lossnet_plugin_protocol::graph::{Conv2d, Graph, GraphBuilder, Pool2d};
use tch::{Device, Kind, Tensor};

const SIDE: i64 = 1024;

/// Four convolutions with 16 channels, so that values of 64 MiB are kept or not.
fn graph() -> Graph {
    let mut net = GraphBuilder::new();
    let mut x = net.input();
    for number in 1..=4 {
        x = net.conv(&format!("conv{number}"), x, Conv2d::new(16, 3).padding(1));
        x = net.relu(&format!("relu{number}"), x);
    }
    net.max_pool("pool", x, Pool2d::new(2, 2));
    net.layers(["pool"]);
    net.finish().unwrap()
}

/// A line of what the kernel says of this process, in bytes.
fn status(name: &str) -> f64 {
    let status = fs_err::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_matches([':', ' ', '\t', 'k', 'B']).parse::<f64>().unwrap() * 1024.0
}

/// How far the process's memory grows at most meanwhile, in bytes.
fn growth(work: impl FnOnce()) -> f64 {
    fs_err::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    work();
    status("VmHWM") - before
}

#[test]
fn what_is_counted_is_what_a_process_takes() {
    let graph = graph();
    let layers: [LayerRef; 1] = ["pool".parse().unwrap()];
    let network =
        Network::build(&graph, &layers, &RandomWeights::new(1, &graph), &Options::default()).unwrap();
    // Libraries and kernels are loaded, and little is left that values could lie in.
    let small = Tensor::rand([1, 3, 32, 32], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    network.forward(&small).unwrap()[0].sum(Kind::Float).backward();
    let image = Tensor::rand([1, 3, SIDE, SIDE], (Kind::Float, Device::Cpu));

    let counted = network.memory(&layers, SIDE, SIDE).unwrap();
    let forward = growth(|| drop(tch::no_grad(|| network.forward(&image).unwrap())));
    let image = image.set_requires_grad(true);
    let backward = growth(|| network.forward(&image).unwrap()[0].sum(Kind::Float).backward());
    for (name, measured, counted) in
        [("forward", forward, counted.forward), ("backward", backward, counted.backward)]
    {
        let ratio = measured / counted as f64;
        assert!((0.7..1.4).contains(&ratio), "{name}: {measured} bytes, {counted} counted");
        println!("{name}: {ratio:.2} of what was counted");
    }
}
