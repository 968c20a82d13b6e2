//! What every network keeps to, whatever its architecture.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use lossnet_engine::network::{BoxError, CheckWeights, LayerRef, Memory, Network, Options, ParameterSource};
use lossnet_engine::session::RandomWeights;
use lossnet_plugin_protocol::graph::{BatchNorm2d, Conv2d, Graph, GraphBuilder, Pool2d};
use tch::{Device, Kind, Tensor};

/// Two convolutions with batch normalizations, a residual sum, and a pooling.
fn graph() -> Graph {
    let mut net = GraphBuilder::new();
    let x = net.conv("conv1", net.input(), Conv2d::new(6, 3).padding(1));
    let x = net.batch_norm("bn1", x, BatchNorm2d::default());
    let x = net.relu("relu1", x);
    let y = net.conv("conv2", x, Conv2d::new(6, 3).padding(1).no_bias());
    let y = net.batch_norm("bn2", y, BatchNorm2d::default());
    let sum = net.add_values(x, y);
    let x = net.relu("relu2", sum);
    net.max_pool("pool", x, Pool2d::new(4, 4));
    net.layers(["conv1", "bn1", "relu1", "relu2", "pool"]);
    net.finish().unwrap()
}

fn layers(names: &[&str]) -> Vec<LayerRef> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

fn build(names: &[&str], options: &Options) -> Network {
    let graph = graph();
    Network::build(&graph, &layers(names), &RandomWeights::new(3, &graph), options).unwrap()
}

fn images(count: i64) -> Tensor {
    tch::manual_seed(1);
    Tensor::rand([count, 3, 12, 12], (Kind::Float, Device::Cpu))
}

fn difference(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

/// Tensors of any shape, all zero.
struct Zeros(BTreeMap<String, Vec<usize>>);

impl Zeros {
    fn of(graph: &Graph) -> Zeros {
        let shapes = graph
            .parameters()
            .map(|(name, _, parameter)| (name, parameter.shape.iter().map(|&size| size as usize).collect()));
        Zeros(shapes.collect())
    }
}

impl ParameterSource for Zeros {
    fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    fn shape(&self, name: &str) -> Option<Vec<usize>> {
        self.0.get(name).cloned()
    }

    fn values(&self, name: &str) -> Result<Vec<f32>, BoxError> {
        Ok(vec![0.0; self.0.get(name).map_or(0, |shape| shape.iter().product())])
    }

    fn identity(&self) -> String {
        "zeros".to_owned()
    }
}

#[test]
fn weights_that_do_not_fit_are_listed_whole() {
    let graph = graph();
    let mut zeros = Zeros::of(&graph);
    zeros.0.remove("bn1.running_var");
    zeros.0.remove("conv2.weight");
    zeros.0.insert("fc.weight".to_owned(), vec![2, 2]);
    zeros.0.insert("conv1.weight".to_owned(), vec![6, 3, 5, 5]);
    let options = Options::default();
    let error = Network::build(&graph, &layers(&["relu1"]), &zeros, &options).unwrap_err().to_string();
    for part in [
        "2 missing",
        "bn1.running_var",
        "conv2.weight",
        "fc.weight",
        "conv1.weight (6×3×5×5 instead of 6×3×3×3)",
    ] {
        assert!(error.contains(part), "no `{part}` in {error}");
    }
    // What no wanted layer needs may be missing if the user says so; the rest may not.
    let mut zeros = Zeros::of(&graph);
    zeros.0.remove("conv2.weight");
    let used = Options { check_weights: CheckWeights::Used, ..Options::default() };
    assert!(Network::build(&graph, &layers(&["relu1"]), &zeros, &used).is_ok());
    assert!(Network::build(&graph, &layers(&["relu2"]), &zeros, &used).is_err());
    assert!(Network::build(&graph, &layers(&["relu1"]), &zeros, &options).is_err());
    // So may it have another shape, and there may be modules that the network does not know; both are told.
    zeros.0.insert("conv2.weight".to_owned(), vec![1]);
    zeros.0.insert("fc.weight".to_owned(), vec![2, 2]);
    let network = Network::build(&graph, &layers(&["relu1"]), &zeros, &used).unwrap();
    assert_eq!(
        (&network.left_out().unused[..], network.left_out().misshaped.len()),
        (&["fc.weight".to_owned()][..], 1)
    );
    // Beside what is used a tensor without a place tells that the network is another one.
    zeros.0.insert("conv1.gain".to_owned(), vec![2]);
    assert!(Network::build(&graph, &layers(&["relu1"]), &zeros, &used).is_err());
}

#[test]
fn only_what_is_needed_is_built_and_gives_the_same() {
    let all = build(&["0", "1", "2", "3", "4"], &Options::default()).forward(&images(2)).unwrap();
    for (index, value) in all.iter().enumerate() {
        let alone = build(&[&index.to_string()], &Options::default());
        let own = alone.forward(&images(2)).unwrap();
        assert!(difference(&own[0], value) < 1e-6, "layer {index}");
    }
    let short = build(&["relu1"], &Options::default());
    assert!(short.needed().iter().filter(|needed| **needed).count() < graph().nodes.len());
}

#[test]
fn values_are_taken_before_a_later_activation_changes_them() {
    let values = build(&["bn1", "relu1"], &Options::default()).forward(&images(2)).unwrap();
    assert!(values[0].min().double_value(&[]) < 0.0, "the normalization's value was overwritten");
    assert!(difference(&values[0].relu(), &values[1]) < 1e-6);
}

#[test]
fn images_stay_as_they_are_and_have_no_influence_on_each_other() {
    let network = build(&["relu2"], &Options::default());
    let batch = images(5);
    let before = batch.copy();
    let together = network.forward(&batch).unwrap();
    assert!(batch.equal(&before));
    for index in 0..5 {
        let alone = network.forward(&batch.narrow(0, index, 1)).unwrap();
        assert!(difference(&alone[0], &together[0].narrow(0, index, 1)) < 1e-6, "image {index}");
    }
}

#[test]
fn gradients_reach_the_image_as_in_the_network_that_is_not_lowered() {
    let gradient = |network: &Network| {
        let image = images(2).set_requires_grad(true);
        network.forward(&image).unwrap()[0].square().sum(Kind::Float).backward();
        image.grad()
    };
    let frozen = build(&["relu2"], &Options::default());
    assert!(frozen.parameters().is_empty());
    let mut trainable = build(&["relu2"], &Options { trainable: true, ..Options::default() });
    trainable.set_training(false).unwrap();
    let (lowered, plain) = (gradient(&frozen), gradient(&trainable));
    assert!(plain.abs().max().double_value(&[]) > 0.0);
    assert!(difference(&lowered, &plain) <= 1e-5 * plain.abs().max().double_value(&[]).max(1.0));
}

#[test]
fn a_trainable_network_exposes_parameters_and_follows_statistics() {
    let network = build(&["relu2"], &Options { trainable: true, ..Options::default() });
    let names: Vec<&str> = network.parameters().iter().map(|(name, _)| name.as_str()).collect();
    assert!(names.contains(&"conv1.weight") && names.contains(&"bn2.bias"), "{names:?}");
    let mean = || {
        let buffers = network.buffers().iter();
        buffers.into_iter().find(|(name, _)| name == "bn1.running_mean").unwrap().1.copy()
    };
    let before = mean();
    network.forward(&images(4)).unwrap()[0].mean(Kind::Float).backward();
    assert!(difference(&before, &mean()) > 0.0, "running statistics did not move");
    for (name, parameter) in network.parameters() {
        assert!(parameter.grad().defined(), "{name} has no gradient");
    }
    let mut frozen = build(&["relu2"], &Options::default());
    assert!(frozen.set_training(true).is_err());
}

#[test]
fn wrong_layers_and_images_are_named() {
    let graph = graph();
    let weights = RandomWeights::new(0, &graph);
    let error = |name: &str| {
        Network::build(&graph, &layers(&[name]), &weights, &Options::default()).unwrap_err().to_string()
    };
    assert!(error("relu3").contains("`relu2`"), "{}", error("relu3"));
    assert!(error("9").contains("0 to 4"), "{}", error("9"));
    let network = build(&["pool"], &Options::default());
    let tiny = Tensor::rand([1, 3, 2, 2], (Kind::Float, Device::Cpu));
    let too_small = network.forward(&tiny).unwrap_err().to_string();
    assert!(
        too_small.contains("2×2") && too_small.contains("4×4") && too_small.contains("pool"),
        "{too_small}"
    );
    let grey = Tensor::rand([1, 1, 12, 12], (Kind::Float, Device::Cpu));
    assert!(network.forward(&grey).unwrap_err().to_string().contains("N×3×H×W"));
}

#[test]
fn the_way_to_some_layers_gives_what_the_way_to_all_gives() {
    let network = build(&["conv1", "relu1", "relu2", "pool"], &Options::default());
    let images = images(2);
    let all = network.forward(&images).unwrap();
    for wanted in [vec![0], vec![1], vec![2, 0], vec![3]] {
        let layers: Vec<LayerRef> =
            wanted.iter().map(|&position| network.layers()[position].clone()).collect();
        let some = network.forward_to(&images, &layers).unwrap();
        assert_eq!(some.len(), wanted.len());
        for (value, position) in some.iter().zip(wanted) {
            assert_eq!(*value, all[position], "layer {position}");
        }
    }
    assert!(network.forward_to(&images, &layers(&["bn1"])).is_err());
}

#[test]
fn the_memory_of_values_is_counted_from_their_shapes() {
    let network = build(&["relu2", "pool"], &Options::default());
    // The image of 3×12×12, then values of 6×12×12: conv1 with bn1 and relu1, conv2 with bn2, into which the sum and
    // relu2 are not written since it is the second summand; float32.
    let (image, value) = (3 * 144 * 4, 6 * 144 * 4);
    let memory = network.memory(&layers(&["relu2"]), 12, 12).unwrap();
    assert_eq!(memory, Memory { forward: 3 * value, backward: image + 3 * value + 3 * value }, "{value}");
    // Deeper: pooled to 6×3×3, with an index of 64 bits for each.
    let pooled = 6 * 9;
    let deeper = network.memory(&layers(&["pool"]), 12, 12).unwrap();
    assert_eq!(deeper.forward, 3 * value);
    assert_eq!(
        deeper.backward,
        (image + 6 * value).max(image + 3 * value + pooled * 12 + value + pooled * 4)
    );
}
