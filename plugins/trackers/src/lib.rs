//! Trackers: where runs are followed besides lossnet's own files. `tensorboard` writes event files, `mlflow` speaks to a
//! server, `wandb` leaves it to the Python package of Weights & Biases.
//!
//! All of them keep a point of a curve once, however often it is reported, and go on with what an earlier attempt at the
//! cell began.

mod mlflow;
mod points;
mod tensorboard;
mod wandb;
mod words;

use lossnet_plugin_api::prelude::*;

/// The trackers, for a program that links them; a host loads the plugin instead.
pub fn trackers() -> Vec<Box<dyn AnyTracker>> {
    vec![Box::new(tensorboard::TensorBoard), Box::new(mlflow::MlFlow), Box::new(wandb::Wandb)]
}

submit! { Components::Trackers(trackers) }
export_plugin!();
