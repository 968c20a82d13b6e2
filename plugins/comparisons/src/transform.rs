//! What is done to each channel before channel normalization.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::{TchError, Tensor};

/// What becomes of each channel's H×W values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// They stay as and where they are.
    Spatial,
    /// They are all replaced by their mean.
    Mean,
    /// They are put in ascending order, rows from top to bottom.
    Sort,
}

impl Transform {
    /// All transforms, in the order in which their comparisons are listed.
    pub const ALL: [Transform; 3] = [Transform::Spatial, Transform::Mean, Transform::Sort];

    /// The name of the comparison.
    pub fn name(self) -> &'static str {
        match self {
            Transform::Spatial => "spatial",
            Transform::Mean => "mean",
            Transform::Sort => "sort",
        }
    }

    /// One line about the comparison.
    pub fn summary(self) -> &'static str {
        match self {
            Transform::Spatial => "squared differences position by position, as LPIPS does",
            Transform::Mean => "squared differences of the channels' spatial means",
            Transform::Sort => "squared differences of the channels' values in ascending order",
        }
    }

    /// The transformed features: N×C×H×W, but N×C×1×1 for [`Mean`](Transform::Mean), whose positions are all
    /// alike.
    pub(crate) fn apply(self, features: &Tensor) -> Result<Tensor, PluginError> {
        match self {
            Transform::Spatial => Ok(features.shallow_clone()),
            Transform::Mean => features.f_mean_dim([2i64, 3].as_slice(), true, None),
            Transform::Sort => sorted(features),
        }
        .map_err(torch_error)
    }
}

/// The values of each channel in ascending order.
fn sorted(features: &Tensor) -> Result<Tensor, TchError> {
    // Rows of one channel each, so that sorting runs over memory in order.
    let rows = features.f_contiguous()?.f_flatten(2, 3)?;
    let (values, _) = rows.f_sort(2, false)?;
    values.f_view_as(features)
}
