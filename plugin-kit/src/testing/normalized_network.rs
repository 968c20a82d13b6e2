//! A loss network with a batch normalization.

use std::cell::Cell;

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, torch_error};
use lossnet_plugin_api::protocol::formula::parameter_values;
use tch::Tensor;

/// A small loss network with a training mode: `conv`, 3×3 from 3 to 4 channels with stride 2, padding 1 and a bias, the batch
/// normalization `norm` and a ReLU, whose output is its only layer, `relu`. Parameters and running statistics are drawn by the
/// shared formula. Features are compared by the mean squared difference over positions, summed over (calibrated) channels.
#[derive(Debug)]
pub struct NormalizedLossNetwork {
    parameters: Vec<(String, Tensor)>,
    buffers: Vec<(String, Tensor)>,
    trainable: bool,
    training: Cell<bool>,
}

impl NormalizedLossNetwork {
    /// With values of this seed. Fails only if libtorch does.
    pub fn new(seed: u64, trainable: bool) -> Result<NormalizedLossNetwork, PluginError> {
        let tensor = |(name, shape): (&str, &[i64])| -> Result<(String, Tensor), tch::TchError> {
            let values = Tensor::f_from_slice(&parameter_values(seed, name, shape))?.f_reshape(shape)?;
            Ok((name.to_owned(), values))
        };
        let parameters: [(&str, &[i64]); 4] =
            [("conv.weight", &[4, 3, 3, 3]), ("conv.bias", &[4]), ("norm.weight", &[4]), ("norm.bias", &[4])];
        let buffers: [(&str, &[i64]); 2] = [("norm.running_mean", &[4]), ("norm.running_var", &[4])];
        let parameters = parameters.into_iter().map(|parameter| {
            let (name, values) = tensor(parameter)?;
            Ok((name, values.f_set_requires_grad(trainable)?))
        });
        let parameters = parameters.collect::<Result<_, tch::TchError>>().map_err(torch_error)?;
        let buffers = buffers.into_iter().map(tensor).collect::<Result<_, _>>().map_err(torch_error)?;
        Ok(NormalizedLossNetwork { parameters, buffers, trainable, training: Cell::new(trainable) })
    }
}

impl LossNetwork for NormalizedLossNetwork {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        tch::no_grad(|| {
            let features = images.iter().map(|batch| self.features(batch)).collect::<Result<Vec<_>, _>>()?;
            let distances = pairs
                .iter()
                .map(|&(a, b)| self.compare(0, &features[a], &features[b], None))
                .collect::<Result<Vec<_>, _>>()?;
            Tensor::f_stack(&distances, 0).and_then(|stack| stack.f_unsqueeze(0)).map_err(torch_error)
        })
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
        super::conv_network::squared_differences(a, b, calibration)?
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
        if training && !self.trainable {
            return Err(PluginError::run("a frozen network has no training mode"));
        }
        self.training.set(training);
        Ok(())
    }
}

fn shared(tensors: &[(String, Tensor)]) -> Vec<(String, Tensor)> {
    tensors.iter().map(|(name, tensor)| (name.clone(), tensor.shallow_clone())).collect()
}
