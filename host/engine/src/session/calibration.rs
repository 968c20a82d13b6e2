//! Learned weights of a layer's channels, in LPIPS's file format.

use std::path::Path;

use lossnet_core::weights::WeightsFile;
use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_protocol::PluginError;
use tch::{Device, Tensor};

use crate::misfit::is_calibration;
use crate::network::some;

/// What else the file of a whole metric holds, as the `lpips` package's models save themselves: the network, the calibration
/// a second time, the input normalization.
const OTHER_PARTS: [&str; 3] = ["net.", "lins.", "scaling_layer."];

/// One vector of channel weights per layer, or, of a sum of comparisons, per layer of each of them.
#[derive(Debug)]
pub struct Calibration {
    /// The weights of each layer, on the session's device; one comparison's behind the other's.
    weights: Vec<Tensor>,
    /// Number of layers.
    layers: usize,
    /// The file's SHA-256.
    sha256: String,
}

impl Clone for Calibration {
    fn clone(&self) -> Self {
        let weights = self.weights.iter().map(Tensor::shallow_clone).collect();
        Calibration { weights, layers: self.layers, sha256: self.sha256.clone() }
    }
}

impl Calibration {
    /// Reads a file with the tensors `lin{i}.model.1.weight` of shape 1×C×1×1, one for each of `channels`, alone or with the
    /// network that they were learned for. For a sum of several comparisons, `terms` of them, it may hold as many for each, one
    /// comparison's behind the other's, as the published protocol trains them; else all comparisons share them.
    ///
    /// Fails with all that does not fit, and for weights below zero, which would make distances negative.
    pub fn read(
        path: &Path,
        channels: &[i64],
        terms: usize,
        device: Device,
    ) -> Result<Calibration, PluginError> {
        let input = |error: &dyn std::error::Error| PluginError::input(error.to_string());
        let name = |layer: usize| format!("lin{layer}.model.1.weight");
        let layers = channels.len();
        let mut expected: Vec<String> = (0..layers * terms.max(1)).map(name).collect();
        let file = WeightsFile::open(path)
            .and_then(|file| file.select(None, &|name| expected.iter().any(|expected| expected == name)))
            .map_err(|error| input(&error))?;
        if !file.names().any(is_calibration) {
            return Err(PluginError::input(format!(
                "{} is not a calibration, whose tensors are lin0.model.1.weight and so on: it holds {}",
                path.display(),
                some(&file.names().map(str::to_owned).collect::<Vec<_>>())
            ))
            .with_help("a network's weights are given with --weights or `loss_network.weights`"));
        }
        if !file.names().any(|known| known == name(layers)) {
            expected.truncate(layers);
        }
        let mut problems = Vec::new();
        for (layer, &channels) in channels.iter().cycle().enumerate().take(expected.len()) {
            let (name, expected) = (name(layer), [1, channels, 1, 1]);
            match file.shape(&name) {
                None => problems.push(format!("{name} is missing")),
                Some(shape) if shape != expected => {
                    problems.push(format!("{name} has shape {shape:?} instead of {expected:?}"));
                }
                Some(_) => {}
            }
        }
        let is_expected = |name: &&str| expected.iter().any(|expected| expected == name);
        let is_other_part = |name: &&str| OTHER_PARTS.iter().any(|part| name.starts_with(part));
        for extra in file.names().filter(|name| !is_expected(name) && !is_other_part(name)) {
            problems.push(format!("{extra} is there for no layer"));
        }
        let wrong = |problem: &str| {
            PluginError::input(format!("the calibration {} does not fit: {problem}", path.display()))
                .with_help(format!(
                    "a calibration for these {} layers has lin0.model.1.weight to {}, each 1×C×1×1",
                    channels.len(),
                    name(channels.len().saturating_sub(1))
                ))
        };
        if !problems.is_empty() {
            return Err(wrong(&some(&problems)));
        }
        let mut weights = Vec::new();
        for name in &expected {
            let values = file.to_f32(name).map_err(|error| input(&error))?;
            if let Some(value) = values.iter().find(|value| value.is_nan() || **value < 0.0) {
                return Err(wrong(&format!("{name} has the weight {value}, and weights are 0 or more")));
            }
            let tensor = Tensor::f_from_slice(&values).and_then(|tensor| tensor.f_to(device));
            weights.push(tensor.map_err(torch_error)?);
        }
        Ok(Calibration { weights, layers, sha256: file.sha256().map_err(|error| input(&error))? })
    }

    /// Where the channel weights of a layer for a term are, both by their positions in the loss network.
    pub(super) fn place(&self, term: usize, layer: usize) -> usize {
        place(self.weights.len(), self.layers, term, layer)
    }

    /// The channel weights at a [`place`](Self::place).
    pub(super) fn at(&self, place: usize) -> Option<&Tensor> {
        self.weights.get(place)
    }

    /// What identifies it.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}

/// Where the channel weights of a layer for a term are among so many: all terms share those of the layer, or each has its own,
/// one term's behind the other's.
pub(super) fn place(weights: usize, layers: usize, term: usize, layer: usize) -> usize {
    if weights > layers { term * layers + layer } else { layer }
}
