//! Every indexed layer of every architecture against torchvision (`plugins/torchvision/tests/golden/generate.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use lossnet_core::weights::WeightsFile;
use lossnet_engine::network::{LayerRef, Network, Options};
use lossnet_engine::session::RandomWeights;
use lossnet_plugin_protocol::formula::uniform;
use lossnet_plugin_protocol::graph::Graph;
use tch::{Kind, Tensor};

/// The largest difference allowed for each unit of magnitude (see `spec/networks`: float32 rounding).
const TOLERANCE: f64 = 1e-5;

fn golden() -> WeightsFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../plugins/torchvision/tests/golden/golden.safetensors");
    WeightsFile::open(&path).unwrap()
}

fn image() -> Tensor {
    let values: Vec<f32> = uniform(0, "image", 3 * 96 * 96).map(|value| value.midpoint(1.0)).collect();
    Tensor::from_slice(&values).reshape([1, 3, 96, 96])
}

/// Largest magnitude, mean, and the sampled elements.
fn summary(value: &Tensor) -> Vec<f64> {
    let flat = value.contiguous().flatten(0, -1).to_kind(Kind::Double);
    let all = Vec::<f64>::try_from(&flat).unwrap();
    let mut numbers = vec![flat.abs().max().double_value(&[]), flat.mean(Kind::Double).double_value(&[])];
    numbers.extend((0..32_usize).map(|i| all[(i * 2_654_435_761 + 12_345) % all.len()]));
    numbers
}

fn assert_equals_torchvision(name: &str, graph: &Graph, network: &Network, golden: &WeightsFile) {
    let image = image();
    let before = image.copy();
    let values = tch::no_grad(|| network.forward(&image)).unwrap();
    assert!(image.equal(&before), "{name} changed the image");
    assert_eq!(values.len(), graph.layers.len());
    for (index, value) in values.iter().enumerate() {
        let expected = golden.to_f32(&format!("{name}/{index}")).unwrap();
        let ours = summary(value);
        let allowed = TOLERANCE * f64::from(expected[0]).max(1.0);
        for (position, (ours, expected)) in ours.iter().zip(&expected).enumerate() {
            let difference = (ours - f64::from(*expected)).abs();
            assert!(
                difference <= allowed,
                "{name}, layer {index} ({}), number {position}: {ours} instead of {expected}",
                graph.layers[index]
            );
        }
    }
}

fn check(part: usize, parts: usize) {
    tch::set_num_threads(1);
    let golden = golden();
    for (position, backbone) in lossnet_plugin_torchvision::backbones().iter().enumerate() {
        if position % parts != part {
            continue;
        }
        let name = backbone.name();
        let graph = backbone.describe_json("{}").unwrap();
        let layers = LayerRef::all(&graph);
        let weights = RandomWeights::new(0, &graph);
        let frozen = Network::build(&graph, &layers, &weights, &Options::default()).unwrap();
        assert_equals_torchvision(&name, &graph, &frozen, &golden);
    }
}

#[test]
fn lowered_networks_equal_torchvision_s_first_half() {
    check(0, 2);
}

#[test]
fn lowered_networks_equal_torchvision_s_second_half() {
    check(1, 2);
}

#[test]
fn trainable_networks_in_evaluation_mode_equal_torchvision_s() {
    let golden = golden();
    for name in [
        "alexnet",
        "vgg11_bn",
        "squeezenet1_1",
        "resnet18",
        "densenet121",
        "googlenet",
        "mobilenet_v3_small",
        "shufflenet_v2_x1_0",
        "mnasnet0_5",
        "efficientnet_b0",
        "regnet_y_400mf",
    ] {
        let backbones = lossnet_plugin_torchvision::backbones();
        let backbone = backbones.iter().find(|backbone| backbone.name() == name).unwrap();
        let graph = backbone.describe_json("{}").unwrap();
        let options = Options { trainable: true, ..Options::default() };
        let weights = RandomWeights::new(0, &graph);
        let mut network = Network::build(&graph, &LayerRef::all(&graph), &weights, &options).unwrap();
        network.set_training(false).unwrap();
        assert_equals_torchvision(name, &graph, &network, &golden);
    }
}
