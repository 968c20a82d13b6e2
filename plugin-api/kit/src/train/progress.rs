//! Where a training stands, as a checkpoint keeps it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// All of a training's state that is not in tensors.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The epoch, from 0.
    pub(super) epoch: u64,
    /// Batches of the epoch that are done.
    pub(super) batch: usize,
    /// Steps that are done.
    pub(super) step: u64,
    /// Sum of the epoch's losses so far, weighted by their batches' sizes, as the bits of a 64-bit float.
    pub(super) loss_bits: u64,
    /// Examples that the sum is over.
    pub(super) examples: u64,
    /// The points of the last step in the epoch's curves, values as the bits of a 64-bit float: those of the epoch itself
    /// stand at the same step, and are void if it was not saved behind them.
    #[serde(default)]
    pub(super) points: Vec<(String, u64)>,
    /// Epochs since the best one.
    pub(super) since_best: u64,
    /// The best epoch so far.
    pub(super) best: Option<Best>,
    /// Whether the training is over.
    pub(super) finished: bool,
    /// What the trainee remembers.
    pub(super) trainee: Value,
}

/// The best epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Best {
    pub(super) epoch: u64,
    /// The objective, as the bits of a 64-bit float.
    pub(super) objective_bits: u64,
}

impl Best {
    pub(super) fn objective(self) -> f64 {
        f64::from_bits(self.objective_bits)
    }
}

impl Position {
    pub(super) fn add_loss(&mut self, loss: f64, examples: usize) {
        let sum = f64::from_bits(self.loss_bits) + loss * examples as f64;
        self.loss_bits = sum.to_bits();
        self.examples += examples as u64;
    }

    /// The mean loss of the epoch so far.
    pub(super) fn mean_loss(&self) -> f64 {
        f64::from_bits(self.loss_bits) / self.examples.max(1) as f64
    }

    pub(super) fn next_epoch(&mut self) {
        (self.batch, self.loss_bits, self.examples) = (0, 0, 0);
        self.points.clear();
        self.epoch += 1;
    }
}
