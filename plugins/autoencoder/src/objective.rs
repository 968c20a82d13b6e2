//! What autoencoders are trained by: how far what comes out is from what should.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{Kind, Reduction as TorchReduction, TchError};
use lossnet_plugin_kit::perceptual::{PerceptualKind, PerceptualLoss, Reduction};

use crate::networks::{Autoencoder, Decoded, Encoded, Model};
use crate::settings::Protocol;

/// The loss of autoencoders of one kind.
pub struct Objective<'a> {
    network: &'a dyn LossNetwork,
    perceptual: PerceptualLoss<'a>,
    /// Weight of [`divergence`].
    divergence_weight: f64,
    /// Weight of [`sorted_error`].
    sorted_weight: f64,
    protocol: Protocol,
}

impl std::fmt::Debug for Objective<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objective")
            .field("perceptual", &self.perceptual)
            .field("divergence_weight", &self.divergence_weight)
            .field("sorted_weight", &self.sorted_weight)
            .finish_non_exhaustive()
    }
}

/// A loss and what it is made of, each one number.
#[derive(Debug)]
pub struct Terms {
    /// All terms, weighted and added up.
    pub total: Tensor,
    /// How far what came out is from what should have.
    pub reconstruction: Tensor,
    /// The Kullback-Leibler divergence, if the autoencoder is variational.
    pub divergence: Option<Tensor>,
    /// The error of sorted values, if it has a weight.
    pub sorted: Option<Tensor>,
}

/// What an autoencoder made of a batch.
#[derive(Debug)]
pub struct Pass {
    /// What the encoder found.
    pub encoded: Encoded,
    /// What was made of the codes.
    pub decoded: Decoded,
    /// How good that is.
    pub terms: Terms,
}

impl<'a> Objective<'a> {
    /// The loss by this network. `divergence_weight` weighs the divergence of variational autoencoders, `sorted_weight` the error of sorted
    /// values.
    pub fn new(
        network: &'a dyn LossNetwork,
        kind: PerceptualKind,
        divergence_weight: f64,
        sorted_weight: f64,
    ) -> Objective<'a> {
        Objective {
            network,
            perceptual: PerceptualLoss::new(network, kind, Reduction::Elements),
            divergence_weight,
            sorted_weight,
            protocol: Protocol::Corrected,
        }
    }

    /// The same by another protocol. In the published one codes are drawn in validation as in training, `sorted_weight` counts where
    /// the outputs are images that are compared by features, and a network that is read and aimed at is run for each of
    /// both, which shows where it drifts.
    #[must_use]
    pub fn with_protocol(self, protocol: Protocol) -> Objective<'a> {
        Objective { protocol, ..self }
    }

    /// The loss network's features of images (N×3×H×W in [0, 1]), without a graph. Fails, naming the images' size, where
    /// the network does.
    pub fn features(&self, images: &Tensor) -> Result<Vec<Tensor>, PluginError> {
        let size = images.size();
        self.perceptual.target(images).map_err(|error| {
            error.context(format_args!("the loss network's features of images of {}×{}", size[2], size[3]))
        })
    }

    /// What goes into an autoencoder for these images: themselves, or their features joined to N×P.
    pub fn input(&self, autoencoder: &Autoencoder, images: &Tensor) -> Result<Tensor, PluginError> {
        let form = autoencoder.form();
        if form.model.reads_features() {
            form.features.join(&self.features(images)?)
        } else {
            Ok(images.shallow_clone())
        }
    }

    /// One pass of a batch of images (N×3×H×W in [0, 1], on the autoencoder's device) with its loss: all that a training
    /// step does besides the gradients and the optimizer. In training a variational autoencoder's codes are drawn with
    /// libtorch's generator; else they are the means, but for the published protocol.
    pub fn pass(&self, autoencoder: &Autoencoder, images: &Tensor) -> Result<Pass, PluginError> {
        let form = autoencoder.form();
        let drawn = autoencoder.training() || self.protocol == Protocol::Published;
        if !drawn || !form.variational {
            return self.pass_with(autoencoder, images, None);
        }
        let noise = Tensor::f_randn([images.size()[0], form.code], (Kind::Float, images.device()));
        self.pass_with(autoencoder, images, Some(&noise.map_err(torch_error)?))
    }

    /// The same with the noise that codes are drawn by, N×z, from a standard normal distribution; without it they are the
    /// means.
    pub fn pass_with(
        &self,
        autoencoder: &Autoencoder,
        images: &Tensor,
        noise: Option<&Tensor>,
    ) -> Result<Pass, PluginError> {
        let form = autoencoder.form();
        let pixels_only = form.model == Model::FeatureToImgCvae;
        // They are input, target, or both, and are computed once.
        let mut target = self.features(images)?;
        let input =
            if form.model.reads_features() { form.features.join(&target)? } else { images.shallow_clone() };
        let encoded = autoencoder.encode(&input)?;
        let decoded = autoencoder.decode(&encoded.codes(noise)?)?;
        let again = self.protocol == Protocol::Published && form.model.reads_features() && !pixels_only;
        if again {
            target = self.features(images)?;
        }
        let (output, target) = match &decoded {
            Decoded::Images(made) if pixels_only => {
                (vec![made.shallow_clone()], vec![images.shallow_clone()])
            }
            Decoded::Images(made) => (self.network.features(made)?, target),
            Decoded::Features(made) => (made.iter().map(Tensor::shallow_clone).collect(), target),
        };
        let reconstruction = if pixels_only {
            output[0].f_mse_loss(&target[0], TorchReduction::Mean).map_err(torch_error)?
        } else {
            self.perceptual.features_loss(&output, &target)?
        };
        let divergence =
            encoded.log_variance.as_ref().map(|log_variance| divergence(&encoded.mean, log_variance));
        let divergence = divergence.transpose().map_err(torch_error)?;
        let has_sorted =
            self.sorted_weight != 0.0 && (self.protocol == Protocol::Corrected || reconstructs(form.model));
        let sorted = has_sorted.then(|| sorted_error(&output, &target)).transpose().map_err(torch_error)?;
        let terms =
            Terms::new(reconstruction, divergence, sorted, self.divergence_weight, self.sorted_weight)
                .map_err(torch_error)?;
        Ok(Pass { encoded, decoded, terms })
    }
}

/// Whether it makes images that are compared by features.
fn reconstructs(model: Model) -> bool {
    matches!(model, Model::FourLayerCvae | Model::PerceptualFeatureToImgCvae)
}

impl Terms {
    /// The terms with their sum, `reconstruction + divergence_weight * divergence + sorted_weight * sorted`.
    pub fn new(
        reconstruction: Tensor,
        divergence: Option<Tensor>,
        sorted: Option<Tensor>,
        divergence_weight: f64,
        sorted_weight: f64,
    ) -> Result<Terms, TchError> {
        let mut total = reconstruction.shallow_clone();
        for (term, weight) in [(&divergence, divergence_weight), (&sorted, sorted_weight)] {
            if let Some(term) = term {
                total = total.f_add(&term.f_mul_scalar(weight)?)?;
            }
        }
        Ok(Terms { total, reconstruction, divergence, sorted })
    }

    /// The terms by name, where there are several.
    pub(crate) fn named(&self) -> Vec<(&'static str, Tensor)> {
        let further = [("divergence", &self.divergence), ("sorted", &self.sorted)];
        let further: Vec<_> =
            further.into_iter().filter_map(|(name, term)| Some((name, term.as_ref()?))).collect();
        if further.is_empty() {
            return Vec::new();
        }
        let all = std::iter::once(("reconstruction", &self.reconstruction)).chain(further);
        all.map(|(name, term)| (name, term.detach())).collect()
    }
}

/// The Kullback-Leibler divergence of codes from the standard normal distribution, as it was published: `-mean(1 +
/// log_variance - mean² - exp(log_variance))`, which is twice the usual one per value of the codes.
pub fn divergence(mean: &Tensor, log_variance: &Tensor) -> Result<Tensor, TchError> {
    let inner = log_variance.f_add_scalar(1.0)?.f_sub(&mean.f_square()?)?.f_sub(&log_variance.f_exp()?)?;
    inner.f_mean(None)?.f_neg()
}

/// `max(log(e), 0)`, where e is the mean squared error of the values of each channel (N×C×H×W, or N×C×…) after they were
/// sorted: how far two images are apart wherever in the image that is.
pub fn sorted_error(output: &[Tensor], target: &[Tensor]) -> Result<Tensor, TchError> {
    let elements: usize = output.iter().map(Tensor::numel).sum();
    let mut error: Option<Tensor> = None;
    for (output, target) in output.iter().zip(target) {
        let layer = sorted(output)?.f_mse_loss(&sorted(target)?, TorchReduction::Mean)?;
        let layer = layer.f_mul_scalar(output.numel() as f64 / elements.max(1) as f64)?;
        error = Some(match error {
            Some(error) => error.f_add(&layer)?,
            None => layer,
        });
    }
    let error = error.ok_or_else(|| TchError::Torch("no layer has features".to_owned()))?;
    // Bounded before the logarithm, whose slope has no bound.
    error.f_clamp_min(1.0)?.f_log()
}

/// The values of each channel in ascending order, N×C×(H·W).
fn sorted(values: &Tensor) -> Result<Tensor, TchError> {
    let channels = if values.dim() > 2 { values.f_flatten(2, -1)? } else { values.f_unsqueeze(-1)? };
    Ok(channels.f_sort(-1, false)?.0)
}
