//! Tensors across the boundary of a real shared library: `plugins/comparisons`, loaded, against the same code linked.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use lossnet_plugin_api::component::Compare;
use lossnet_plugin_api::protocol::ErrorKind;
use lossnet_plugin_api::tch::{Device, Kind, Tensor, no_grad};
use serde_json::{Value, json};

/// Each comparison in several settings: name, behind the boundary, linked.
type BothSides = (String, Box<dyn Compare>, Box<dyn Compare>);

fn both_sides() -> Vec<BothSides> {
    let plugin = common::comparisons();
    let mut all = Vec::new();
    for linked in lossnet_plugin_comparisons::comparisons() {
        for settings in [json!({}), json!({ "epsilon": "lpips" }), json!({ "channel_norm": false })] {
            let name = linked.name();
            let far = plugin.build_comparison(&name, &settings).unwrap();
            all.push((format!("{name} {settings}"), far, linked.build_json(&settings.to_string()).unwrap()));
        }
    }
    all
}

fn random(shape: &[i64]) -> Tensor {
    Tensor::randn(shape, (Kind::Float, Device::Cpu))
}

fn bits(tensor: &Tensor) -> Vec<u32> {
    let values: Vec<f32> = tensor.contiguous().flatten(0, -1).try_into().unwrap();
    values.into_iter().map(f32::to_bits).collect()
}

#[test]
fn the_plugin_says_what_it_holds() {
    let plugin = common::comparisons();
    let manifest = plugin.manifest();
    assert_eq!(manifest.name, "lossnet-plugin-comparisons");
    let named: Vec<&str> = manifest.components.iter().map(|held| held.name.as_str()).collect();
    assert_eq!(named, ["spatial", "mean", "sort"]);
    // The linked copy has registered its own components; the plugin's must not be among them or doubled.
    let schema = &manifest.components[0].config_schema;
    assert_eq!(schema["properties"]["epsilon"]["default"], "f-normalize");
}

#[test]
fn values_are_the_same_bit_for_bit() {
    let (a, b, weights) = (random(&[3, 6, 5, 4]), random(&[3, 6, 5, 4]), random(&[6]).abs());
    for (name, far, near) in both_sides() {
        for calibration in [None, Some(&weights)] {
            let results = [&far, &near].map(|side| {
                let (a, b) = (side.prepare(&a).unwrap(), side.prepare(&b).unwrap());
                let distance = side.distance(&a, &b, calibration).unwrap();
                let map = side.map(&a, &b, calibration).unwrap();
                (a.size(), map.size(), bits(&a), bits(&distance), bits(&map))
            });
            assert_eq!(results[0], results[1], "{name}");
        }
    }
}

#[test]
fn gradients_flow_back_through_the_plugin() {
    let (image, kernel, b) = (random(&[2, 3, 8, 8]), random(&[4, 3, 3, 3]), random(&[2, 4, 6, 6]));
    for (name, far, near) in both_sides() {
        // A step of the host's before it, the plugin, a step of the host's behind it.
        let gradients = [&far, &near].map(|side| {
            let image = image.copy().set_requires_grad(true);
            let kernel = kernel.copy().set_requires_grad(true);
            let features = image.conv2d(&kernel, None::<Tensor>, 1, 0, 1, 1).relu();
            let (a, b) = (side.prepare(&features).unwrap(), side.prepare(&b).unwrap());
            let loss = side.distance(&a, &b, None).unwrap().exp().sum(Kind::Float);
            loss.backward();
            [image.grad(), kernel.grad()].map(|gradient| bits(&gradient))
        });
        assert_eq!(gradients[0], gradients[1], "{name}");
        assert!(gradients[0].iter().flatten().any(|&bits| f32::from_bits(bits) != 0.0), "{name}");
    }
}

#[test]
fn the_caller_decides_about_gradients() {
    // Whether gradients are recorded is libtorch's setting of the thread, one for host and plugin.
    for (name, far, _) in both_sides() {
        let features = random(&[1, 3, 4, 4]).set_requires_grad(true);
        let distance = || {
            let prepared = far.prepare(&features).unwrap();
            far.distance(&prepared, &prepared, None).unwrap()
        };
        assert!(distance().requires_grad(), "{name}");
        assert!(!no_grad(distance).requires_grad(), "{name}");
    }
}

#[test]
fn tensors_are_shared_and_not_copied() {
    let far = common::comparisons().build_comparison("spatial", &json!({ "channel_norm": false })).unwrap();
    let features = random(&[2, 3, 4, 4]);
    let prepared = far.prepare(&features).unwrap();
    assert_eq!(prepared.data_ptr(), features.data_ptr());
    // The plugin's tensor outlives the plugin's object, and the host's what it was made of.
    drop(far);
    let before = bits(&features);
    drop(features);
    assert_eq!(bits(&prepared), before);
}

#[test]
fn errors_keep_their_kind_message_and_help() {
    let plugin = common::comparisons();
    let wrong = plugin.build_comparison("spatial", &json!({ "epsilon": "l2" })).err().unwrap();
    assert_eq!(wrong.kind, ErrorKind::Input);
    assert!(wrong.message.contains("`spatial`") && wrong.message.contains("f-normalize"), "{wrong}");
    let unknown = plugin.build_comparison("spatail", &Value::Null).err().unwrap();
    assert!(unknown.message.contains("no comparison named `spatail`"), "{unknown}");
    let spatial = plugin.build_comparison("spatial", &json!({})).unwrap();
    let error = spatial.prepare(&random(&[2, 3, 4])).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Input);
    assert!(error.help.is_some(), "{error:?}");
}

#[test]
fn threads_may_share_a_comparison() {
    let far = common::comparisons().build_comparison("sort", &json!({})).unwrap();
    let expected = far.prepare(&Tensor::arange(24, (Kind::Float, Device::Cpu)).view([1, 2, 3, 4])).unwrap();
    let expected = bits(&expected);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    let features = Tensor::arange(24, (Kind::Float, Device::Cpu)).view([1, 2, 3, 4]);
                    assert_eq!(bits(&far.prepare(&features).unwrap()), expected);
                }
            });
        }
    });
}
