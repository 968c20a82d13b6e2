//! What a session's distances keep to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;

use lossnet_engine::network::{LayerRef, Options};
use lossnet_engine::session::{Calibration, LossNetworkSpec, Normalization, RandomWeights, Session, Term};
use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Compare;
use lossnet_plugin_protocol::graph::{Conv2d, Graph, GraphBuilder, Pool2d};
use tch::{Device, Kind, Tensor};

/// The squared difference, each value times a factor.
struct Squared(f64);

/// The same, but it says that its map has no positions: as comparisons of sorted values do.
struct Moved;

impl Compare for Moved {
    fn is_spatial(&self) -> bool {
        false
    }

    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        Squared(1.0).map(a, b, calibration)
    }
}

impl Compare for Squared {
    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let squared = (a - b).square() * self.0;
        let weighted = match calibration {
            Some(weights) => squared * weights.view([1, -1, 1, 1]),
            None => squared,
        };
        Ok(weighted.sum_dim_intlist([1i64].as_slice(), true, Kind::Float))
    }
}

fn graph() -> Graph {
    let mut net = GraphBuilder::new();
    let x = net.conv("conv1", net.input(), Conv2d::new(5, 3).padding(1));
    let x = net.relu("relu1", x);
    let x = net.max_pool("pool", x, Pool2d::new(2, 2));
    let x = net.conv("conv2", x, Conv2d::new(7, 3).padding(1));
    net.relu("relu2", x);
    net.layers(["relu1", "pool", "relu2"]);
    net.finish().unwrap()
}

fn session(layers: &[usize], options: &Options) -> Session {
    let graph = graph();
    let layers = layers.iter().map(|&layer| LayerRef::Index(layer));
    let weights = RandomWeights::new(4, &graph);
    Session::new(&graph, layers, &weights, Normalization::Imagenet, options).unwrap()
}

fn spec(layers: &[usize], factors: &[f64], calibration: Option<Calibration>) -> LossNetworkSpec {
    let terms =
        factors.iter().map(|&factor| Term { key: factor.to_string(), compare: Arc::new(Squared(factor)) });
    LossNetworkSpec {
        layers: layers.iter().map(|&layer| LayerRef::Index(layer)).collect(),
        terms: terms.collect(),
        calibration,
    }
}

fn images(count: i64, seed: i64) -> Tensor {
    tch::manual_seed(seed);
    Tensor::rand([count, 3, 16, 16], (Kind::Float, Device::Cpu))
}

fn map(
    session: &Session,
    images: [&Tensor; 2],
    size: (i64, i64),
    spec: &LossNetworkSpec,
    calibration: Option<&[Tensor]>,
) -> Option<Tensor> {
    let features = images.map(|images| session.features(images).unwrap());
    session.map(&features[0], &features[1], size, spec, calibration).unwrap()
}

fn values(tensor: &Tensor) -> Vec<f32> {
    Vec::try_from(tensor.flatten(0, -1)).unwrap()
}

/// A file of calibration weights with these numbers of channels.
fn calibration_file(folder: &Path, channels: &[i64], weight: f32) -> std::path::PathBuf {
    let path = folder.join("lin.safetensors");
    let tensors: Vec<(String, [i64; 4], Vec<f32>)> = channels
        .iter()
        .enumerate()
        .map(|(layer, &count)| {
            (format!("lin{layer}.model.1.weight"), [1, count, 1, 1], vec![weight; count as usize])
        })
        .collect();
    let tensors: Vec<(&str, &[i64], &[f32])> = tensors
        .iter()
        .map(|(name, shape, values)| (name.as_str(), shape.as_slice(), values.as_slice()))
        .collect();
    lossnet_core::weights::write_safetensors(&path, &tensors, &[]).unwrap();
    path
}

#[test]
fn an_image_s_score_does_not_depend_on_its_batch_mates() {
    let session = session(&[0, 2], &Options::default());
    let specs = [spec(&[0, 2], &[1.0], None)];
    let (a, b) = (images(6, 1), images(6, 2));
    let together = session.distances(&[a.shallow_clone(), b.shallow_clone()], &[(0, 1)], &specs).unwrap();
    let alone: Vec<f32> = (0..6)
        .flat_map(|index| {
            let pair = [a.narrow(0, index, 1), b.narrow(0, index, 1)];
            values(&session.distances(&pair, &[(0, 1)], &specs).unwrap())
        })
        .collect();
    // libtorch adds in another order for another batch: a last bit may differ, and no more.
    for (together, alone) in values(&together).iter().zip(&alone) {
        assert!((together - alone).abs() <= 2e-7 * alone, "{together} {alone}");
    }
}

#[test]
fn one_pass_over_the_union_gives_what_each_loss_network_gives_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = calibration_file(folder.path(), &[5, 7], 0.25);
    let calibration = || Some(Calibration::read(&file, &[5, 7], 1, Device::Cpu).unwrap());
    let images = [images(3, 1), images(3, 2), images(3, 3)];
    let pairs = [(0, 1), (0, 2), (1, 2)];
    let all = [
        spec(&[0], &[1.0], None),
        spec(&[2, 0], &[1.0, 3.0], None),
        spec(&[1], &[3.0], None),
        spec(&[0, 2], &[1.0], calibration()),
    ];
    let layers: [&[usize]; 4] = [&[0], &[2, 0], &[1], &[0, 2]];
    let union = session(&[0, 1, 2], &Options::default());
    let together = union.distances(&images, &pairs, &all).unwrap();
    assert_eq!(together.size(), [4, 3, 3]);
    for (index, (spec, layers)) in all.iter().zip(layers).enumerate() {
        let own = session(layers, &Options::default());
        let alone = own.distances(&images, &pairs, std::slice::from_ref(spec)).unwrap();
        assert_eq!(values(&together.get(index as i64)), values(&alone.get(0)), "loss network {index}");
        // And what training uses: the same from features, with gradients.
        let features = images.each_ref().map(|batch| own.features(batch).unwrap());
        let compared = own.compare(&features[0], &features[2], spec, None).unwrap();
        let error = (compared - together.get(index as i64).get(1)).abs().max().double_value(&[]);
        assert!(error < 1e-6, "loss network {index}: {error}");
    }
}

#[test]
fn a_map_s_mean_is_the_distance() {
    let session = session(&[0, 2], &Options::default());
    let (a, b) = (images(2, 1), images(2, 2));
    let of = |layer| {
        let spec = spec(&[layer], &[1.0, 2.0], None);
        let map = map(&session, [&a, &b], (16, 16), &spec, None).unwrap();
        assert_eq!(map.size(), [2, 1, 16, 16]);
        let distance = session.distances(&[a.copy(), b.copy()], &[(0, 1)], &[spec]).unwrap();
        let mean = map.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float);
        ((mean - distance.get(0).get(0)) / distance.get(0).get(0)).abs().max().double_value(&[])
    };
    assert!(of(0) < 1e-6);
    // Upsampling by a whole factor, corners not aligned, gives every position the same weight.
    assert!(of(2) < 1e-6);
}

#[test]
fn a_map_is_weighed_by_the_calibration_that_is_given() {
    let session = session(&[0, 2], &Options::default());
    let (a, b) = (images(2, 1), images(2, 2));
    let spec = spec(&[0, 2], &[1.0], None);
    let weights = [5, 7].map(|channels| Tensor::rand([channels], (Kind::Float, Device::Cpu)));
    let found = map(&session, [&a, &b], (16, 16), &spec, Some(&weights)).unwrap();
    let (of_a, of_b) = (session.features(&a).unwrap(), session.features(&b).unwrap());
    let distance = session.compare(&of_a, &of_b, &spec, Some(&weights)).unwrap();
    let mean = found.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Float);
    assert!(((mean - &distance) / distance).abs().max().double_value(&[]) < 1e-6);
    let error = session.map(&of_a, &of_b, (16, 16), &spec, Some(&weights[..1])).unwrap_err();
    assert_eq!(error.message, "a calibration of 1 layers was given for 2");
    let error = session.map(&of_a[..1], &of_b, (16, 16), &spec, None).unwrap_err();
    assert!(error.message.starts_with("features of 1 and 2 layers were given"), "{error}");
}

#[test]
fn each_comparison_of_a_sum_may_have_a_calibration_of_its_own() {
    let session = session(&[0, 2], &Options::default());
    let (a, b) = (images(2, 1), images(2, 2));
    let (of_a, of_b) = (session.features(&a).unwrap(), session.features(&b).unwrap());
    let sum = spec(&[0, 2], &[1.0, 3.0], None);
    let weights = [5, 7, 5, 7].map(|channels| Tensor::rand([channels], (Kind::Float, Device::Cpu)));
    let found = session.compare(&of_a, &of_b, &sum, Some(&weights)).unwrap();
    let of = |scale: f64, weights: &[Tensor]| {
        session.compare(&of_a, &of_b, &spec(&[0, 2], &[scale], None), Some(weights)).unwrap()
    };
    let expected = of(1.0, &weights[..2]) + of(3.0, &weights[2..]);
    assert!(((found - &expected) / expected).abs().max().double_value(&[]) < 1e-6);
    // From a file, too, where all of them have the same weights as if they shared them.
    let folder = tempfile::tempdir().unwrap();
    let own = calibration_file(folder.path(), &[5, 7, 5, 7], 0.25);
    let read = |file: &Path| Calibration::read(file, &[5, 7], 2, Device::Cpu);
    let distance = |calibration: Calibration| {
        let spec = spec(&[0, 2], &[1.0, 3.0], Some(calibration));
        values(&session.distances(&[a.copy(), b.copy()], &[(0, 1)], &[spec]).unwrap())
    };
    let of_own = distance(read(&own).unwrap());
    let error = Calibration::read(&own, &[5, 7], 1, Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("lin2.model.1.weight is there for no layer"), "{error}");
    let shared = calibration_file(folder.path(), &[5, 7], 0.25);
    assert_eq!(of_own, distance(read(&shared).unwrap()));
}

#[test]
fn a_smaller_map_sees_all_positions() {
    let session = session(&[0], &Options::default());
    let spec = spec(&[0], &[1.0], None);
    // One pixel differs: wherever it is, the small map has about its share.
    let a = Tensor::zeros([1, 3, 16, 16], (Kind::Float, Device::Cpu));
    for at in [5, 6, 7] {
        let b = a.copy();
        let _ = b.narrow(2, at, 1).narrow(3, at, 1).fill_(1.0);
        let (whole, small) = (map(&session, [&a, &b], (16, 16), &spec, None).unwrap(), (4, 4));
        let small = map(&session, [&a, &b], small, &spec, None).unwrap();
        assert_eq!(small.size(), [1, 1, 4, 4]);
        let mean = |map: &Tensor| map.mean(Kind::Double).double_value(&[]);
        assert!((mean(&small) / mean(&whole) - 1.0).abs() < 0.1, "{} {}", mean(&small), mean(&whole));
    }
}

#[test]
fn there_is_no_map_where_positions_mean_nothing() {
    let session = session(&[0, 2], &Options::default());
    let (a, b) = (images(1, 1), images(1, 2));
    let mut mixed = spec(&[0], &[1.0], None);
    mixed.terms.push(Term { key: "moved".to_owned(), compare: Arc::new(Moved) });
    assert!(map(&session, [&a, &b], (16, 16), &mixed, None).is_none());
    // A layer behind the pooling of two by two pixels has one position.
    let (a, b) = (a.narrow(2, 0, 2).narrow(3, 0, 2), b.narrow(2, 0, 2).narrow(3, 0, 2));
    for layers in [&[2][..], &[0, 2]] {
        assert!(map(&session, [&a, &b], (2, 2), &spec(layers, &[1.0], None), None).is_none());
    }
    assert!(map(&session, [&a, &b], (2, 2), &spec(&[0], &[1.0], None), None).is_some());
}

#[test]
fn a_calibration_that_does_not_fit_is_refused_with_all_that_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let file = calibration_file(folder.path(), &[5, 6], 0.25);
    let refused = |channels: &[i64], parts: &[&str]| {
        let error = Calibration::read(&file, channels, 1, Device::Cpu).unwrap_err().to_string();
        assert!(parts.iter().all(|part| error.contains(part)), "{error}");
    };
    refused(&[5, 7, 3], &["lin1.model.1.weight has shape", "lin2.model.1.weight is missing"]);
    refused(&[5], &["lin1.model.1.weight"]);
    let negative = calibration_file(folder.path(), &[5], -0.5);
    let error = Calibration::read(&negative, &[5], 1, Device::Cpu).unwrap_err().to_string();
    assert!(error.contains("-0.5"), "{error}");
}

#[test]
fn a_trainable_network_learns_and_a_frozen_one_does_not() {
    let options = Options { trainable: true, ..Options::default() };
    let mut session = session(&[2], &options);
    let spec = spec(&[2], &[1.0], None);
    let names: Vec<&str> = session.network().parameters().iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias"]);
    let features = [images(2, 1), images(2, 2)].map(|batch| session.features(&batch).unwrap());
    let weights = Tensor::ones([7], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let calibration = [weights.shallow_clone()];
    let distance = session.compare(&features[0], &features[1], &spec, Some(&calibration)).unwrap();
    distance.sum(Kind::Float).backward();
    assert!(weights.grad().abs().sum(Kind::Float).double_value(&[]) > 0.0);
    for (name, parameter) in session.network().parameters() {
        assert!(parameter.grad().abs().sum(Kind::Float).double_value(&[]) > 0.0, "{name} has no gradient");
    }
    session.network_mut().set_training(false).unwrap();
    let mut frozen = self::session(&[2], &Options::default());
    assert!(frozen.network().parameters().is_empty());
    frozen.network_mut().set_training(true).unwrap_err();
}

#[test]
fn a_loss_network_alone_gives_what_it_gives_among_others() {
    let session = session(&[0, 1, 2], &Options::default());
    let (a, b) = (images(3, 1), images(3, 2));
    let (all_a, all_b) = (session.features(&a).unwrap(), session.features(&b).unwrap());
    for spec in [spec(&[1], &[1.0], None), spec(&[2, 0], &[1.0, 3.0], None)] {
        let among = session.compare(&all_a, &all_b, &spec, None).unwrap();
        let (a, b) = (session.features_of(&a, &spec).unwrap(), session.features_of(&b, &spec).unwrap());
        assert_eq!(values(&session.compare_of(&a, &b, &spec).unwrap()), values(&among));
    }
}
