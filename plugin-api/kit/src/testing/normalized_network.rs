//! A loss network with a batch normalization.

use std::cell::Cell;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, torch_error};
use tch::Tensor;

use super::network_parts::{Named, check_mode, distances, drawn, shared, squared_differences};

/// A small loss network with a training mode: `conv`, 3×3 from 3 to 4 channels with stride 2, padding 1 and a bias, the batch
/// normalization `norm` and a ReLU, whose output is its only layer, `relu`. Parameters and running statistics are drawn by the
/// shared formula. Features are compared by the mean squared difference over positions, summed over (calibrated) channels.
#[derive(Debug)]
pub struct NormalizedLossNetwork {
    parameters: Named,
    buffers: Named,
    trainable: bool,
    training: Cell<bool>,
}

impl NormalizedLossNetwork {
    /// With values of this seed. Fails only if libtorch does.
    pub fn new(seed: u64, trainable: bool) -> Result<NormalizedLossNetwork, PluginError> {
        let parameters: [(&str, &[i64]); 4] =
            [("conv.weight", &[4, 3, 3, 3]), ("conv.bias", &[4]), ("norm.weight", &[4]), ("norm.bias", &[4])];
        let buffers: [(&str, &[i64]); 2] = [("norm.running_mean", &[4]), ("norm.running_var", &[4])];
        let parameters = drawn(seed, &parameters, trainable)?;
        let buffers = drawn(seed, &buffers, false)?;
        Ok(NormalizedLossNetwork { parameters, buffers, trainable, training: Cell::new(trainable) })
    }
}

impl LossNetwork for NormalizedLossNetwork {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        distances(self, images, pairs)
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let [weight, bias, scale, shift] = [0, 1, 2, 3].map(|at: usize| &self.parameters[at].1);
        let [mean, variance] = [0, 1].map(|at: usize| &self.buffers[at].1);
        let output = images
            .f_conv2d(weight, Some(bias), 2, 1, 1, 1)
            .and_then(|x| {
                let training = self.training.get();
                x.f_batch_norm(
                    Some(scale),
                    Some(shift),
                    Some(mean),
                    Some(variance),
                    training,
                    0.1,
                    1e-5,
                    false,
                )
            })
            .and_then(|x| x.f_relu());
        Ok(vec![output.map_err(torch_error)?])
    }

    fn layers(&self) -> Vec<String> {
        vec!["relu".to_owned()]
    }

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        Ok(vec![4])
    }

    fn compare(
        &self,
        _cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        squared_differences(a, b, calibration)?
            .f_mean_dim([1i64, 2, 3].as_slice(), false, None)
            .map_err(torch_error)
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(if self.trainable { shared(&self.parameters) } else { Vec::new() })
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(if self.trainable { shared(&self.buffers) } else { Vec::new() })
    }

    fn set_training(&self, training: bool) -> Result<(), PluginError> {
        check_mode(training, self.trainable)?;
        self.training.set(training);
        Ok(())
    }
}
