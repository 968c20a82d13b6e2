//! Normalizing images.

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::normalization::Normalization;
use tch::{Device, Kind, Tensor};

/// The network's input on the device, a new tensor unless nothing has to be done.
pub(super) fn apply(
    normalization: &Normalization,
    images: &Tensor,
    device: Device,
) -> Result<Tensor, PluginError> {
    let images = images.f_to(device).map_err(torch_error)?;
    let Some((mean, deviation)) = normalization.constants() else { return Ok(images) };
    let channels = |values: [f64; 3]| {
        Tensor::f_from_slice(&values)
            .and_then(|values| values.f_to_kind(Kind::Float))
            .and_then(|values| values.f_reshape([1, 3, 1, 1]))
            .and_then(|values| values.f_to(device))
    };
    let normalized = channels(mean)
        .and_then(|mean| images.f_sub(&mean))
        .and_then(|centred| centred.f_div(&channels(deviation)?));
    normalized.map_err(torch_error)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lpips_scaling_of_minus_one_to_one_is_imagenet_s_of_zero_to_one() {
        let images = Tensor::rand([2, 3, 4, 4], (Kind::Float, Device::Cpu));
        let ours = apply(&Normalization::Imagenet, &images, Device::Cpu).unwrap();
        let scaled = apply(&Normalization::PublishedLpips, &(&images * 2 - 1), Device::Cpu).unwrap();
        assert!((ours - scaled).abs().max().double_value(&[]) < 1e-5);
    }
}
