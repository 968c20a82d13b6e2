//! What libtorch can do on this machine.

use lossnet_core::engine_protocol::TorchReport;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use tch::{Cuda, Device, Kind, Tensor};

/// Asks libtorch, and computes one small convolution on each device.
pub(super) fn doctor() -> Result<TorchReport, PluginError> {
    let cuda = Cuda::is_available();
    let devices = if cuda { Cuda::device_count() } else { 0 };
    let expected = convolution(Device::Cpu).map_err(torch_error)?;
    let mut checks = Vec::new();
    for index in 0..devices {
        let result = convolution(Device::Cuda(index as usize)).map_err(torch_error)?;
        let result = result.f_to_device(Device::Cpu).map_err(torch_error)?;
        let difference = result.f_sub(&expected).and_then(|t| t.f_abs()).and_then(|t| t.f_max());
        checks.push((format!("cuda:{index}"), difference.map_err(torch_error)?.double_value(&[])));
    }
    Ok(TorchReport {
        threads: i64::from(tch::get_num_threads()),
        cuda,
        cuda_devices: devices,
        cudnn: cuda && Cuda::cudnn_is_available(),
        checks,
    })
}

/// A small convolution with fixed values.
fn convolution(device: Device) -> Result<Tensor, tch::TchError> {
    let ramp = |count: i64, shape: &[i64]| -> Result<Tensor, tch::TchError> {
        Tensor::f_arange(count, (Kind::Float, Device::Cpu))?.f_div_scalar(count as f64)?.f_reshape(shape)
    };
    let image = ramp(3 * 16 * 16, &[1, 3, 16, 16])?.f_to_device(device)?;
    let weight = ramp(8 * 3 * 3 * 3, &[8, 3, 3, 3])?.f_to_device(device)?;
    image.f_conv2d(&weight, None::<Tensor>, [1, 1], [1, 1], [1, 1], 1)
}
