//! From triplets to a trained metric.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;

use super::{LearnedMetric, LearnedOptions, MetricTrainee, Protocol, SyncLoss, TripletBatch, export};
use crate::train::{BatchSource, Goal, Schedule, TrainSettings, train};

/// The name of the training: of its checkpoints' folder, and what its curves' names begin with.
pub const STAGE: &str = "training";

/// How LPIPS is trained: Adam with a learning rate of 1e-3 and moments of 0.5 and 0.999, ten epochs, the last five of which
/// lower the learning rate in equal parts to 0.
pub fn training_defaults(batch_size: usize, validation_fraction: f64) -> TrainSettings {
    TrainSettings {
        epochs: 10,
        batch_size,
        learning_rate: 1e-3,
        beta1: 0.5,
        beta2: 0.999,
        schedule: Schedule::Linear,
        epochs_before_decay: 5,
        validation_fraction,
        ..TrainSettings::default()
    }
}

/// Trains the metric of the run's only cell on triplets, or goes on with it, and writes it into the cell's checkpoint
/// folder. With triplets to validate with, the weights of the best epoch count (its mean 2AFC score), without them the last, as
/// always in the published protocol.
///
/// Fails if the config has a calibration, which would be overwritten, and as [`train`] and [`export()`] do.
pub fn learn(
    run: &dyn Run,
    options: &LearnedOptions,
    sync: SyncLoss,
    settings: &TrainSettings,
    source: &dyn BatchSource<TripletBatch>,
    validation: Option<&dyn BatchSource<TripletBatch>>,
) -> Result<LearnedMetric, PluginError> {
    let config = &run.context().cells[0].config;
    let calibration = config.get("loss_network").and_then(|section| section.get("calibration"));
    if calibration.is_some_and(|file| !file.is_null()) {
        return Err(PluginError::input(format!(
            "the variant `{}` learns a calibration of its own, and loss_network.calibration gives one",
            options.variant.name()
        ))
        .with_help(
            "leave loss_network.calibration out, or choose the variant `baseline` to evaluate with it",
        ));
    }
    let metric = LearnedMetric::new(run, options)?;
    let validation = validation.map(|source| (source, run.context().batch_size));
    let mut trainee = MetricTrainee::new(metric, sync, validation);
    let goal = match options.protocol {
        Protocol::Corrected if validation.is_some() => Goal::Maximize,
        _ => Goal::Last,
    };
    train(STAGE, &mut trainee, source, settings, goal, run)?;
    let metric = trainee.into_metric();
    export(&metric, run)?;
    Ok(metric)
}
