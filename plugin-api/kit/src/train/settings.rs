//! How a training goes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a training goes. Tasks nest it in their settings, with their own defaults.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TrainSettings {
    /// Times that all training samples are seen, at most.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub epochs: u64,
    /// Samples in a batch.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub batch_size: usize,
    /// Adam's learning rate (Kingma and Ba, arXiv 1412.6980).
    #[schemars(range(min = 0.0))]
    pub learning_rate: f64,
    /// Adam's decay of the mean of gradients.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub beta1: f64,
    /// Adam's decay of the mean of squared gradients.
    #[schemars(range(min = 0.0, max = 0.999_999))]
    pub beta2: f64,
    /// What is added to the root of the mean of squared gradients.
    #[schemars(range(min = 0.0))]
    pub epsilon: f64,
    /// Share of each parameter that is added to its gradient (L2 regularization, as PyTorch's Adam does it).
    #[schemars(range(min = 0.0))]
    pub weight_decay: f64,
    /// How the learning rate changes from epoch to epoch.
    pub schedule: Schedule,
    /// Epochs before a schedule begins to lower the learning rate.
    pub epochs_before_decay: u64,
    /// Largest norm of all gradients together; 0: any.
    #[schemars(range(min = 0.0))]
    pub max_grad_norm: f64,
    /// Batches whose gradients are averaged for a step.
    #[schemars(range(min = 1, max = 100_000))]
    pub grad_accumulation_steps: usize,
    /// Epochs without a better validation after which it stops; 0: never.
    pub patience: u64,
    /// Minutes between checkpoints; 0: after every step.
    #[schemars(range(min = 0.0))]
    #[schemars(extend("x-incidental" = true))]
    pub checkpoint_minutes: f64,
    /// Epochs between sample images; 0: none are drawn.
    #[schemars(extend("x-incidental" = true))]
    pub picture_epochs: u64,
    /// Share of the training samples that is set aside for validation, where the data has no part of its own for it.
    #[schemars(range(min = 0.0, max = 0.9))]
    pub validation_fraction: f64,
}

impl Default for TrainSettings {
    fn default() -> Self {
        TrainSettings {
            epochs: 10,
            batch_size: 32,
            learning_rate: 1e-3,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            weight_decay: 0.0,
            schedule: Schedule::Constant,
            epochs_before_decay: 0,
            max_grad_norm: 0.0,
            grad_accumulation_steps: 1,
            patience: 0,
            checkpoint_minutes: 1.0,
            picture_epochs: 10,
            validation_fraction: 0.2,
        }
    }
}

/// How the learning rate changes from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// Not at all.
    #[default]
    Constant,
    /// After the constant epochs in equal parts down to 0, which it would reach after the last epoch.
    Linear,
    /// After the constant epochs along a cosine down to 0, which it would reach after the last epoch (Loshchilov and
    /// Hutter, arXiv 1608.03983, without restarts).
    Cosine,
}

impl TrainSettings {
    /// The learning rate in an epoch, from 0.
    pub fn learning_rate_in(&self, epoch: u64) -> f64 {
        let decaying = self.epochs.saturating_sub(self.epochs_before_decay).max(1) as f64;
        let gone = epoch.saturating_sub(self.epochs_before_decay) as f64 / decaying;
        let share = match self.schedule {
            Schedule::Constant => 1.0,
            Schedule::Linear => 1.0 - gone,
            Schedule::Cosine => f64::midpoint(1.0, (std::f64::consts::PI * gone).cos()),
        };
        self.learning_rate * share
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_of_lpips_is_constant_and_then_falls_in_equal_parts() {
        let settings =
            TrainSettings { schedule: Schedule::Linear, epochs_before_decay: 5, ..Default::default() };
        let rates: Vec<f64> = (0..10).map(|epoch| settings.learning_rate_in(epoch) * 1e3).collect();
        let expected = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4, 0.2];
        assert!(rates.iter().zip(expected).all(|(rate, wanted)| (rate - wanted).abs() < 1e-12), "{rates:?}");
    }

    #[test]
    fn a_cosine_is_at_half_in_the_middle() {
        let settings = TrainSettings { schedule: Schedule::Cosine, ..Default::default() };
        assert!((settings.learning_rate_in(5) - 5e-4).abs() < 1e-12);
        assert_eq!(settings.learning_rate_in(0), 1e-3);
    }
}
