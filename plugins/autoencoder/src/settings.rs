//! The task's settings.

use lossnet_plugin_kit::perceptual::PerceptualKind;
use lossnet_plugin_kit::train::TrainSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::networks::Model;

/// Which autoencoder is trained, by which loss, and what is then predicted from its codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AutoencoderSettings {
    /// Whether defects of the published implementation are mended or reproduced.
    pub protocol: Protocol,
    /// What goes into the autoencoder and what comes out.
    pub model: Model,
    /// Values in a code (z).
    #[schemars(range(min = 1, max = 65536))]
    pub latent_dim: u32,
    /// Side to which images are resized (bilinear with antialiasing, as Pillow); 0: they stay as they are.
    #[schemars(range(max = 4096))]
    pub size: u32,
    /// The split that the autoencoder is trained on; `auto`: the first of unlabeled, extra and train that there is.
    pub autoencoder_split: String,
    /// The labelled split that the predictors are trained on.
    #[schemars(extend("x-split" = true))]
    pub predictor_split: String,
    /// How features become a loss.
    pub perceptual: PerceptualKind,
    /// Weight of the Kullback-Leibler divergence; with 0 the autoencoder is not variational.
    #[schemars(range(min = 0.0))]
    pub divergence_weight: f64,
    /// Weight of the loss that compares each channel's sorted values; 0: without it.
    #[schemars(range(min = 0.0))]
    pub sorted_weight: f64,
    /// Number of classes; labels are 0 to one less.
    #[schemars(range(min = 2, max = 100_000))]
    pub classes: u32,
    /// Hidden layers of each predictor.
    #[schemars(length(min = 1))]
    pub predictors: Vec<Vec<u32>>,
    /// When trainings stop early.
    pub early_stopping: EarlyStopping,
    /// How the autoencoder is trained.
    pub training: TrainSettings,
    /// How each predictor is trained.
    pub predictor_training: TrainSettings,
    /// Whether checkpoints are kept when all is done, and the trained autoencoder as `network.safetensors` beside them.
    #[schemars(extend("x-incidental" = true))]
    pub keep_checkpoints: bool,
}

impl Default for AutoencoderSettings {
    fn default() -> Self {
        let training = TrainSettings { epochs: 50, batch_size: 256, ..TrainSettings::default() };
        let predictor_training = TrainSettings { epochs: 500, picture_epochs: 0, ..training.clone() };
        AutoencoderSettings {
            protocol: Protocol::Corrected,
            model: Model::FourLayerCvae,
            latent_dim: 64,
            size: 0,
            autoencoder_split: "auto".to_owned(),
            predictor_split: "train".to_owned(),
            perceptual: PerceptualKind::Mse,
            divergence_weight: 0.0,
            sorted_weight: 0.0,
            classes: 10,
            predictors: vec![
                vec![],
                vec![32],
                vec![64],
                vec![32, 32],
                vec![64, 32],
                vec![64, 64],
                vec![128, 128],
            ],
            early_stopping: EarlyStopping::Auto,
            training,
            predictor_training,
            keep_checkpoints: true,
        }
    }
}

/// Whether defects of the published implementation are mended or reproduced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// The loss network is in evaluation mode throughout.
    #[default]
    Corrected,
    /// As the published implementation: the loss network is in training mode while the autoencoder is, codes are drawn in
    /// validation, too, `sorted_weight` counts where it did, and halves are rounded as it did.
    Published,
}

/// When trainings stop early.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EarlyStopping {
    /// A `patience` of 0 stands for a twentieth of the epochs, and 10 at least.
    #[default]
    Auto,
    /// A `patience` of 0 means that training never stops early.
    Explicit,
}

impl EarlyStopping {
    /// The settings of a training with the patience that it is to have. The published code waits for more epochs than a
    /// twentieth, the corrected protocol divides in whole numbers: they differ above 200 epochs that 20 does not divide.
    pub(crate) fn apply(self, training: &TrainSettings, protocol: Protocol) -> TrainSettings {
        let patience = match (self, training.patience, protocol) {
            (EarlyStopping::Auto, 0, Protocol::Corrected) => (training.epochs / 20).max(10),
            (EarlyStopping::Auto, 0, Protocol::Published) => training.epochs.div_ceil(20).max(10),
            (_, patience, _) => patience,
        };
        TrainSettings { patience, ..training.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_follows_the_epochs_unless_it_is_set() {
        let training = |epochs, patience| TrainSettings { epochs, patience, ..TrainSettings::default() };
        let patience = |rule: EarlyStopping, training| rule.apply(&training, Protocol::Corrected).patience;
        assert_eq!(patience(EarlyStopping::Auto, training(50, 0)), 10);
        assert_eq!(patience(EarlyStopping::Auto, training(500, 0)), 25);
        assert_eq!(patience(EarlyStopping::Auto, training(500, 3)), 3);
        assert_eq!(patience(EarlyStopping::Explicit, training(500, 0)), 0);
        assert_eq!(patience(EarlyStopping::Auto, training(225, 0)), 11);
        let published =
            |epochs| EarlyStopping::Auto.apply(&training(epochs, 0), Protocol::Published).patience;
        assert_eq!([50, 220, 225, 500].map(published), [10, 11, 12, 25]);
    }

    #[test]
    fn models_are_named_in_kebab_case() {
        let names = ["four-layer-cvae", "feature-predictor-cvae", "feature-autoencoder"];
        for name in names.into_iter().chain(["perceptual-feature-to-img-cvae", "feature-to-img-cvae"]) {
            let model: Model = serde_json::from_value(name.into()).expect("a model");
            assert_eq!(serde_json::to_value(model).expect("a name"), name);
        }
    }
}
