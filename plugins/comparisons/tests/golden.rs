//! Distances, maps and gradients against PyTorch's in float64 (`golden/generate.py`).
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Device, Kind};
use serde_json::{Value, json};

/// Float32 against float64 on values of size 1.
const TOLERANCE: f64 = 2e-6;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

fn tensor(value: &Value, shape: &[i64]) -> Tensor {
    Tensor::from_slice(&numbers(value)).to_kind(Kind::Float).reshape(shape)
}

fn assert_close(ours: &Tensor, expected: &Value, what: &str) {
    let expected = numbers(expected);
    let ours = Vec::<f64>::try_from(ours.to_kind(Kind::Double).contiguous().flatten(0, -1)).unwrap();
    assert_eq!(ours.len(), expected.len(), "{what}");
    for (ours, expected) in ours.iter().zip(&expected) {
        let close = (ours - expected).abs() <= TOLERANCE * expected.abs().max(1.0);
        assert!(close, "{what}: {ours} instead of {expected}");
    }
}

fn build(kind: &str, settings: &Value) -> Box<dyn Compare> {
    let comparisons = lossnet_plugin_comparisons::comparisons();
    comparisons.iter().find(|held| held.name() == kind).unwrap().build_json(&settings.to_string()).unwrap()
}

#[test]
fn distances_maps_and_gradients_equal_pytorch_s() {
    let golden: Value = serde_json::from_str(include_str!("golden/comparisons.json")).unwrap();
    let shape: Vec<i64> = numbers(&golden["shape"]).into_iter().map(|size| size as i64).collect();
    let weights = tensor(&golden["weights"], &[3]);
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 18);
    for case in cases {
        let kind = case["kind"].as_str().unwrap();
        let settings = match case["epsilon"].as_str() {
            None => json!({ "channel_norm": false }),
            Some(epsilon) => json!({ "epsilon": epsilon }),
        };
        let calibrated = case["calibrated"].as_bool().unwrap();
        let calibration = calibrated.then_some(&weights);
        let what = format!("{kind} {settings} calibrated: {calibrated}");

        let compare = build(kind, &settings);
        let a = tensor(&golden["a"], &shape).set_requires_grad(true);
        let b = tensor(&golden["b"], &shape);
        let (left, right) = (compare.prepare(&a).unwrap(), compare.prepare(&b).unwrap());
        let distance = compare.distance(&left, &right, calibration).unwrap();
        assert_close(&distance, &case["distance"], &format!("distance of {what}"));
        let map = compare.map(&left, &right, calibration).unwrap();
        let map = map.expand([shape[0], 1, shape[2], shape[3]], false);
        assert_close(&map, &case["map"], &format!("map of {what}"));
        distance.sum(Kind::Float).backward();
        assert_close(&a.grad(), &case["gradient"], &format!("gradient of {what}"));
    }
}

#[test]
fn zero_features_have_finite_gradients_and_no_distance() {
    for kind in ["spatial", "mean", "sort"] {
        for epsilon in ["f-normalize", "lpips"] {
            let compare = build(kind, &json!({ "epsilon": epsilon }));
            let a = Tensor::zeros([1, 4, 3, 3], (Kind::Float, Device::Cpu)).set_requires_grad(true);
            let b = Tensor::ones([1, 4, 3, 3], (Kind::Float, Device::Cpu));
            let (left, right) = (compare.prepare(&a).unwrap(), compare.prepare(&b).unwrap());
            let distance = compare.distance(&left, &right, None).unwrap();
            distance.sum(Kind::Float).backward();
            let finite = a.grad().isfinite().all().int64_value(&[]);
            assert_eq!(finite, 1, "{kind} {epsilon}: {:?}", a.grad());
            let same = compare.distance(&left, &left, None).unwrap();
            assert_eq!(same.double_value(&[0]), 0.0);
        }
    }
}

#[test]
fn sort_ignores_where_values_are_and_mean_ignores_more() {
    let a = Tensor::rand([2, 5, 4, 6], (Kind::Float, Device::Cpu));
    let flipped = a.flip([3]);
    for (kind, same) in [("spatial", false), ("sort", true), ("mean", true)] {
        let compare = build(kind, &json!({ "channel_norm": false }));
        let (left, right) = (compare.prepare(&a).unwrap(), compare.prepare(&flipped).unwrap());
        let distance = compare.distance(&left, &right, None).unwrap().max().double_value(&[]);
        assert_eq!(distance < 1e-10, same, "{kind}: {distance}");
    }
}

#[test]
fn features_are_left_as_they_are() {
    let a = Tensor::rand([1, 3, 4, 4], (Kind::Float, Device::Cpu));
    let before = a.copy();
    for kind in ["spatial", "mean", "sort"] {
        let compare = build(kind, &json!({}));
        let prepared = compare.prepare(&a).unwrap();
        let _ = compare.map(&prepared, &prepared, None).unwrap();
        assert!(a.equal(&before), "{kind} changed the features");
    }
}

#[test]
fn a_calibration_of_another_length_is_refused() {
    let compare = build("spatial", &json!({}));
    let a = compare.prepare(&Tensor::rand([1, 3, 4, 4], (Kind::Float, Device::Cpu))).unwrap();
    let weights = Tensor::ones([4], (Kind::Float, Device::Cpu));
    let error = compare.distance(&a, &a, Some(&weights)).unwrap_err().to_string();
    assert!(error.contains("4 weights for a layer of 3 channels"), "{error}");
}
