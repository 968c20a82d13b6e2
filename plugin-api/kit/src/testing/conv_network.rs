//! A loss network of two convolutions.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, torch_error};
use tch::Tensor;

use super::network_parts::{Named, check_mode, distances, drawn, shared, squared_differences};

/// A small loss network: two 3×3 convolutions, `conv1` from 3 to 4 channels and `conv2` from 4 to 6, each with padding
/// 1, a bias and a ReLU, whose outputs are its layers `relu1` and `relu2`. Parameters are drawn by the shared formula.
/// Features are compared by the mean squared difference over positions, summed over (calibrated) channels.
#[derive(Debug)]
pub struct ConvLossNetwork {
    parameters: Named,
    trainable: bool,
}

impl ConvLossNetwork {
    /// With parameters of this seed. Fails only if libtorch does.
    pub fn new(seed: u64, trainable: bool) -> Result<ConvLossNetwork, PluginError> {
        let shapes: [(&str, &[i64]); 4] = [
            ("conv1.weight", &[4, 3, 3, 3]),
            ("conv1.bias", &[4]),
            ("conv2.weight", &[6, 4, 3, 3]),
            ("conv2.bias", &[6]),
        ];
        let parameters = drawn(seed, &shapes, trainable)?;
        Ok(ConvLossNetwork { parameters, trainable })
    }
}

impl LossNetwork for ConvLossNetwork {
    fn distances(&self, images: &[Tensor], pairs: &[(usize, usize)]) -> Result<Tensor, PluginError> {
        distances(self, images, pairs)
    }

    fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let layer = |input: &Tensor, first: usize| {
            let (weight, bias) = (&self.parameters[first].1, &self.parameters[first + 1].1);
            input.f_conv2d(weight, Some(bias), 1, 1, 1, 1).and_then(|output| output.f_relu())
        };
        let first = layer(images, 0).map_err(torch_error)?;
        let second = layer(&first, 2).map_err(torch_error)?;
        Ok(vec![first, second])
    }

    fn layers(&self) -> Vec<String> {
        ["relu1", "relu2"].map(str::to_owned).to_vec()
    }

    fn channels(&self) -> Result<Vec<i64>, PluginError> {
        Ok(vec![4, 6])
    }

    fn compare(
        &self,
        _cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        calibration: Option<&[Tensor]>,
    ) -> Result<Tensor, PluginError> {
        let map = squared_differences(a, b, calibration)?;
        map.f_mean_dim([1i64, 2, 3].as_slice(), false, None).map_err(torch_error)
    }

    fn map(
        &self,
        _cell: usize,
        a: &[Tensor],
        b: &[Tensor],
        _size: (i64, i64),
        calibration: Option<&[Tensor]>,
    ) -> Result<Option<Tensor>, PluginError> {
        // All layers have the images' size.
        tch::no_grad(|| squared_differences(a, b, calibration)).map(Some)
    }

    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(if self.trainable { shared(&self.parameters) } else { Vec::new() })
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(Vec::new())
    }

    fn set_training(&self, training: bool) -> Result<(), PluginError> {
        check_mode(training, self.trainable)
    }
}
