//! The small networks that tell what a code is worth: classifiers of codes.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::Device;
use lossnet_plugin_api::tch::nn::{Linear, Module as _, VarStore};
use lossnet_plugin_kit::nn;

/// Linear layers with LeakyReLU (0.01) between them, and a linear output of one number per class.
#[derive(Debug)]
pub struct Predictor {
    variables: VarStore,
    layers: Vec<Linear>,
}

impl Predictor {
    /// One with hidden layers of these sizes and the initial parameters that PyTorch would draw, from libtorch's
    /// generator. Layers are named as in a PyTorch `Sequential`: `0`, `2`, and so on.
    pub fn new(code: i64, hidden: &[u32], classes: i64, device: Device) -> Predictor {
        let variables = VarStore::new(device);
        let root = variables.root();
        let sizes: Vec<i64> = std::iter::once(code)
            .chain(hidden.iter().map(|&size| i64::from(size)))
            .chain(std::iter::once(classes))
            .collect();
        let layer = |(at, pair): (usize, &[i64])| nn::linear(&(&root / (2 * at)), pair[0], pair[1]);
        let layers = sizes.windows(2).enumerate().map(layer).collect();
        Predictor { variables, layers }
    }

    /// Its parameters.
    pub fn variables(&self) -> &VarStore {
        &self.variables
    }

    /// N×z to N×classes: for each class, how much the code looks like it (1: it is of that class, 0: it is not).
    pub fn forward(&self, codes: &Tensor) -> Result<Tensor, PluginError> {
        let mut values = self.layers[0].forward(codes);
        for layer in &self.layers[1..] {
            // LeakyReLU's slope is 0.01 where nothing else is said.
            values = layer.forward(&values.f_leaky_relu().map_err(torch_error)?);
        }
        Ok(values)
    }
}
