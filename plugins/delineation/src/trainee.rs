//! The network as the training loop sees it.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::PerceptualLoss;
use lossnet_plugin_kit::train::{At, Loss, Trainee, Validation};
use tch::Device;

use crate::evaluate::{Measure, mean, pictures};
use crate::evaluated::Evaluated;
use crate::network::UNet;
use crate::step::{Batch, training_loss};

/// The network, its loss and what it is validated with.
pub(crate) struct Delineation<'a> {
    pub(crate) network: UNet,
    pub(crate) device: Device,
    pub(crate) steps: usize,
    /// The perceptual loss and its weight; none if that is 0.
    pub(crate) perceptual: Option<(PerceptualLoss<'a>, f64)>,
    pub(crate) validation: Evaluated,
    pub(crate) measure: Measure,
    /// Rows in the pictures.
    pub(crate) rows: usize,
}

impl Trainee<Batch> for Delineation<'_> {
    fn parameters(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::parameters(self.network.variables()))
    }

    fn buffers(&self) -> Result<Vec<(String, Tensor)>, PluginError> {
        Ok(nn::buffers(self.network.variables()))
    }

    /// The mode is an argument of each pass.
    fn set_training(&mut self, _training: bool) -> Result<(), PluginError> {
        Ok(())
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
        // The relaxed scores are for the end.
        let measure = Measure { tolerance: 0.0, ..self.measure };
        self.validation.for_each(&mut |pairs| {
            run.check_cancelled()?;
            scores.extend(measure.scores(&self.network, pairs, self.device)?);
            Ok(())
        })?;
        let quality = mean(&scores, |scores| scores.strict.quality);
        Ok(Validation {
            objective: mean(&scores, |scores| scores.bce),
            scalars: vec![("quality".to_owned(), quality)],
        })
    }

    fn pictures(&mut self) -> Result<Vec<(String, Image)>, PluginError> {
        let pairs = self.validation.first(self.rows)?;
        let sheet = pictures(&self.network, &pairs, self.measure.steps, self.device)?;
        Ok(sheet.map(|sheet| ("validation".to_owned(), sheet)).into_iter().collect())
    }
}
