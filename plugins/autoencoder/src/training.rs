//! The training of the autoencoder.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::Device;
use lossnet_plugin_kit::image::{Image, sheet};
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::loader::{LoaderOptions, evaluation_batch, load_batches};
use lossnet_plugin_kit::train::{
    At, Goal, Loss, SampleSource, TrainSettings, Trained, Trainee, Validation, train,
};
use lossnet_plugin_kit::{nn, samples};
use rand_chacha::ChaCha8Rng;

use crate::data::{Part, Preparation};
use crate::networks::{Autoencoder, Decoded};
use crate::objective::Objective;

/// The name of the training among those of the task.
pub(crate) const STAGE: &str = "autoencoder";

/// Images on a sheet of reconstructions.
const SHOWN: usize = 8;

/// The autoencoder at school. A batch is one of images, N×3×H×W in [0, 1].
struct Pupil<'a> {
    autoencoder: &'a mut Autoencoder,
    objective: &'a Objective<'a>,
    /// That of the objective.
    network: &'a FrozenNetwork,
    device: Device,
    part: &'a Part,
    preparation: Preparation,
    loader: LoaderOptions,
    shown: &'a dyn Samples,
}

/// Trains the autoencoder on a part, or loads it where that is done, and leaves it with its best weights, in evaluation
/// mode. Pictures are of the first samples of `shown`.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a training needs")]
pub(crate) fn train_autoencoder(
    autoencoder: &mut Autoencoder,
    objective: &Objective<'_>,
    network: &FrozenNetwork,
    part: &Part,
    shown: &dyn Samples,
    preparation: Preparation,
    settings: &TrainSettings,
    run: &dyn Run,
) -> Result<Trained, PluginError> {
    let device = nn::device(&run.context().device)?;
    let loader = LoaderOptions::of(run, settings.batch_size);
    let source = SampleSource {
        samples: &*part.samples,
        indices: part.training.clone(),
        seed: run.context().seed,
        loader,
        prepare: |sample: Sample, _: &mut ChaCha8Rng| preparation.image(&sample),
        collate: |images: Vec<Image>| samples::batch(&images),
    };
    let mut pupil = Pupil { autoencoder, objective, network, device, part, preparation, loader, shown };
    train(STAGE, &mut pupil, &source, settings, Goal::Minimize, run)
}

impl Trainee<Tensor> for Pupil<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.autoencoder.variables()))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        let mut buffers = nn::buffers(self.autoencoder.variables());
        buffers.extend(self.network.buffers()?);
        Ok(buffers)
    }

    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.autoencoder.set_training(training);
        self.network.set_training(training)
    }

    fn loss(&mut self, images: Tensor, _: &At) -> Result<Loss, PluginError> {
        let images = images.f_to(self.device).map_err(torch_error)?;
        let terms = self.objective.pass(self.autoencoder, &images)?.terms;
        Ok(Loss { scalars: terms.named(), loss: terms.total })
    }

    fn validate(&mut self, run: &dyn Run) -> Result<Validation, PluginError> {
        let largest = evaluation_batch(run, self.loader.batch_size);
        let batches: Vec<Vec<usize>> = self.part.validation.chunks(largest).map(<[usize]>::to_vec).collect();
        let (mut total, mut terms): (f64, Vec<(&str, f64)>) = (0.0, Vec::new());
        let preparation = self.preparation;
        let prepare = |_, sample: Sample| preparation.image(&sample);
        load_batches(&*self.part.samples, &batches, self.loader, prepare, |images| {
            run.check_cancelled()?;
            let share = images.len() as f64 / self.part.validation.len() as f64;
            let images = samples::batch(&images)?.f_to(self.device).map_err(torch_error)?;
            let found = self.objective.pass(self.autoencoder, &images)?.terms;
            total += share * found.total.f_double_value(&[]).map_err(torch_error)?;
            for (at, (name, term)) in found.named().into_iter().enumerate() {
                let value = share * term.f_double_value(&[]).map_err(torch_error)?;
                match terms.get_mut(at) {
                    Some((_, sum)) => *sum += value,
                    None => terms.push((name, value)),
                }
            }
            Ok(())
        })?;
        let scalars = terms.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Ok(Validation { objective: total, scalars })
    }

    /// The first images of what is evaluated above what the autoencoder makes of them. Which images are set aside for validation
    /// depends on the seed: runs that are looked at side by side show the same ones.
    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        if self.autoencoder.form().model.writes_features() {
            return Ok(Vec::new());
        }
        let shown = 0..self.shown.len().min(SHOWN);
        let images = shown.map(|index| self.preparation.image(&self.shown.sample(index)?));
        let images = images.collect::<Result<Vec<_>, PluginError>>()?;
        let batch = samples::batch(&images)?.f_to(self.device).map_err(torch_error)?;
        let codes = self.autoencoder.encode(&self.objective.input(self.autoencoder, &batch)?)?.mean;
        let Decoded::Images(made) = self.autoencoder.decode(&codes)? else { return Ok(Vec::new()) };
        let made = (0..images.len() as i64).map(|at| {
            let image =
                made.f_select(0, at).and_then(|image| image.f_to(Device::Cpu)).map_err(torch_error)?;
            Ok(Image::from_tensor(&image)?)
        });
        let made = made.collect::<Result<Vec<_>, PluginError>>()?;
        Ok(vec![("reconstructions".to_owned(), sheet(&[images, made])?)])
    }
}
