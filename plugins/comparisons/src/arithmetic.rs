//! From prepared features to maps and distances.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::tch::{Reduction, TchError, Tensor};

/// Features as N×C×H×W: N×C, as behind a flattening, has one position.
pub(crate) fn with_positions(features: &Tensor) -> Result<Tensor, PluginError> {
    let shape = features.size();
    match shape.as_slice() {
        [_, _, _, _] if !shape.contains(&0) => Ok(features.shallow_clone()),
        &[batch, channels] if !shape.contains(&0) => {
            features.f_view([batch, channels, 1, 1]).map_err(torch_error)
        }
        _ => Err(PluginError::input(format!(
            "features of shape {shape:?} can't be compared: they must be N×C×H×W or N×C, and not empty"
        ))
        .with_help("choose layers whose output has that form")),
    }
}

/// Checks that two prepared batches, and the calibration if there is one, belong together.
pub(crate) fn check_pair(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<(), PluginError> {
    let (of_a, of_b) = (a.size(), b.size());
    let &[_, channels, _, _] = of_a.as_slice() else {
        return Err(PluginError::run(format!(
            "what was prepared has the shape {of_a:?}, which is not N×C×H×W"
        )));
    };
    if of_a != of_b {
        let message = format!("features of shapes {of_a:?} and {of_b:?} can't be compared with each other");
        return Err(PluginError::input(message).with_help("give images of the same size"));
    }
    match calibration {
        Some(weights) if !weighs(weights, &of_a) => Err(PluginError::input(format!(
            "the calibration has {} weights for a layer of {channels} channels",
            weights.numel()
        ))
        .with_help("use a calibration that was made for these layers of this backbone")),
        _ => Ok(()),
    }
}

/// Whether a calibration fits features of this shape: one weight for each channel, or one for each value.
fn weighs(weights: &Tensor, shape: &[i64]) -> bool {
    weights.numel() as i64 == shape[1] || weights.size() == shape
}

/// Whether each value has a weight of its own, as with dropout of squared differences.
pub(crate) fn weighs_positions(calibration: Option<&Tensor>) -> bool {
    // Weights of channels are C or 1×C×1×1. N×C×1×1 are those of values at a single position.
    calibration.map(Tensor::size).is_some_and(|shape| match shape[..] {
        [batch, _, height, width] => [batch, height, width] != [1, 1, 1],
        _ => false,
    })
}

/// The weights as a tensor that broadcasts to N×C×H×W.
fn broadcast(weights: &Tensor) -> Result<Tensor, TchError> {
    if weighs_positions(Some(weights)) {
        Ok(weights.shallow_clone())
    } else {
        weights.f_reshape([1, -1, 1, 1])
    }
}

/// The weighted sum over channels of the squared differences: N×1×H×W.
pub(crate) fn map(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
    let attempt = || -> Result<Tensor, TchError> {
        let squared = a.f_mse_loss(b, Reduction::None)?;
        let weighted = match calibration {
            Some(weights) => squared.f_mul(&broadcast(weights)?)?,
            None => squared,
        };
        weighted.f_sum_dim_intlist([1i64].as_slice(), true, None)
    };
    attempt().map_err(torch_error)
}

/// The mean over positions of the [`map`], which is not made for it: N.
pub(crate) fn distance(a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
    if let Some(weights) = calibration.filter(|weights| weighs_positions(Some(weights))) {
        let size = a.size();
        let positions = (size[2] * size[3]) as f64;
        let attempt = || -> Result<Tensor, TchError> {
            let weighted = a.f_mse_loss(b, Reduction::None)?.f_mul(weights)?;
            weighted.f_sum_dim_intlist([1i64, 2, 3].as_slice(), false, None)?.f_div_scalar(positions)
        };
        return attempt().map_err(torch_error);
    }
    let attempt = || -> Result<Tensor, TchError> {
        let per_channel = a.f_mse_loss(b, Reduction::None)?.f_mean_dim([2i64, 3].as_slice(), false, None)?;
        let weighted = match calibration {
            Some(weights) => per_channel.f_mul(&weights.f_reshape([1, -1])?)?,
            None => per_channel,
        };
        weighted.f_sum_dim_intlist([1i64].as_slice(), false, None)
    };
    attempt().map_err(torch_error)
}
