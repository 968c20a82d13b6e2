//! What a metric can be made of, as settings of the tasks that train one.

use lossnet_plugin_api::protocol::manifest::{SharedAxes, Work};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Nothing: a frozen network, compared as the config says.
    #[default]
    Baseline,
    /// The weights of the channels (the calibration), on top of the frozen network.
    Lin,
    /// The calibration and the pretrained network.
    Tune,
    /// The calibration and the network, from random weights.
    Scratch,
}

impl Variant {
    /// Its name in configs.
    pub fn name(self) -> &'static str {
        match self {
            Variant::Baseline => "baseline",
            Variant::Lin => "lin",
            Variant::Tune => "tune",
            Variant::Scratch => "scratch",
        }
    }

    /// Whether the network's own parameters are trained.
    pub fn trains_network(self) -> bool {
        matches!(self, Variant::Tune | Variant::Scratch)
    }
}

/// What the cells of a run with the variant `baseline` may differ in: a frozen network without training serves all layers
/// and comparisons in one pass.
pub fn baseline_axes() -> SharedAxes {
    let when = [("task.variant".to_owned(), Variant::Baseline.name().into())].into_iter().collect();
    let axes = ["loss_network.layers", "loss_network.comparison"].map(str::to_owned).to_vec();
    SharedAxes { when, axes }
}

/// How often tasks with these variants run their networks: for each sample its reference and both distorted images. Those
/// of `tune` and `scratch` learn, the others only judge.
pub fn metric_work() -> Vec<Work> {
    let side = Some("task.size".to_owned());
    let evaluation = Work { splits: "data.splits".to_owned(), forwards: 3, side, ..Work::default() };
    let training = |variant: &str, backwards| Work {
        when: [("task.variant".to_owned(), variant.into())].into_iter().collect(),
        splits: "task.train_split".to_owned(),
        epochs: Some("task.training.epochs".to_owned()),
        batch: Some("task.training.batch_size".to_owned()),
        backwards,
        trains_network: backwards > 0,
        ..evaluation.clone()
    };
    vec![training("lin", 0), training("tune", 3), training("scratch", 3), evaluation]
}

/// Which details are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// As meant: known defects of the published code are mended.
    #[default]
    Corrected,
    /// As the published code does it, defects included.
    Published,
}

/// What makes a prediction of the judgement out of two distances, in training only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Logit {
    /// Three 1×1 convolutions, 5 to 32 to 32 to 1 channels, on d0, d1, their difference and their two ratios (LPIPS).
    #[default]
    Large,
    /// A linear function of d0 and d1.
    Small,
    /// The difference d0 - d1 itself; nothing is trained.
    None,
}
