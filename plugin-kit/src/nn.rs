//! Layers that begin as PyTorch's do, and what training asks of a set of them.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::prelude::Tensor;
use tch::Device;
use tch::nn::{
    BatchNorm, BatchNormConfig, Conv2D, ConvConfig, ConvTranspose2D, ConvTransposeConfig, Init, Linear,
    LinearConfig, Path, VarStore,
};

/// Uniform within `1/sqrt(inputs)`: what `kaiming_uniform_(a=sqrt(5))` comes to, and PyTorch's biases.
fn bound(inputs: i64) -> Init {
    let reach = 1.0 / (inputs.max(1) as f64).sqrt();
    Init::Uniform { lo: -reach, up: reach }
}

/// `torch.nn.Conv2d` with a square kernel. Parameters are `weight` and, if wanted, `bias`.
pub fn conv2d(path: &Path<'_>, inputs: i64, outputs: i64, kernel: i64, config: ConvConfig) -> Conv2D {
    let fan_in = inputs / config.groups * kernel * kernel;
    let config = ConvConfig { ws_init: bound(fan_in), bs_init: bound(fan_in), ..config };
    tch::nn::conv2d(path, inputs, outputs, kernel, config)
}

/// `torch.nn.ConvTranspose2d` with a square kernel. PyTorch takes the outputs for the inputs of its initialization.
pub fn conv_transpose2d(
    path: &Path<'_>,
    inputs: i64,
    outputs: i64,
    kernel: i64,
    config: ConvTransposeConfig,
) -> ConvTranspose2D {
    let fan_in = outputs / config.groups * kernel * kernel;
    let config = ConvTransposeConfig { ws_init: bound(fan_in), bs_init: bound(fan_in), ..config };
    tch::nn::conv_transpose2d(path, inputs, outputs, kernel, config)
}

/// `torch.nn.Linear`.
pub fn linear(path: &Path<'_>, inputs: i64, outputs: i64) -> Linear {
    let config = LinearConfig { ws_init: bound(inputs), bs_init: Some(bound(inputs)), bias: true };
    tch::nn::linear(path, inputs, outputs, config)
}

/// `torch.nn.BatchNorm2d`: scales begin at 1.
pub fn batch_norm2d(path: &Path<'_>, channels: i64) -> BatchNorm {
    let config = BatchNormConfig { ws_init: Init::Const(1.0), ..BatchNormConfig::default() };
    tch::nn::batch_norm2d(path, channels, config)
}

/// What of these is trained, by name, in the order of names.
pub fn parameters(variables: &VarStore) -> Vec<(String, Tensor)> {
    named(variables, true)
}

/// What of these is not trained, such as running statistics, by name, in the order of names.
pub fn buffers(variables: &VarStore) -> Vec<(String, Tensor)> {
    named(variables, false)
}

fn named(variables: &VarStore, trained: bool) -> Vec<(String, Tensor)> {
    let mut tensors: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    tensors.retain(|(_, tensor)| tensor.requires_grad() == trained);
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    tensors
}

/// The device that a run's context names: `cpu` or `cuda:N`.
pub fn device(name: &str) -> Result<Device, PluginError> {
    if name == "cpu" {
        return Ok(Device::Cpu);
    }
    let index = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
    index.map(Device::Cuda).ok_or_else(|| PluginError::run(format!("`{name}` is no device")))
}
