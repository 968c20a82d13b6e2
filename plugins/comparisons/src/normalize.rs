//! Channel normalization.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::Tensor;

use crate::Epsilon;

/// The channel vectors of features (N×C×H×W), each divided by its length.
///
/// A vector of zeros stays one. Its gradient is that of the division by the epsilon alone, which is large but
/// finite: libtorch's norm has the subgradient 0 at zero, where `sqrt(sum(x²))`, as in the package `lpips`, has
/// none and gives NaN.
pub(crate) fn channel_normalized(features: &Tensor, epsilon: Epsilon) -> Result<Tensor, PluginError> {
    let length = features.f_norm_scalaropt_dim(2.0, [1i64].as_slice(), true).map_err(torch_error)?;
    let divisor = match epsilon {
        Epsilon::FNormalize => length.f_clamp_min(1e-12),
        Epsilon::Lpips => length.f_add_scalar(1e-10),
    };
    features.f_div(&divisor.map_err(torch_error)?).map_err(torch_error)
}
