//! What a training leaves behind for use elsewhere.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::Run;
use safetensors::tensor::{Dtype, TensorView};
use tch::Tensor;

use super::LearnedMetric;
use super::pth::{values, write_pth};
use super::recorded::write_file;

/// The files that a trained metric was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The calibration: for `loss_network.calibration`, and for the lpips package.
    pub calibration: PathBuf,
    /// The network, where training has changed it: for `loss_network.weights`.
    pub network: Option<PathBuf>,
}

/// Writes a trained metric into the checkpoint folder of the run's cell, and tells where: `calibration.pth` in LPIPS's format
/// and, if training has changed the network, `network.safetensors` under the names that its weights were published with.
///
/// Fails if a file can't be written.
pub fn export(metric: &LearnedMetric, run: &dyn Run) -> Result<Exported, PluginError> {
    let folder = &run.context().cells[0].checkpoints;
    std::fs::create_dir_all(folder).map_err(|error| {
        PluginError::run(format!("the folder {} can't be made: {error}", folder.display()))
    })?;
    let calibration = folder.join("calibration.pth");
    write_pth(&calibration, metric.calibration())?;
    let network = match metric.network()? {
        Some(tensors) => {
            let path = folder.join("network.safetensors");
            write_safetensors(&path, &tensors)?;
            Some(path)
        }
        None => None,
    };
    let mut usage = vec![format!("loss_network.calibration = \"{}\"", calibration.display())];
    if let Some(network) = &network {
        usage.push(format!("loss_network.weights = \"{}\"", network.display()));
        // What lies behind the deepest layer was not trained and is not there.
        usage.push("loss_network.check_weights = \"used\"".to_owned());
    }
    run.notice(&format!("the trained metric was written: use it with {}", usage.join(", ")));
    Ok(Exported { calibration, network })
}

fn write_safetensors(path: &Path, tensors: &[(String, Tensor)]) -> Result<(), PluginError> {
    let unwritten = |error: safetensors::SafeTensorError| {
        PluginError::run(format!("{} can't be written: {error}", path.display()))
    };
    let mut contents: Vec<(&str, Vec<usize>, Vec<u8>)> = Vec::new();
    for (name, tensor) in tensors {
        let shape = tensor.size().iter().map(|&extent| extent as usize).collect();
        contents.push((name, shape, values(tensor)?));
    }
    let views = contents
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<HashMap<_, _>, _>>()
        .map_err(unwritten)?;
    write_file(path, &safetensors::serialize(views, None).map_err(unwritten)?)
}
