//! Layers that begin as PyTorch's do, and what training asks of a set of them.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::Tensor;
use lossnet_plugin_api::protocol::DRAFT_PREFIX;
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

/// Writes parameters and running statistics under their names to a safetensors file, whose folder is made if need be, in one
/// step: there is the whole file, or what was there before.
///
/// Fails where it can't be written.
pub fn write(variables: &VarStore, path: &std::path::Path) -> Result<(), PluginError> {
    let unwritten = |reason: &dyn std::fmt::Display| {
        PluginError::run(format!("the trained network can't be written to {}: {reason}", path.display()))
            .with_help("make room there; the same command does the rest")
    };
    let mut tensors: Vec<(String, Tensor)> = variables.variables().into_iter().collect();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    for (_, tensor) in &mut tensors {
        let plain = tensor.f_detach().and_then(|tensor| tensor.f_to(Device::Cpu)?.f_contiguous());
        *tensor = plain.map_err(torch_error)?;
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unwritten(&error))?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!("{DRAFT_PREFIX}{name}"));
    Tensor::write_safetensors(&tensors, &unfinished).map_err(|error| unwritten(&error))?;
    std::fs::rename(&unfinished, path).map_err(|error| unwritten(&error))
}

/// The device that a run's context names: `cpu` or `cuda:N`.
pub fn device(name: &str) -> Result<Device, PluginError> {
    if name == "cpu" {
        return Ok(Device::Cpu);
    }
    let index = name.strip_prefix("cuda:").and_then(|index| index.parse().ok());
    index.map(Device::Cuda).ok_or_else(|| PluginError::run(format!("`{name}` is not a device")))
}

#[cfg(test)]
mod tests {
    use tch::Kind;

    use super::*;

    /// That a tensor of a few thousand values is uniform within ±`reach`.
    fn assert_uniform(name: &str, tensor: &Tensor, reach: f64) {
        let tensor = tensor.detach().to_kind(Kind::Double);
        let largest = tensor.abs().max().double_value(&[]);
        assert!(largest <= reach && largest > 0.99 * reach, "{name}: {largest} of {reach}");
        let deviation = tensor.std(false).double_value(&[]) * 3.0_f64.sqrt();
        assert!((deviation / reach - 1.0).abs() < 0.05, "{name}: {deviation} of {reach}");
    }

    #[test]
    fn initial_values_are_pytorchs() {
        tch::manual_seed(0);
        let variables = VarStore::new(Device::Cpu);
        let root = variables.root();
        // `torch.nn.init._calculate_fan_in_and_fan_out`: the second side of the weights' shape, times the kernel's.
        let groups = ConvConfig { groups: 2, ..ConvConfig::default() };
        let conv = conv2d(&(&root / "conv"), 8, 2048, 3, groups);
        assert_eq!(conv.ws.size(), [2048, 4, 3, 3]);
        let up = conv_transpose2d(&(&root / "up"), 64, 2000, 2, ConvTransposeConfig::default());
        assert_eq!(up.ws.size(), [64, 2000, 2, 2]);
        let dense = linear(&(&root / "dense"), 25, 3000);
        for (name, weight, bias, fan_in) in [
            ("conv", &conv.ws, &conv.bs, 36.0),
            ("up", &up.ws, &up.bs, 8000.0),
            ("dense", &dense.ws, &dense.bs, 25.0),
        ] {
            let reach = 1.0 / f64::sqrt(fan_in);
            assert_uniform(name, weight, reach);
            assert_uniform(name, bias.as_ref().expect("a bias"), reach);
        }
        let norm = batch_norm2d(&(&root / "norm"), 3);
        let values =
            |tensor: Option<&Tensor>| Vec::<f32>::try_from(tensor.expect("a tensor")).expect("numbers");
        assert_eq!((values(norm.ws.as_ref()), values(norm.bs.as_ref())), (vec![1.0; 3], vec![0.0; 3]));
        assert_eq!(
            (values(Some(&norm.running_mean)), values(Some(&norm.running_var))),
            (vec![0.0; 3], vec![1.0; 3])
        );
        let names =
            |tensors: Vec<(String, Tensor)>| tensors.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(buffers(&variables)), ["norm.running_mean", "norm.running_var"]);
        let trained = ["conv.bias", "conv.weight", "dense.bias", "dense.weight", "norm.bias", "norm.weight"];
        assert_eq!(names(parameters(&variables)), [&trained[..], &["up.bias", "up.weight"]].concat());
    }

    #[test]
    fn a_network_is_written_as_a_whole_or_not_at_all() {
        let variables = VarStore::new(Device::Cpu);
        batch_norm2d(&(&variables.root() / "norm"), 2);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/network.safetensors");
        write(&variables, &path).unwrap();
        let read = Tensor::read_safetensors(&path).unwrap();
        let find = |name: &str| {
            Vec::<f32>::try_from(&read.iter().find(|(found, _)| found == name).unwrap().1).unwrap()
        };
        assert_eq!(
            (read.len(), find("norm.weight"), find("norm.running_mean")),
            (4, vec![1.0; 2], vec![0.0; 2])
        );
        assert_eq!(std::fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
        let error = write(&variables, &path.join("below-a-file.safetensors")).unwrap_err().to_string();
        assert!(
            error.contains("the trained network can't be written to") && error.contains("below-a-file"),
            "{error}"
        );
        assert_eq!(Tensor::read_safetensors(&path).unwrap().len(), 4);
    }

    #[test]
    fn devices_are_known_by_their_names() {
        assert_eq!((device("cpu").unwrap(), device("cuda:3").unwrap()), (Device::Cpu, Device::Cuda(3)));
        for name in ["auto", "cuda", "cuda:", "cuda:x"] {
            assert_eq!(device(name).unwrap_err().to_string(), format!("`{name}` is not a device"));
        }
    }
}
