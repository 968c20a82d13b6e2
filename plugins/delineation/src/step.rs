//! One training step's loss, and predictions that are refined step by step.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_kit::perceptual::PerceptualLoss;
use tch::{Reduction, TchError, Tensor};

use crate::network::{STRIDE, UNet};

/// A batch, on the network's device.
#[derive(Debug)]
pub struct Batch {
    /// Images, N×C×H×W, in [0, 1].
    pub images: Tensor,
    /// Their maps, N×1×H×W, in [0, 1]: 1 where there is a line.
    pub maps: Tensor,
}

/// The loss of a batch and its two parts, single numbers with a graph.
#[derive(Debug)]
pub struct StepLoss {
    /// What is minimized: `bce + mu * perceptual`.
    pub loss: Tensor,
    /// The binary cross-entropy, a weighted mean over refinement steps.
    pub bce: Tensor,
    /// The perceptual loss, the same mean; none if there is no loss network.
    pub perceptual: Option<Tensor>,
}

/// The loss of one training step with `steps` = K refinements:
///
/// `sum_k k * BCE(pred_k, map) / (K (K+1) / 2)  +  mu * sum_k k * P(pred_k, map) / (K (K+1) / 2)`
///
/// where P is the perceptual loss of prediction and map, each repeated to three channels. The features of the maps are
/// computed once, and nothing of a loss network where there is none. The binary cross-entropy is libtorch's on
/// probabilities, whose logarithms are no less than -100. Gradients go through all refinements.
pub fn training_loss(
    network: &UNet,
    batch: &Batch,
    steps: usize,
    perceptual: Option<(&PerceptualLoss<'_>, f64)>,
) -> Result<StepLoss, PluginError> {
    let all = (steps * (steps + 1)) as f64 / 2.0;
    let mut predictions: Vec<Tensor> = Vec::with_capacity(steps);
    let mut made = Vec::new();
    for _ in 0..steps {
        let next = network.forward(&batch.images, predictions.last(), true)?;
        if let Some((loss, _)) = perceptual {
            made.push(loss.features(&three_channels(&next)?)?);
        }
        predictions.push(next);
    }
    // Last, as the published code has it: what a drifting network remembers depends on the order.
    let target = match perceptual {
        Some((loss, _)) => loss.target(&three_channels(&batch.maps)?)?,
        None => Vec::new(),
    };
    let (mut bce, mut features): (Option<Tensor>, Option<Tensor>) = (None, None);
    for (place, prediction) in predictions.iter().enumerate() {
        let weight = (place + 1) as f64 / all;
        let entropy = prediction.f_binary_cross_entropy::<Tensor>(&batch.maps, None, Reduction::Mean);
        bce = Some(weighted_sum(bce, &entropy.map_err(torch_error)?, weight).map_err(torch_error)?);
        if let (Some((loss, _)), Some(made)) = (perceptual, made.get(place)) {
            let value = loss.features_loss(made, &target)?;
            features = Some(weighted_sum(features, &value, weight).map_err(torch_error)?);
        }
    }
    let bce = bce.ok_or_else(|| PluginError::run("a training step needs one refinement at least"))?;
    let loss = match (&features, perceptual) {
        (Some(features), Some((_, mu))) => weighted_sum(Some(bce.shallow_clone()), features, mu),
        _ => Ok(bce.shallow_clone()),
    };
    Ok(StepLoss { loss: loss.map_err(torch_error)?, bce, perceptual: features })
}

/// The predictions of each of `steps` refinements, N×1×H×W, for images N×C×H×W of any size from [`STRIDE`] × [`STRIDE`]
/// on, without graph. In training mode batch normalizations use the statistics of these images (and remember them). Sides that are not multiples of [`STRIDE`] are continued to the right and below
/// by reflection, and the predictions cut to the images again.
pub fn predict(
    network: &UNet,
    images: &Tensor,
    steps: usize,
    training: bool,
) -> Result<Vec<Tensor>, PluginError> {
    let &[_, _, height, width] = images.size().as_slice() else {
        return Err(PluginError::run(format!(
            "a tensor of shape {:?} is not a batch of images",
            images.size()
        )));
    };
    if height.min(width) < STRIDE as i64 {
        return Err(PluginError::input(format!(
            "an image of {width}×{height} pixels is too small for the network: sides must be at least {STRIDE}"
        )));
    }
    let missing = |side: i64| (STRIDE as i64 - side % STRIDE as i64) % STRIDE as i64;
    let (right, below) = (missing(width), missing(height));
    tch::no_grad(|| {
        let padded = match right + below {
            0 => images.shallow_clone(),
            _ => images.f_pad([0, right, 0, below], "reflect", None).map_err(torch_error)?,
        };
        let mut predictions: Vec<Tensor> = Vec::with_capacity(steps);
        for _ in 0..steps {
            predictions.push(network.forward(&padded, predictions.last(), training)?);
        }
        let cut = |prediction: &Tensor| prediction.f_narrow(2, 0, height)?.f_narrow(3, 0, width);
        predictions.iter().map(|prediction| cut(prediction).map_err(torch_error)).collect()
    })
}

/// The binary cross-entropy of each image of a batch, N, from predictions and maps N×1×H×W.
pub(crate) fn entropies(predictions: &Tensor, maps: &Tensor) -> Result<Vec<f64>, PluginError> {
    let means = predictions
        .f_binary_cross_entropy::<Tensor>(maps, None, Reduction::None)
        .and_then(|pixels| pixels.f_mean_dim([1i64, 2, 3].as_slice(), false, tch::Kind::Double));
    means.and_then(Vec::<f64>::try_from).map_err(torch_error)
}

/// A map with its one channel repeated, as a loss network needs it; nothing is copied.
fn three_channels(map: &Tensor) -> Result<Tensor, PluginError> {
    map.f_expand([-1, 3, -1, -1], false).map_err(torch_error)
}

fn weighted_sum(sum: Option<Tensor>, value: &Tensor, weight: f64) -> Result<Tensor, TchError> {
    let value = if weight == 1.0 { value.shallow_clone() } else { value.f_mul_scalar(weight)? };
    match sum {
        Some(sum) => sum.f_add(&value),
        None => Ok(value),
    }
}
