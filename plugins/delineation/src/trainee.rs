//! The network as the training loop sees it.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::PerceptualLoss;
use lossnet_plugin_kit::train::{At, Loss, Trainee, Validation};
use tch::Device;

use crate::data::Pair;
use crate::evaluate::{Measure, mean, pictures};
use crate::evaluated::Evaluated;
use crate::network::UNet;
use crate::settings::Protocol;
use crate::step::{Batch, training_loss};

/// The network, its loss and what it is validated with.
pub(crate) struct Delineation<'a> {
    pub(crate) network: UNet,
    pub(crate) device: Device,
    pub(crate) steps: usize,
    /// The loss network; none if its loss has no weight.
    pub(crate) loss_network: Option<&'a FrozenNetwork>,
    /// The perceptual loss and its weight; none if that is 0.
    pub(crate) perceptual: Option<(PerceptualLoss<'a>, f64)>,
    pub(crate) validation: Evaluated,
    pub(crate) measure: Measure,
    /// What pictures on the way show, which is the same whatever the seed.
    pub(crate) shown: Shown,
}

/// Images of a split that pictures show.
pub(crate) struct Shown {
    /// A name for the pictures.
    pub(crate) name: String,
    pub(crate) pairs: Vec<Pair>,
}

impl Trainee<Batch> for Delineation<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.network.variables()))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        let mut buffers = nn::buffers(self.network.variables());
        if let Some(network) = self.loss_network {
            buffers.extend(network.buffers()?);
        }
        Ok(buffers)
    }

    /// The U-Net's mode is an argument of each pass.
    fn set_training(&mut self, training: bool) -> Result<(), PluginError> {
        self.loss_network.map_or(Ok(()), |network| network.set_training(training))
    }

    fn loss(&mut self, batch: Batch, _at: &At) -> Result<Loss, PluginError> {
        let perceptual = self.perceptual.as_ref().map(|(loss, mu)| (loss, *mu));
        let step = training_loss(&self.network, &batch, self.steps, perceptual)?;
        let parts = [("bce", Some(step.bce)), ("perceptual", step.perceptual)];
        let scalars = parts.into_iter().filter_map(|(name, part)| Some((name, part?))).collect();
        Ok(Loss { loss: step.loss, scalars })
    }

    fn validate(&mut self, run: &dyn Run) -> Result<Validation, PluginError> {
        let mut scores = Vec::with_capacity(self.validation.len());
        let mut of_batches = Vec::new();
        let measure = self.measure.of_validation(self.steps);
        self.validation.for_each(&mut |pairs| {
            run.check_cancelled()?;
            let batch = measure.scores(&self.network, pairs, self.device)?;
            of_batches.push(mean(&batch, |scores| scores.bce));
            scores.extend(batch);
            Ok(())
        })?;
        let objective = match self.measure.protocol {
            Protocol::Corrected => mean(&scores, |scores| scores.bce),
            // A smaller last batch counts as much as the others.
            Protocol::Published => of_batches.iter().sum::<f64>() / of_batches.len().max(1) as f64,
        };
        let quality = mean(&scores, |scores| scores.strict.quality);
        Ok(Validation { objective, scalars: vec![("quality".to_owned(), quality)] })
    }

    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        let measure = self.measure.of_validation(self.steps);
        let sheet = pictures(&self.network, &self.shown.pairs, measure, self.device)?;
        Ok(sheet.map(|sheet| (self.shown.name.clone(), sheet)).into_iter().collect())
    }
}
