//! The task's settings.

use lossnet_plugin_kit::augment::Augmentation;
use lossnet_plugin_kit::metric::{Logit, Protocol, Variant, training_defaults};
use lossnet_plugin_kit::train::TrainSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a metric is adapted to a ranking of augmentations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentationSettings {
    /// What is trained: nothing in `baseline`.
    pub variant: Variant,
    /// Side to which all images are resized (bilinear with antialiasing, as Pillow).
    #[schemars(range(min = 12, max = 4096))]
    pub size: u32,
    /// Whether known defects of the published code are mended.
    pub protocol: Protocol,
    /// The split whose images are trained with. Those of `data.splits` and `data.test` are tested with.
    pub train_split: String,
    /// Augmentations from the one that changes an image least to the one that changes it most. Empty: an order is drawn.
    pub ranking: Vec<Augmentation>,
    /// The augmentations that an order is drawn of. Empty: all six.
    pub augmentations: Vec<Augmentation>,
    /// Seed that an order is drawn from: cells with the same number have the same ranking. Left out: from the cell's own
    /// seed, so that every cell and every repetition has another.
    pub ranking_seed: Option<u64>,
    /// Epochs with the sync loss; -1: in any epoch for batches whose score is at most 0.5; 0: never.
    #[schemars(range(min = -1, max = 1_000_000))]
    pub sync_epochs: i64,
    /// What predicts judgements from distances in training.
    pub logit: Logit,
    /// Share of the squared differences that are dropped in training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub dropout: f64,
    /// How the training goes. Without a share for validation the last weights count.
    pub training: TrainSettings,
}

impl Default for AugmentationSettings {
    fn default() -> Self {
        AugmentationSettings {
            variant: Variant::Baseline,
            size: 64,
            protocol: Protocol::Corrected,
            train_split: "train".to_owned(),
            ranking: Vec::new(),
            augmentations: Vec::new(),
            ranking_seed: None,
            sync_epochs: -1,
            logit: Logit::Large,
            dropout: 0.5,
            training: training_defaults(1024, 0.2),
        }
    }
}
