//! From prepared features to maps and distances.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::{Reduction, TchError, Tensor};

/// Checks that features are N×C×H×W.
pub(crate) fn check_features(features: &Tensor) -> Result<(), PluginError> {
    let shape = features.size();
    if shape.len() == 4 && shape.iter().all(|&extent| extent > 0) {
        return Ok(());
    }
    let message = format!("features of shape {shape:?} cannot be compared: they must be N×C×H×W and not empty");
    Err(PluginError::input(message).with_help("choose layers whose output has channels, height and width"))
}

/// Checks that two prepared batches, and the calibration if there is one, belong together.
pub(crate) fn check_pair(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<(), PluginError> {
    check_features(a)?;
    let (of_a, of_b) = (a.size(), b.size());
    if of_a != of_b {
        let message = format!("features of shapes {of_a:?} and {of_b:?} cannot be compared with each other");
        return Err(PluginError::input(message).with_help("give images of the same size"));
    }
    match calibration {
        Some(weights) if weights.numel() as i64 != of_a[1] => Err(PluginError::input(format!(
            "the calibration has {} weights for a layer of {} channels",
            weights.numel(),
            of_a[1]
        ))
        .with_help("use a calibration made for these layers of this backbone")),
        _ => Ok(()),
    }
}

/// The weighted sum over channels of the squared differences: N×1×H×W.
pub(crate) fn map(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
    let attempt = || -> Result<Tensor, TchError> {
        let squared = a.f_mse_loss(b, Reduction::None)?;
        let weighted = match calibration {
            Some(weights) => squared.f_mul(&weights.f_view([1, -1, 1, 1])?)?,
            None => squared,
        };
        weighted.f_sum_dim_intlist([1i64].as_slice(), true, None)
    };
    attempt().map_err(torch_error)
}

/// The mean over positions of the [`map`], which is not made for it: N.
pub(crate) fn distance(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
    let attempt = || -> Result<Tensor, TchError> {
        let per_channel = a.f_mse_loss(b, Reduction::None)?.f_mean_dim([2i64, 3].as_slice(), false, None)?;
        let weighted = match calibration {
            Some(weights) => per_channel.f_mul(&weights.f_view([1, -1])?)?,
            None => per_channel,
        };
        weighted.f_sum_dim_intlist([1i64].as_slice(), false, None)
    };
    attempt().map_err(torch_error)
}
