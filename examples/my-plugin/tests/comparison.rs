//! Components are ordinary values: they can be tested without a host.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Device, Kind};
use my_plugin::comparison::Cosine;

#[test]
fn the_angle_counts_and_the_length_does_not() {
    let cosine = Cosine.build(NoSettings {}).unwrap();
    let image = Tensor::rand([1, 4, 2, 2], (Kind::Float, Device::Cpu));
    let prepare = |x: &Tensor| cosine.prepare(x).unwrap();
    let distance =
        |x: &Tensor| cosine.distance(&prepare(&image), &prepare(x), None).unwrap().double_value(&[0]);
    assert!(distance(&(&image * 3.0)).abs() < 1e-6);
    assert!((distance(&-&image) - 2.0).abs() < 1e-6);
}
