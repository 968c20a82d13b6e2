//! What is written: the trained network.

use std::path::{Path, PathBuf};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::Device;
use lossnet_plugin_kit::nn::{buffers, parameters};

use crate::network::TransformNetwork;

/// Writes parameters and running statistics as `network.safetensors` into a folder, under their names, in one step: there
/// is the whole file or the one from before.
///
/// Fails where the folder can't be written to.
pub(crate) fn write_network(network: &TransformNetwork, folder: &Path) -> Result<PathBuf, PluginError> {
    let path = folder.join("network.safetensors");
    let failed = |reason: &dyn std::fmt::Display| {
        PluginError::run(format!("the network can't be written to {}: {reason}", path.display()))
    };
    let mut tensors = parameters(network.variables());
    tensors.extend(buffers(network.variables()));
    for (_, tensor) in &mut tensors {
        *tensor =
            tensor.f_detach().and_then(|tensor| tensor.f_to_device(Device::Cpu)).map_err(torch_error)?;
    }
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let unfinished = folder.join(".network.safetensors.writing");
    Tensor::write_safetensors(&tensors, &unfinished).map_err(|error| failed(&error))?;
    std::fs::rename(&unfinished, &path).map_err(|error| failed(&error))?;
    Ok(path)
}

/// A text as part of a file's name.
pub(crate) fn plain(text: &str) -> String {
    let keep = |c: char| if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    text.chars().map(keep).collect()
}
