//! Training with the sync loss against PyTorch (`plugins/metric/tests/golden/generate.py`).
//!
//! Step losses within 1e-4 of the expected ones, relatively: rounding grows from step to step.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lossnet_plugin_api::prelude::PluginError;
use lossnet_plugin_api::tch::{self, Kind};
use lossnet_plugin_kit::metric::{
    LearnedMetric, LearnedOptions, Logit, MetricTrainee, Protocol, SyncLoss, TripletBatch, Variant,
};
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
    while_wrong: Vec<f64>,
    while_wrong_synced: Vec<bool>,
    first_epochs: Vec<f64>,
    first_epochs_synced: Vec<bool>,
}

/// Step losses, and the steps, from 1, that had the sync loss.
fn curve(golden: &Golden, variant: Variant, sync: SyncLoss) -> (Vec<f64>, Vec<u64>) {
    let folder = tempfile::tempdir().unwrap();
    let run = MemoryRun::new(folder.path()).unwrap();
    let options =
        LearnedOptions { variant, protocol: Protocol::Corrected, logit: Logit::Large, dropout: 0.0, seed: 1 };
    let metric = LearnedMetric::new(&run, &options).unwrap();
    set_parameters(&metric.parameters().unwrap(), golden.seed).unwrap();
    let count = golden.triplets as i64;
    let make = |epoch: u64| -> Result<TripletBatch, PluginError> {
        let images = |name: &str| {
            formula_images(golden.seed, &format!("{name}/{epoch}"), &[count, 3, golden.side, golden.side])
        };
        // As a ranking judges: 0 or 1.
        let judge = formula_images(golden.seed, &format!("judge/{epoch}"), &[count])?;
        let judge = judge.gt(0.5).to_kind(Kind::Float);
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
    let mut trainee = MetricTrainee::new(metric, sync, None);
    train("training", &mut trainee, &source, &settings, Goal::Maximize, &run).unwrap();
    let losses = run.curve("training/step_loss").into_iter().map(|(_, loss)| loss).collect();
    let synced = run.curve("training/step_sync_loss").into_iter().map(|(step, _)| step).collect();
    (losses, synced)
}

#[test]
fn twenty_steps_with_the_sync_loss_equal_pytorchs() {
    tch::set_num_threads(1);
    let golden: Golden = serde_json::from_str(include_str!("golden/training.json")).unwrap();
    let cases = [
        (Variant::Lin, -1, &golden.while_wrong, &golden.while_wrong_synced),
        (Variant::Tune, 5, &golden.first_epochs, &golden.first_epochs_synced),
    ];
    for (variant, setting, expected, synced) in cases {
        let (losses, found) = curve(&golden, variant, SyncLoss::from_setting(setting));
        let wanted: Vec<u64> =
            (1..).zip(synced).filter(|(_, synced)| **synced).map(|(step, _)| step).collect();
        assert_eq!(found, wanted);
        assert_eq!(losses.len(), expected.len());
        for (step, (loss, expected)) in losses.iter().zip(expected).enumerate() {
            let error = (loss - expected).abs() / expected;
            assert!(error <= 1e-4, "{variant:?}, step {}: {loss} instead of {expected}", step + 1);
        }
    }
}
