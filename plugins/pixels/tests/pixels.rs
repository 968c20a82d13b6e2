//! The features are the image, whatever the weights are called.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_engine::network::{LayerRef, Options};
use lossnet_engine::session::{NoWeights, Normalization, Session};
use tch::{Device, Kind, Tensor};

fn session(normalization: Normalization) -> Session {
    let graph = lossnet_plugin_pixels::backbone().describe_json("{}").unwrap();
    Session::new(&graph, [LayerRef::Index(0)], &NoWeights, normalization, &Options::default()).unwrap()
}

#[test]
fn the_only_layer_is_the_normalized_image() {
    let images = Tensor::rand([2, 3, 5, 7], (Kind::Float, Device::Cpu));
    let plain = session("none".parse().unwrap()).features(&images).unwrap();
    assert_eq!((plain.len(), plain[0] == images), (1, true));
    let normalized = session(Normalization::Imagenet).features(&images).unwrap();
    let red = (images.select(1, 0) - 0.485) / 0.229;
    assert!((normalized[0].select(1, 0) - red).abs().max().double_value(&[]) < 1e-6);
}

#[test]
fn gradients_reach_the_image_and_the_image_stays_as_it_is() {
    let images = Tensor::rand([1, 3, 4, 4], (Kind::Float, Device::Cpu)).set_requires_grad(true);
    let before = images.detach().copy();
    let features = session("none".parse().unwrap()).features(&images).unwrap();
    features[0].square().sum(Kind::Float).backward();
    assert_eq!(images.grad(), before.f_mul_scalar(2.0).unwrap());
    assert_eq!(images.detach(), before);
}
