//! What is done to each channel before channel normalization.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::{Device, Kind, TchError, Tensor};

use crate::sort::sort_channels;

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
    if features.device() == Device::Cpu && features.f_kind()? == Kind::Float && !features.requires_grad() {
        return sorted_values(features);
    }
    // Rows of one channel each, so that sorting runs over memory in order.
    let rows = features.f_contiguous()?.f_flatten(2, 3)?;
    let (values, _) = rows.f_sort(2, false)?;
    values.f_view_as(features)
}

/// The same without gradients, on the CPU, channels-last in memory, as normalizing the channels likes it.
fn sorted_values(features: &Tensor) -> Result<Tensor, TchError> {
    let (batch, channels, height, width) = features.size4()?;
    let mut values = vec![0.0_f32; features.numel()];
    let count = values.len();
    features.f_permute([0i64, 2, 3, 1].as_slice())?.f_copy_data(&mut values, count)?;
    let threads = usize::try_from(lossnet_plugin_api::tch::get_num_threads()).unwrap_or(1);
    sort_channels(&mut values, (height * width) as usize, channels as usize, threads);
    let rows = Tensor::f_from_slice(&values)?.f_reshape([batch, height, width, channels])?;
    rows.f_permute([0i64, 3, 1, 2].as_slice())
}
