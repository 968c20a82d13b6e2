//! Training the network with a perceptual loss.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch;
use lossnet_plugin_api::tch::TchError;
use lossnet_plugin_kit::image::{Image, sheet};
use lossnet_plugin_kit::loader::{LoaderOptions, evaluation_batch};
use lossnet_plugin_kit::nn::{self, buffers, device, parameters};
use lossnet_plugin_kit::perceptual::{PerceptualLoss, Reduction};
use lossnet_plugin_kit::train::{At, Goal, Loss, SampleSource, Trainee, Validation, stage_seed, train};

use crate::data::{Batch, Pair, Parts, prepare};
use crate::network::TransformNetwork;
use crate::pictures;
use crate::settings::{Protocol, SuperResolutionSettings};

/// The training's name: of its curves and of the folder of its checkpoints.
const STAGE: &str = "training";

/// Validation images in a picture of the training.
const PICTURED: usize = 4;

/// The perceptual loss of what the network makes of a batch, with its graph: a training step without the optimizer's
/// part. The batch is moved to the network's device.
///
/// Fails where images are too small or differ in size.
pub fn batch_loss(
    network: &TransformNetwork,
    loss: &PerceptualLoss<'_>,
    batch: &Batch,
) -> Result<Tensor, PluginError> {
    Ok(pass(network, loss, batch)?.0)
}

/// The same with the network's output and its target.
fn pass(
    network: &TransformNetwork,
    loss: &PerceptualLoss<'_>,
    batch: &Batch,
) -> Result<(Tensor, Tensor, Tensor), PluginError> {
    let device = network.device();
    let moved = |tensor: &Tensor| tensor.f_to_device(device).map_err(torch_error);
    let target = moved(&batch.target)?;
    let features = loss.target(&target)?;
    let output = network.forward(&moved(&batch.input)?, true)?;
    Ok((loss.loss(&output, &features)?, output, target))
}

/// What the network makes of one image, grey or RGB: RGB, rounded to 8 bits. Fails where a side is shorter than
/// [`TransformNetwork::SMALLEST_INPUT`].
pub fn enlarge(network: &TransformNetwork, image: &Image) -> Result<Image, PluginError> {
    let input = image.to_rgb().to_tensor()?;
    let input =
        input.f_unsqueeze(0).and_then(|input| input.f_to_device(network.device())).map_err(torch_error)?;
    let output = tch::no_grad(|| network.forward(&input, false))?;
    Ok(Image::from_tensor(&output.f_squeeze_dim(0).map_err(torch_error)?)?)
}

/// The loss of one image, grey or RGB, and what it is to become.
pub fn feature_loss(
    network: &TransformNetwork,
    loss: &PerceptualLoss<'_>,
    input: &Image,
    target: &Image,
) -> Result<f64, PluginError> {
    let pair = Pair { input: input.to_rgb(), target: target.to_rgb() };
    let Batch { input, target } = Batch::of(&[pair])?;
    let moved = |tensor: &Tensor| tensor.f_to_device(network.device()).map_err(torch_error);
    tch::no_grad(|| {
        let features = loss.target(&moved(&target)?)?;
        let output = network.forward(&moved(&input)?, false)?;
        loss.loss(&output, &features)?.f_double_value(&[]).map_err(torch_error)
    })
}

/// The network and what it learns from.
#[derive(Debug)]
pub struct Training<'a> {
    network: TransformNetwork,
    loss: PerceptualLoss<'a>,
    protocol: Protocol,
    validation: Vec<Pair>,
    batch_size: usize,
}

impl<'a> Training<'a> {
    /// A training of this network, validated with these RGB pairs in batches of so many.
    pub fn new(
        network: TransformNetwork,
        loss: PerceptualLoss<'a>,
        protocol: Protocol,
        validation: Vec<Pair>,
        batch_size: usize,
    ) -> Training<'a> {
        Training { network, loss, protocol, validation, batch_size: batch_size.max(1) }
    }

    /// The network.
    pub fn into_network(self) -> TransformNetwork {
        self.network
    }
}

impl Trainee<Batch> for Training<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(parameters(self.network.variables()))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(buffers(self.network.variables()))
    }

    fn set_training(&mut self, _training: bool) -> Result<(), PluginError> {
        // The network is told at each call.
        Ok(())
    }

    fn loss(&mut self, batch: Batch, _at: &At) -> Result<Loss, PluginError> {
        let (loss, output, target) = pass(&self.network, &self.loss, &batch)?;
        let psnr = tch::no_grad(|| published_psnr(&output, &target)).map_err(torch_error)?;
        Ok(Loss { loss, scalars: vec![("psnr", psnr)] })
    }

    fn validate(&mut self, run: &dyn Run) -> Result<Validation, PluginError> {
        let (mut images, mut batches) = (Vec::new(), Vec::new());
        let together = match self.protocol {
            Protocol::Corrected => evaluation_batch(run, self.batch_size),
            // What is found depends on it.
            Protocol::Published => self.batch_size,
        };
        for pairs in self.validation.chunks(together) {
            run.check_cancelled()?;
            let Batch { input, target } = Batch::of(pairs)?;
            let device = self.network.device();
            let input = input.f_to_device(device).map_err(torch_error)?;
            let target = target.f_to_device(device).map_err(torch_error)?;
            let output = self.network.forward(&input, false)?;
            let (each, all) = psnr_of_batch(&output, &target).map_err(torch_error)?;
            images.extend(each);
            batches.push(all * pairs.len() as f64);
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / self.validation.len() as f64;
        let (per_image, per_batch) = (mean(&images), mean(&batches));
        let objective = match self.protocol {
            Protocol::Corrected => per_image,
            Protocol::Published => per_batch,
        };
        let scalars = vec![("psnr".to_owned(), per_image), ("psnr_of_batches".to_owned(), per_batch)];
        Ok(Validation { objective, scalars })
    }

    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        let rows = self.validation.iter().take(PICTURED).map(|pair| {
            let output = enlarge(&self.network, &pair.input)?;
            let bicubic = pictures::enlarge_bicubic(&pair.input, &pair.target)?;
            Ok(vec![pair.input.clone(), bicubic, output, pair.target.clone()])
        });
        let rows = rows.collect::<Result<Vec<_>, PluginError>>()?;
        Ok(vec![("validation".to_owned(), sheet(&rows)?)])
    }
}

/// The PSNR, in dB, of each image with peak 1, where all values of the three channels count alike; and, as published, that of the
/// luma of all of them together.
fn psnr_of_batch(output: &Tensor, target: &Tensor) -> Result<(Vec<f64>, f64), TchError> {
    let squared = output.f_sub(target)?.f_square()?;
    let each = squared.f_mean_dim([1i64, 2, 3].as_slice(), false, tch::Kind::Double)?;
    let each: Vec<f64> = Vec::try_from(each.f_to_device(tch::Device::Cpu)?)?;
    let all = published_psnr(output, target)?.f_double_value(&[])?;
    Ok((each.iter().map(|error| -10.0 * error.log10()).collect(), all))
}

/// The PSNR, in dB, of a batch's luma, in [16, 235], whose peak is the largest luma of the targets: torchmetrics takes the range of
/// what it has seen, and begins with a 0.
fn published_psnr(output: &Tensor, target: &Tensor) -> Result<Tensor, TchError> {
    let weights = Tensor::f_from_slice(&[65.481_f32, 128.553, 24.966])?.f_view([1, 3, 1, 1])?;
    let weights = weights.f_to_device(output.device())?;
    let luma = |images: &Tensor| {
        images.f_mul(&weights)?.f_sum_dim_intlist([1i64].as_slice(), false, None)?.f_add_scalar(16.0)
    };
    let (output, target) = (luma(output)?, luma(target)?);
    let error = output.f_sub(&target)?.f_square()?.f_mean(tch::Kind::Double)?;
    let peak = target.f_max()?.f_to_kind(tch::Kind::Double)?;
    peak.f_square()?.f_div(&error)?.f_log10()?.f_mul_scalar(10.0)
}

/// Trains a network, or goes on with it, and leaves the best one in `network.safetensors` in the folder of the cell's
/// checkpoints.
pub(crate) fn trained_network(
    settings: &SuperResolutionSettings,
    run: &dyn Run,
) -> Result<TransformNetwork, PluginError> {
    let Parts { samples, training, validation } = Parts::open(settings, run)?;
    let loss_network = run.loss_network()?;
    let loss = PerceptualLoss::new(&*loss_network, settings.perceptual, Reduction::Layers);
    let device = device(&run.context().device)?;
    let network = TransformNetwork::new(settings.factor, stage_seed(run, STAGE), device);
    let batch_size = settings.training.batch_size;
    let source = SampleSource {
        samples: &*samples,
        indices: training,
        seed: 0,
        loader: LoaderOptions::of(run, batch_size),
        prepare: |sample: Sample, _: &mut _| prepare(&sample, settings),
        collate: |pairs: Vec<Pair>| Batch::of(&pairs),
    };
    let mut trainee = Training::new(network, loss, settings.protocol, validation, batch_size);
    train(STAGE, &mut trainee, &source, &settings.training, Goal::Maximize, run)?;
    let network = trainee.into_network();
    nn::write(network.variables(), &run.context().cells[0].checkpoints.join("network.safetensors"))?;
    Ok(network)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn psnr_is_that_of_each_image_or_that_of_the_batch_with_its_own_range() {
        // Two images of 3×1×2 values: errors of 0.1 everywhere, and of 0.2; targets from 0.25 to 0.75.
        let target =
            Tensor::from_slice(&[0.25f32, 0.75, 0.5, 0.5, 0.5, 0.5]).repeat([2]).reshape([2, 3, 1, 2]);
        let error = Tensor::from_slice(&[0.1f32, 0.2]).reshape([2, 1, 1, 1]);
        let (each, all) = psnr_of_batch(&(&target + error), &target).unwrap();
        assert!((each[0] - 20.0).abs() < 1e-5 && (each[1] - 13.9794).abs() < 1e-4, "{each:?}");
        // Luma of the targets' two pixels: R 0.25 and 0.75, G and B 0.5; errors of 219 times the images'.
        let peak: f64 = 16.0 + 65.481 * 0.75 + (128.553 + 24.966) * 0.5;
        let expected = 10.0 * (peak * peak / (219.0_f64.powi(2) * 0.025)).log10();
        assert!((all - expected).abs() < 1e-4, "{all} instead of {expected}");
    }

    #[test]
    fn the_published_psnr_is_that_of_the_published_validation() {
        let golden = include_str!("../tests/golden/published.json");
        let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
        let images = |seed, count| {
            lossnet_plugin_kit::testing::formula_images(seed, "images", &[count, 3, 16, 16]).unwrap()
        };
        // Batches of 4 and 2.
        let (mut sum, mut count) = (0.0, 0.0);
        for (seed, size) in [(0, 4), (1, 2)] {
            let psnr = published_psnr(&images(seed + 10, size), &(images(seed, size) * 0.5)).unwrap();
            sum += psnr.double_value(&[]) * size as f64;
            count += size as f64;
        }
        let expected = golden["validation"].as_f64().unwrap();
        assert!((sum / count - expected).abs() < 1e-4, "{} instead of {expected}", sum / count);
    }
}
