//! The task's settings.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_kit::perceptual::PerceptualKind;
use lossnet_plugin_kit::train::TrainSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::STRIDE;
use crate::pixel_value::PixelValue;

/// What is trained and how it is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DelineationSettings {
    /// Whether results are computed as they should be, or as published ones were.
    pub protocol: Protocol,
    /// The split to train on.
    #[schemars(extend("x-split" = true))]
    pub train_split: String,
    /// The split that the best weights are chosen by; if not set, `val` where the dataset says that it has that. Without one,
    /// and where it is the one that is trained on, `training.validation_fraction` of the training samples is set aside.
    pub val_split: Option<String>,
    /// Side in pixels of the random crops that are trained on: a multiple of 16.
    #[schemars(range(min = 32, max = 4096))]
    pub crop: usize,
    /// Which part of an image is evaluated, in validation and in tests.
    pub evaluation: Evaluation,
    /// Pixels to which the shorter side is brought with `evaluation = "resized"`.
    #[schemars(range(min = 16, max = 4096))]
    pub size: usize,
    /// Whether the lines are dark in the maps, which are then inverted.
    pub invert: bool,
    /// Which values of the maps are lines, where brightness does not say it: levels of grey, such as `[1]` for maps of 0 and 1
    /// or for one class of several, and colors, such as `["#ff0000"]`.
    pub foreground: Vec<PixelValue>,
    /// Refinement steps in training.
    #[schemars(range(min = 1, max = 100))]
    pub train_steps: usize,
    /// Refinement steps in validation and tests.
    #[schemars(range(min = 1, max = 100))]
    pub test_steps: usize,
    /// Weight of the perceptual loss; 0: no loss network is run at all.
    #[schemars(range(min = 0.0))]
    pub perceptual_weight: f64,
    /// How the perceptual loss compares features: by their mean squared error, or with `loss_network.comparison`.
    pub perceptual: PerceptualKind,
    /// Probability above which a pixel counts as predicted.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub threshold: f64,
    /// Distance in pixels within which a pixel counts as matched in the relaxed scores; 0: no relaxed scores.
    #[schemars(range(min = 0.0, max = 100.0))]
    pub tolerance: f64,
    /// Rows in the pictures of input, truth and prediction.
    #[schemars(range(min = 0, max = 64))]
    pub pictures: usize,
    /// Share of the channels that each block of the U-Net drops in training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub dropout: f64,
    /// How the network is trained.
    pub training: TrainSettings,
}

impl Default for DelineationSettings {
    fn default() -> Self {
        DelineationSettings {
            protocol: Protocol::Corrected,
            train_split: "train".to_owned(),
            val_split: None,
            crop: 224,
            evaluation: Evaluation::Resized,
            size: 224,
            invert: false,
            foreground: Vec::new(),
            train_steps: 1,
            test_steps: 3,
            perceptual_weight: 0.01,
            perceptual: PerceptualKind::Mse,
            threshold: 0.3,
            tolerance: 0.0,
            pictures: 4,
            dropout: 0.0,
            training: TrainSettings { epochs: 100, batch_size: 8, ..TrainSettings::default() },
        }
    }
}

impl DelineationSettings {
    /// What ranges alone don't say.
    pub(crate) fn check(&self) -> Result<(), PluginError> {
        if self.crop < 2 * STRIDE || !self.crop.is_multiple_of(STRIDE) {
            return Err(PluginError::input(format!(
                "`task.crop` is {}, and crops must be at least {} pixels wide and a multiple of {STRIDE}: the network \
                 halves them four times",
                self.crop,
                2 * STRIDE
            )));
        }
        if self.protocol == Protocol::Published && self.evaluation == Evaluation::Full {
            return Err(PluginError::input(
                "`task.protocol = \"published\"` evaluates resized images, which `task.evaluation = \"full\"` contradicts",
            )
            .with_help("leave one of the two out"));
        }
        Ok(())
    }
}

/// Whether results are computed as they should be, or as published ones were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// The splits of `data.splits` are evaluated, by the last refinement.
    #[default]
    Corrected,
    /// As the published code: the validation images are evaluated in place of `data.splits`, one by one in training mode, with
    /// scores that are summed over refinements; they are resized without antialiasing; the best weights are chosen after
    /// `train_steps` refinements; and the loss network is in training mode while the U-Net is.
    Published,
}

/// Which part of an image is evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Evaluation {
    /// All of it, with its shorter side brought to `size` pixels.
    #[default]
    Resized,
    /// All of it as it is.
    Full,
}
