//! The task's settings.

use lossnet_plugin_kit::metric::{Logit, Protocol, Variant, training_defaults};
use lossnet_plugin_kit::train::TrainSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How similarity is measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricSettings {
    /// What is trained: nothing in `baseline`.
    pub variant: Variant,
    /// Side to which all images are resized (bilinear with antialiasing, as Pillow). Left out: they stay as they are.
    #[schemars(range(min = 1, max = 4096))]
    pub size: Option<u32>,
    /// Whether known defects of the published code are mended.
    pub protocol: Protocol,
    /// The split whose triplets are trained with. Those of `data.splits` are evaluated.
    pub train_split: String,
    /// What predicts judgements from distances in training.
    pub logit: Logit,
    /// Share of the squared differences that are dropped in training.
    #[schemars(range(min = 0.0, max = 0.99))]
    pub dropout: f64,
    /// Samples of each split that are shown in a picture: triplets on which people and distances disagree most, and, in another,
    /// spatial maps; 0: none are.
    #[schemars(range(max = 64))]
    #[schemars(extend("x-incidental" = true))]
    pub picture_pairs: usize,
    /// How the training goes. Without a share for validation the last weights count.
    pub training: TrainSettings,
}

impl Default for MetricSettings {
    fn default() -> Self {
        MetricSettings {
            variant: Variant::Baseline,
            size: None,
            protocol: Protocol::Corrected,
            train_split: "train".to_owned(),
            logit: Logit::Large,
            dropout: 0.5,
            picture_pairs: 4,
            training: training_defaults(256, 0.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_no_part_of_what_a_cell_is() {
        let schema = serde_json::Value::from(schemars::schema_for!(MetricSettings));
        let properties = &schema["properties"];
        assert_eq!(properties["picture_pairs"]["x-incidental"], true);
        assert_eq!(properties["size"]["x-incidental"], serde_json::Value::Null);
    }
}
