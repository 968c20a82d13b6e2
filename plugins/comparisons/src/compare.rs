//! The comparisons as components.

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::*;

use crate::normalize::channel_normalized;
use crate::{FeatureSettings, Transform, arithmetic};

/// The comparison that a [`Transform`] makes, such as `spatial`.
#[derive(Clone, Copy, Debug)]
pub struct FeatureComparison {
    transform: Transform,
}

impl FeatureComparison {
    /// The comparison with this transform.
    pub fn new(transform: Transform) -> Self {
        FeatureComparison { transform }
    }
}

impl Comparison for FeatureComparison {
    type Config = FeatureSettings;

    fn info(&self) -> Info {
        Info::new(self.transform.name(), self.transform.summary())
            .with_reference("Pihlgren et al., arXiv 2302.04032, and Zhang et al., CVPR 2018")
    }

    fn build(&self, settings: FeatureSettings) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(Configured { transform: self.transform, settings }))
    }
}

struct Configured {
    transform: Transform,
    settings: FeatureSettings,
}

impl Configured {
    /// A prepared batch without the positions that are copies of another.
    fn distinct(&self, prepared: &Tensor) -> Result<Tensor, PluginError> {
        match self.transform {
            Transform::Mean => prepared.f_narrow(2, 0, 1).and_then(|row| row.f_narrow(3, 0, 1)),
            Transform::Spatial | Transform::Sort => Ok(prepared.shallow_clone()),
        }
        .map_err(torch_error)
    }
}

impl Compare for Configured {
    /// Transformed and normalized features, N×C×H×W; N×C, as behind a flattening, counts as N×C×1×1.
    ///
    /// Those of `mean`, the same at every position, are computed for one position and seen at all of them through
    /// strides of 0: they take no more memory than N×C×1×1. Normalizing before or after that gives the same values.
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        let features = arithmetic::with_positions(features)?;
        let transformed = self.transform.apply(&features)?;
        let prepared = if self.settings.channel_norm {
            channel_normalized(&transformed, self.settings.epsilon)?
        } else {
            transformed
        };
        prepared.f_expand_as(&features).map_err(torch_error)
    }

    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        arithmetic::check_pair(a, b, calibration)?;
        if arithmetic::weighs_positions(calibration) {
            return arithmetic::map(a, b, calibration);
        }
        let map = arithmetic::map(&self.distinct(a)?, &self.distinct(b)?, calibration)?;
        let shape = a.size();
        map.f_expand([shape[0], 1, shape[2], shape[3]], false).map_err(torch_error)
    }

    /// For `mean` this is exact: the mean over positions that are all alike is the value at one of them.
    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        arithmetic::check_pair(a, b, calibration)?;
        if arithmetic::weighs_positions(calibration) {
            return arithmetic::distance(a, b, calibration);
        }
        arithmetic::distance(&self.distinct(a)?, &self.distinct(b)?, calibration)
    }
}
