//! The settings that all comparisons share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How features are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FeatureSettings {
    /// Whether each position's channel vector is divided by its L2 norm before it is compared. The transform
    /// (mean, sort) comes first.
    pub channel_norm: bool,
    /// What keeps that norm from zero. Without effect where channel normalization is switched off.
    pub epsilon: Epsilon,
}

impl Default for FeatureSettings {
    fn default() -> Self {
        FeatureSettings { channel_norm: true, epsilon: Epsilon::FNormalize }
    }
}

/// What keeps a norm from zero before a channel vector is divided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Epsilon {
    /// `max(norm, 1e-12)`, as PyTorch's `F.normalize`.
    #[default]
    FNormalize,
    /// `norm + 1e-10`, as the Python package `lpips`.
    Lpips,
}
