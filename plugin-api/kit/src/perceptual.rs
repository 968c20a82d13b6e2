//! Deep perceptual loss: how far the features of two images are apart, as something to train with.

use lossnet_plugin_api::PluginError;
use lossnet_plugin_api::component::{LossNetwork, torch_error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tch::{Reduction as TorchReduction, TchError, Tensor};

/// How the features of two images become a loss. Tasks offer it as a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PerceptualKind {
    /// Mean squared error of the features.
    #[default]
    Mse,
    /// The distance that `loss_network.comparison` computes, with `loss_network.calibration` if there is one.
    Comparison,
}

/// How the squared errors of several layers become one number. With one layer there is no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The mean over all elements of all layers' features, as if they were one long vector: large layers count more.
    Elements,
    /// The mean over layers of each layer's mean: all layers count the same.
    Layers,
}

/// A loss network used as a loss, for the first cell of a run.
pub struct PerceptualLoss<'a> {
    network: &'a dyn LossNetwork,
    kind: PerceptualKind,
    reduction: Reduction,
}

impl std::fmt::Debug for PerceptualLoss<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PerceptualLoss")
            .field("layers", &self.network.layers())
            .field("kind", &self.kind)
            .field("reduction", &self.reduction)
            .finish()
    }
}

impl<'a> PerceptualLoss<'a> {
    /// The loss of this network. The reduction is that of [`PerceptualKind::Mse`].
    pub fn new(
        network: &'a dyn LossNetwork,
        kind: PerceptualKind,
        reduction: Reduction,
    ) -> PerceptualLoss<'a> {
        PerceptualLoss { network, kind, reduction }
    }

    /// The features of the images that are aimed at (N×3×H×W, float32, RGB in [0, 1]), computed without a graph.
    pub fn target(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        tch::no_grad(|| self.network.features(images))
    }

    /// The features of images (N×3×H×W, float32, RGB in [0, 1]), with a graph to them.
    pub fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        self.network.features(images)
    }

    /// How far images (N×3×H×W, float32, RGB in [0, 1]) are from a [`target`](PerceptualLoss::target) of as many: one
    /// number, with a graph to the images.
    pub fn loss(&self, images: &Tensor, target: &[Tensor]) -> Result<Tensor, PluginError> {
        self.features_loss(&self.network.features(images)?, target)
    }

    /// The same for features that are there already. Fails if they are of other layers or shapes.
    pub fn features_loss(&self, features: &[Tensor], target: &[Tensor]) -> Result<Tensor, PluginError> {
        if features.is_empty() || features.len() != target.len() {
            return Err(PluginError::run(format!(
                "the features of {} layers were to be compared with those of {}",
                features.len(),
                target.len()
            )));
        }
        if let Some((a, b)) = features.iter().zip(target).find(|(a, b)| a.size() != b.size()) {
            return Err(PluginError::run(format!(
                "features of shape {:?} were to be compared with features of shape {:?}",
                a.size(),
                b.size()
            )));
        }
        match self.kind {
            PerceptualKind::Comparison => {
                let distances = self.network.compare(0, features, target, None)?;
                distances.f_mean(None).map_err(torch_error)
            }
            PerceptualKind::Mse => squared_error(features, target, self.reduction).map_err(torch_error),
        }
    }
}

fn squared_error(features: &[Tensor], target: &[Tensor], reduction: Reduction) -> Result<Tensor, TchError> {
    let elements: usize = features.iter().map(Tensor::numel).sum();
    let mut sum: Option<Tensor> = None;
    for (features, target) in features.iter().zip(target) {
        let share = match reduction {
            Reduction::Elements => features.numel() as f64 / elements.max(1) as f64,
            Reduction::Layers => 1.0,
        };
        let layer = features.f_mse_loss(target, TorchReduction::Mean)?;
        let layer = if share == 1.0 { layer } else { layer.f_mul_scalar(share)? };
        sum = Some(match sum {
            Some(sum) => sum.f_add(&layer)?,
            None => layer,
        });
    }
    let sum = sum.ok_or_else(|| TchError::Torch("no layer has features".to_owned()))?;
    match reduction {
        Reduction::Layers if features.len() > 1 => sum.f_div_scalar(features.len() as f64),
        _ => Ok(sum),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn layers() -> ([Tensor; 2], [Tensor; 2]) {
        let one = |values: &[f32], shape: &[i64]| Tensor::from_slice(values).reshape(shape);
        (
            [one(&[1.0, 2.0, 3.0, 5.0], &[1, 1, 2, 2]), one(&[0.0], &[1, 1, 1, 1])],
            [one(&[1.0, 2.0, 3.0, 1.0], &[1, 1, 2, 2]), one(&[3.0], &[1, 1, 1, 1])],
        )
    }

    #[test]
    fn layers_count_by_their_size_or_all_the_same() {
        let (a, b) = layers();
        // Squared errors: 0, 0, 0, 16 and 9.
        let value = |reduction| squared_error(&a, &b, reduction).unwrap().double_value(&[]);
        assert!((value(Reduction::Elements) - 25.0 / 5.0).abs() < 1e-6);
        assert!((value(Reduction::Layers) - f64::midpoint(4.0, 9.0)).abs() < 1e-6);
    }

    #[cfg(feature = "testing")]
    mod with_a_network {
        use tch::{Device, Kind};

        use super::*;
        use crate::testing::ConvLossNetwork;

        #[test]
        fn gradients_reach_the_images_and_not_the_target() {
            let network = ConvLossNetwork::new(0, false).unwrap();
            for kind in [PerceptualKind::Mse, PerceptualKind::Comparison] {
                let loss = PerceptualLoss::new(&network, kind, Reduction::Layers);
                let wanted = Tensor::rand([2, 3, 8, 8], (Kind::Float, Device::Cpu)).set_requires_grad(true);
                let target = loss.target(&wanted).unwrap();
                assert!(target.iter().all(|features| !features.requires_grad()));
                let images = Tensor::rand([2, 3, 8, 8], (Kind::Float, Device::Cpu)).set_requires_grad(true);
                let value = loss.loss(&images, &target).unwrap();
                value.backward();
                assert!(value.double_value(&[]) > 0.0 && images.grad().abs().max().double_value(&[]) > 0.0);
                let same = loss.loss(&wanted, &target).unwrap();
                assert_eq!(same.double_value(&[]), 0.0);
            }
        }

        #[test]
        fn features_that_do_not_fit_are_refused() {
            let network = ConvLossNetwork::new(0, false).unwrap();
            let loss = PerceptualLoss::new(&network, PerceptualKind::Mse, Reduction::Layers);
            let (a, b) = layers();
            assert!(loss.features_loss(&a[..1], &b).unwrap_err().to_string().contains("layers"));
            let error = loss.features_loss(&a[..1], &b[1..]).unwrap_err();
            assert!(error.to_string().contains("[1, 1, 2, 2]"), "{error}");
        }
    }
}
