//! Distances, maps and gradients against PyTorch and lpips in float64 (`golden/generate.py`).
//!
//! Tolerances: 1e-11 of the largest expected value in float64, where only the order of sums differs; 1e-5 of it for
//! distances and maps in float32, whose unit of rounding is 6e-8 and which add up 30 terms at most. The fixture has
//! a channel vector of length 2e-10, where the two epsilon forms differ by a third.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::component::Compare;
use lossnet_plugin_api::tch::{Kind, Tensor};
use lossnet_plugin_comparisons::comparisons;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Golden {
    shape: Vec<i64>,
    a: Vec<f64>,
    b: Vec<f64>,
    calibration: Vec<f64>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    comparison: String,
    channel_norm: bool,
    epsilon: Option<String>,
    calibrated: bool,
    distance: Vec<f64>,
    map: Vec<f64>,
    gradient: Vec<f64>,
}

impl Case {
    /// What is to be tried: without channel normalization the epsilon form must not matter.
    fn comparisons(&self) -> Vec<(String, Box<dyn Compare>)> {
        let epsilons = match &self.epsilon {
            Some(epsilon) => vec![epsilon.as_str()],
            None => vec!["f-normalize", "lpips"],
        };
        let built = epsilons.into_iter().map(|epsilon| {
            let settings = json!({ "channel_norm": self.channel_norm, "epsilon": epsilon });
            let name = format!("{} {settings} calibrated {}", self.comparison, self.calibrated);
            (name, build(&self.comparison, &settings))
        });
        built.collect()
    }
}

fn build(name: &str, settings: &Value) -> Box<dyn Compare> {
    let comparison = comparisons().into_iter().find(|comparison| comparison.name() == name).unwrap();
    comparison.build_json(&settings.to_string()).unwrap()
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/comparisons.json")).unwrap()
}

fn close(actual: &Tensor, expected: &[f64], tolerance: f64, what: &str) {
    let actual: Vec<f64> = actual.to_kind(Kind::Double).contiguous().flatten(0, -1).try_into().unwrap();
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (at, (actual, expected)) in actual.iter().zip(expected).enumerate() {
        let error = (actual - expected).abs();
        assert!(error <= tolerance * scale, "{what} at {at}: {actual} instead of {expected}");
    }
}

#[test]
fn distances_and_maps_equal_pytorchs() {
    let golden = golden();
    assert_eq!(golden.cases.len(), 18);
    for (kind, tolerance) in [(Kind::Double, 1e-11), (Kind::Float, 1e-5)] {
        let tensor = |values: &[f64], shape: &[i64]| Tensor::from_slice(values).view(shape).to_kind(kind);
        let (a, b) = (tensor(&golden.a, &golden.shape), tensor(&golden.b, &golden.shape));
        let weights = tensor(&golden.calibration, &[-1]);
        for case in &golden.cases {
            for (name, comparison) in case.comparisons() {
                let calibration = case.calibrated.then_some(&weights);
                let (a, b) = (comparison.prepare(&a).unwrap(), comparison.prepare(&b).unwrap());
                let distance = comparison.distance(&a, &b, calibration).unwrap();
                assert_eq!(distance.size(), [golden.shape[0]]);
                close(&distance, &case.distance, tolerance, &name);
                let map = comparison.map(&a, &b, calibration).unwrap();
                assert_eq!(map.size(), [golden.shape[0], 1, golden.shape[2], golden.shape[3]]);
                close(&map, &case.map, tolerance, &name);
            }
        }
    }
}

#[test]
fn gradients_equal_pytorchs() {
    let golden = golden();
    let tensor = |values: &[f64]| Tensor::from_slice(values).view(golden.shape.as_slice());
    let weights = Tensor::from_slice(&golden.calibration);
    let of_pairs = Tensor::from_slice(&[1.0, 2.0]);
    for case in &golden.cases {
        for (name, comparison) in case.comparisons() {
            let calibration = case.calibrated.then_some(&weights);
            let prepared_b = comparison.prepare(&tensor(&golden.b)).unwrap();
            let gradient = |distance: &dyn Fn(&Tensor) -> Tensor| {
                let a = tensor(&golden.a).set_requires_grad(true);
                (distance(&comparison.prepare(&a).unwrap()) * &of_pairs).sum(Kind::Double).backward();
                a.grad()
            };
            let by_distance = gradient(&|a| comparison.distance(a, &prepared_b, calibration).unwrap());
            close(&by_distance, &case.gradient, 1e-11, &format!("distance {name}"));
            let by_map = gradient(&|a| {
                let map = comparison.map(a, &prepared_b, calibration).unwrap();
                map.mean_dim([1i64, 2, 3].as_slice(), false, Kind::Double)
            });
            close(&by_map, &case.gradient, 1e-11, &format!("map {name}"));
        }
    }
}
