//! The task's settings.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_kit::perceptual::PerceptualKind;
use lossnet_plugin_kit::train::TrainSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::network::TransformNetwork;

/// How a super-resolution network is trained and tested.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SuperResolutionSettings {
    /// Whether the defects of the published code are mended or reproduced.
    pub protocol: Protocol,
    /// How many times larger the output is: 4 or 8.
    #[schemars(extend("enum" = [4, 8]))]
    pub factor: u32,
    /// Side of the square targets of the training and of the test protocol `center-crop`; a multiple of `factor`.
    #[schemars(range(min = 1, max = 4096))]
    pub size: u32,
    /// The split that is trained with.
    #[schemars(extend("x-split" = true))]
    pub train_split: String,
    /// Images that are drawn from it to be trained with.
    #[schemars(range(min = 2, max = 10_000_000))]
    pub train_images: usize,
    /// The split that is validated with. Where it is empty, the one that is trained with, or `val` and the dataset has no such
    /// split, `training.validation_fraction` of the images drawn for the training are set aside instead.
    pub val_split: String,
    /// Images that are drawn to be validated with, at most.
    #[schemars(range(min = 1, max = 10_000_000))]
    pub val_images: usize,
    /// Seed of which images are drawn. All repetitions and cells draw the same ones.
    pub data_seed: u64,
    /// How features of output and target are compared in the training: their mean squared difference, or the config's
    /// comparison.
    pub perceptual: PerceptualKind,
    /// How the network is tested.
    #[schemars(length(min = 1))]
    pub test_protocols: Vec<TestProtocol>,
    /// Images of each test set and protocol that are saved, side by side: input, bicubic enlargement, output, target.
    #[schemars(extend("x-incidental" = true))]
    pub save_images: usize,
    /// Whether saved images also show the output with its histograms matched to the target's.
    pub match_histograms: bool,
    /// How it is trained.
    pub training: TrainSettings,
}

impl Default for SuperResolutionSettings {
    fn default() -> Self {
        SuperResolutionSettings {
            protocol: Protocol::Corrected,
            factor: 4,
            size: 288,
            train_split: "train".to_owned(),
            train_images: 10_000,
            val_split: DEFAULT_VAL_SPLIT.to_owned(),
            val_images: 100,
            data_seed: 42,
            perceptual: PerceptualKind::Mse,
            test_protocols: vec![TestProtocol::Crop, TestProtocol::Standard],
            save_images: 5,
            match_histograms: false,
            training: TrainSettings {
                epochs: 80,
                batch_size: 4,
                learning_rate: 1e-3,
                ..TrainSettings::default()
            },
        }
    }
}

/// The validation split that is taken where there is one.
pub(crate) const DEFAULT_VAL_SPLIT: &str = "val";

/// Whether the defects of the published code are mended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Mended: the validation's PSNR has peak 1, luma is Y = 16 + 65.481 R + 128.553 G + 24.966 B.
    #[default]
    Corrected,
    /// As published: the validation's PSNR is that of luma with the largest value of each batch for its peak; `center-crop` takes
    /// grey images for RGB, and scores without the two outer pixels, with the luma and the structural similarity that the
    /// published code has.
    Published,
}

/// How test inputs are made and outputs are scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TestProtocol {
    /// Central squares of `size` pixels (288 unless set) whose inputs are made as in the training. With another `size`, results
    /// have that in their name, such as `crop96`.
    #[serde(rename = "center-crop")]
    Crop,
    /// Whole images and MATLAB's bicubic, as the literature on super-resolution tests.
    Standard,
}

impl SuperResolutionSettings {
    /// Side of the training's inputs.
    pub fn input_size(&self) -> u32 {
        self.size / self.factor
    }

    /// Fails where settings don't fit each other.
    pub(crate) fn check(&self) -> Result<(), PluginError> {
        let Self { factor, size, .. } = *self;
        if !matches!(factor, 4 | 8) {
            return Err(PluginError::input(format!("`task.factor` must be 4 or 8, not {factor}")));
        }
        let smallest = TransformNetwork::SMALLEST_INPUT * factor;
        if !size.is_multiple_of(factor) || size < smallest {
            return Err(PluginError::input(format!(
                "`task.size` must be a multiple of the factor {factor} and at least {smallest}, not {size}"
            ))
            .with_help(format!("try {}", (size / factor * factor).max(smallest))));
        }
        if self.test_protocols.is_empty() {
            return Err(PluginError::input("`task.test_protocols` must name a protocol at least"));
        }
        Ok(())
    }
}
