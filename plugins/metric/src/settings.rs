//! The task's settings.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How similarity is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MetricSettings {
    /// What is trained: nothing in `baseline`.
    pub variant: Variant,
    /// Side to which all images are resized (bilinear with antialiasing, as Pillow).
    #[schemars(range(min = 1, max = 4096))]
    pub size: u32,
}

impl Default for MetricSettings {
    fn default() -> Self {
        MetricSettings { variant: Variant::Baseline, size: 64 }
    }
}

/// What is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Nothing: a frozen network, compared as the config says. Deterministic.
    #[default]
    Baseline,
}
