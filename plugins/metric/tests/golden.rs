//! The logit networks and short trainings against PyTorch (`golden/generate.py`).
//!
//! Step losses within 1e-4 of the expected ones, relatively (measured: 2e-7): rounding grows from step to step. Predictions and gradients
//! within 1e-5 of the largest expected value.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;

use lossnet_plugin_api::prelude::PluginError;
use lossnet_plugin_api::tch::{self, Device, Kind, Tensor, nn::VarStore};
use lossnet_plugin_kit::metric::{
    LearnedMetric, LearnedOptions, Logit, LogitNetwork, MetricTrainee, Protocol, SyncLoss, TripletBatch,
    Variant,
};
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::testing::{EpochBatches, MemoryRun, formula_images, set_parameters};
use lossnet_plugin_kit::train::{Goal, Schedule, TrainSettings, train};
use serde::Deserialize;

#[derive(Deserialize)]
struct Golden {
    seed: u64,
    steps: u64,
    triplets: usize,
    side: i64,
    learning_rate: f64,
    logit: BTreeMap<String, LogitCase>,
    lin: Vec<f64>,
    lin_small: Vec<f64>,
    tune: Vec<f64>,
}

#[derive(Deserialize)]
struct LogitCase {
    prediction: Vec<f64>,
    d0_gradient: Vec<f64>,
    d1_gradient: Vec<f64>,
    parameter_gradients: BTreeMap<String, Vec<f64>>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("golden/training.json")).unwrap()
}

fn close(actual: &Tensor, expected: &[f64], what: &str) {
    let actual: Vec<f64> = actual.to_kind(Kind::Double).contiguous().flatten(0, -1).try_into().unwrap();
    assert_eq!(actual.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0_f64, |most, value| most.max(value.abs()));
    for (actual, expected) in actual.iter().zip(expected) {
        assert!((actual - expected).abs() <= 1e-5 * scale, "{what}: {actual} instead of {expected}");
    }
}

#[test]
fn logit_networks_equal_pytorchs() {
    let golden = golden();
    let vector = |name: &str| formula_images(golden.seed, name, &[8]).unwrap();
    assert_eq!(golden.logit.len(), 3);
    for (name, case) in &golden.logit {
        let kind = match name.as_str() {
            "large" => Logit::Large,
            "small" => Logit::Small,
            _ => Logit::None,
        };
        let variables = VarStore::new(Device::Cpu);
        let network = LogitNetwork::new(&variables.root(), kind);
        let parameters = nn::parameters(&variables);
        set_parameters(&parameters, golden.seed).unwrap();
        let d0 = vector("d0").set_requires_grad(true);
        let d1 = vector("d1").set_requires_grad(true);
        let prediction = network.predict(&d0, &d1).unwrap();
        close(&prediction, &case.prediction, name);
        (prediction * vector("weights")).sum(Kind::Float).backward();
        close(&d0.grad(), &case.d0_gradient, &format!("{name}: d0"));
        close(&d1.grad(), &case.d1_gradient, &format!("{name}: d1"));
        let found: BTreeMap<String, Tensor> = parameters.into_iter().collect();
        for (parameter, expected) in &case.parameter_gradients {
            close(&found[parameter].grad(), expected, &format!("{name}: {parameter}"));
        }
    }
}

/// Step losses of a training from the formula's parameters.
fn curve(golden: &Golden, variant: Variant, logit: Logit) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let options = LearnedOptions { variant, protocol: Protocol::Corrected, logit, dropout: 0.0, seed: 1 };
    let metric = LearnedMetric::new(&run, &options).unwrap();
    set_parameters(&metric.parameters().unwrap(), golden.seed).unwrap();
    let count = golden.triplets as i64;
    let make = |epoch: u64| -> Result<TripletBatch, PluginError> {
        let images = |name: &str| {
            formula_images(golden.seed, &format!("{name}/{epoch}"), &[count, 3, golden.side, golden.side])
        };
        let judge = formula_images(golden.seed, &format!("judge/{epoch}"), &[count])?;
        Ok(TripletBatch { images: [images("ref")?, images("p0")?, images("p1")?], judge })
    };
    let source = EpochBatches { examples: golden.triplets, make };
    let settings = TrainSettings {
        epochs: golden.steps,
        batch_size: golden.triplets,
        learning_rate: golden.learning_rate,
        beta1: 0.5,
        schedule: Schedule::Linear,
        epochs_before_decay: golden.steps / 2,
        ..TrainSettings::default()
    };
    let mut trainee = MetricTrainee::new(metric, SyncLoss::Never, None);
    let trained = train("training", &mut trainee, &source, &settings, Goal::Last, &run).unwrap();
    // Without triplets to validate with the last weights count.
    assert_eq!(trained.best_epoch + 1, golden.steps);
    run.curve("training/step_loss").into_iter().map(|(_, loss)| loss).collect()
}

#[test]
fn twenty_steps_of_training_equal_pytorchs() {
    tch::set_num_threads(1);
    let golden = golden();
    let cases = [
        ("lin", Variant::Lin, Logit::Large, &golden.lin),
        ("lin_small", Variant::Lin, Logit::Small, &golden.lin_small),
        ("tune", Variant::Tune, Logit::Large, &golden.tune),
    ];
    for (name, variant, logit, expected) in cases {
        let losses = curve(&golden, variant, logit);
        assert_eq!(losses.len(), expected.len(), "{name}");
        for (step, (loss, expected)) in losses.iter().zip(expected).enumerate() {
            let error = (loss - expected).abs() / expected;
            assert!(error <= 1e-4, "{name}, step {}: {loss} instead of {expected}", step + 1);
        }
    }
}
