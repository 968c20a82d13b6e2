//! The distance of two images' features at one layer.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::TchError;

use crate::settings::{Epsilon, FeatureSettings};

/// What happens to the features before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transform {
    /// Nothing.
    Spatial,
    /// Each channel's mean. It is kept as N×C×1×1: the same at every position, it need not be expanded.
    Mean,
    /// Each channel's values sorted, put back row by row.
    Sort,
}

/// Squared differences of transformed, normalized features.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeatureDistance {
    transform: Transform,
    settings: FeatureSettings,
}

impl FeatureDistance {
    pub(crate) fn new(transform: Transform, settings: FeatureSettings) -> Self {
        FeatureDistance { transform, settings }
    }

    fn transformed(self, features: &Tensor) -> Result<Tensor, TchError> {
        match self.transform {
            Transform::Spatial => Ok(features.shallow_clone()),
            Transform::Mean => features.f_mean_dim([2i64, 3].as_slice(), true, None),
            Transform::Sort => {
                let shape = features.size();
                // Rows of one channel each, so that sorting runs over memory in order.
                let rows = features.f_contiguous()?.f_flatten(2, 3)?;
                let (sorted, _) = rows.f_sort(-1, false)?;
                sorted.f_reshape(&shape)
            }
        }
    }

    fn normalized(self, values: &Tensor) -> Result<Tensor, TchError> {
        if !self.settings.channel_norm {
            return Ok(values.shallow_clone());
        }
        // Its gradient at a zero vector is zero, where that of a square root of a sum would be infinite.
        let norm = values.f_norm_scalaropt_dim(2, [1i64].as_slice(), true)?;
        let norm = match self.settings.epsilon {
            Epsilon::FNormalize => norm.f_clamp_min(1e-12)?,
            Epsilon::Lpips => norm.f_add_scalar(1e-10)?,
        };
        values.f_div(&norm)
    }
}

/// Features behind a flattening have no positions: they count as one.
fn with_positions(features: &Tensor) -> Result<Tensor, PluginError> {
    match features.dim() {
        4 => Ok(features.shallow_clone()),
        2 => features.f_unsqueeze(-1).and_then(|t| t.f_unsqueeze(-1)).map_err(torch_error),
        _ => Err(PluginError::input(format!(
            "features of shape {:?} can't be compared: N×C×H×W or N×C is needed",
            features.size()
        ))),
    }
}

fn weights(calibration: &Tensor, channels: i64) -> Result<Tensor, PluginError> {
    if calibration.numel() as i64 != channels {
        return Err(PluginError::input(format!(
            "the calibration has {} weights for a layer of {channels} channels",
            calibration.numel()
        )));
    }
    calibration.f_reshape([1, channels, 1, 1]).map_err(torch_error)
}

impl Compare for FeatureDistance {
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        let features = with_positions(features)?;
        self.transformed(&features).and_then(|values| self.normalized(&values)).map_err(torch_error)
    }

    /// N×1×H×W; N×1×1×1 for `mean`, whose distance is the same everywhere.
    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let squared = a.f_sub(b).and_then(|difference| difference.f_square()).map_err(torch_error)?;
        let channels = [1i64];
        match calibration {
            None => squared.f_sum_dim_intlist(channels.as_slice(), true, None),
            Some(calibration) => {
                let weights = weights(calibration, squared.size().get(1).copied().unwrap_or(0))?;
                squared.f_mul(&weights).and_then(|t| t.f_sum_dim_intlist(channels.as_slice(), true, None))
            }
        }
        .map_err(torch_error)
    }
}
