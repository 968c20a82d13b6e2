//! What the small loss networks for tests have in common.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, torch_error};
use lossnet_plugin_api::protocol::formula::parameter_values;
use tch::{TchError, Tensor};

/// Tensors by name.
pub(super) type Named = Vec<(String, Tensor)>;

/// Tensors of these names and shapes, drawn by the shared formula.
pub(super) fn drawn(seed: u64, shapes: &[(&str, &[i64])], requires_grad: bool) -> Result<Named, PluginError> {
    let one = |&(name, shape): &(&str, &[i64])| -> Result<(String, Tensor), TchError> {
        let values = Tensor::f_from_slice(&parameter_values(seed, name, shape))?.f_reshape(shape)?;
        Ok((name.to_owned(), values.f_set_requires_grad(requires_grad)?))
    };
    shapes.iter().map(one).collect::<Result<_, _>>().map_err(torch_error)
}

/// The same tensors, not copies.
pub(super) fn shared(tensors: &[(String, Tensor)]) -> Named {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}

/// The distances, 1×P×N, of a network of one cell, by its features.
pub(super) fn distances(
    network: &dyn LossNetwork,
    images: &[Tensor],
    pairs: &[(usize, usize)],
) -> Result<Tensor, PluginError> {
    tch::no_grad(|| {
        let features = images.iter().map(|batch| network.features(batch)).collect::<Result<Vec<_>, _>>()?;
        let distances = pairs
            .iter()
            .map(|&(a, b)| network.compare(0, &features[a], &features[b], None))
            .collect::<Result<Vec<_>, _>>()?;
        Tensor::f_stack(&distances, 0).and_then(|stack| stack.f_unsqueeze(0)).map_err(torch_error)
    })
}

/// Fails where a frozen network is to be in training mode.
pub(super) fn check_mode(training: bool, trainable: bool) -> Result<(), PluginError> {
    if training && !trainable {
        return Err(PluginError::run("a frozen network has no training mode"));
    }
    Ok(())
}

/// At each position the sum over layers and channels, N×1×H×W.
pub(super) fn squared_differences(
    a: &[Tensor],
    b: &[Tensor],
    calibration: Option<&[Tensor]>,
) -> Result<Tensor, PluginError> {
    let mut sum: Option<Tensor> = None;
    for (layer, (a, b)) in a.iter().zip(b).enumerate() {
        let squared = a.f_sub(b).and_then(|difference| difference.f_square()).map_err(torch_error)?;
        let weighted = match calibration.and_then(|weights| weights.get(layer)) {
            Some(weights) if weights.dim() == 4 => squared.f_mul(weights),
            Some(weights) => weights.f_reshape([1, -1, 1, 1]).and_then(|weights| squared.f_mul(&weights)),
            None => Ok(squared),
        };
        let map = weighted
            .and_then(|weighted| weighted.f_sum_dim_intlist([1i64].as_slice(), true, None))
            .map_err(torch_error)?;
        sum = Some(match sum {
            Some(sum) => sum.f_add(&map).map_err(torch_error)?,
            None => map,
        });
    }
    sum.ok_or_else(|| PluginError::run("nothing to compare"))
}
