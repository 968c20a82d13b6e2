//! What a trained autoencoder makes of the images of a split.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch::{self, Device, Kind};
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::loader::{LoaderOptions, for_each_batch};
use lossnet_plugin_kit::{nn, samples};

use crate::data::Preparation;
use crate::networks::Autoencoder;
use crate::objective::Objective;

/// The codes of a split's images with their labels, on the CPU.
pub(crate) struct Codes {
    pub(crate) split: String,
    pub(crate) ids: Vec<String>,
    pub(crate) groups: Vec<String>,
    /// N×z, float32.
    pub(crate) values: Tensor,
    /// N, whole numbers.
    pub(crate) labels: Tensor,
}

/// A sample, ready to be encoded.
struct Ready {
    id: String,
    group: String,
    image: Image,
    label: i64,
}

/// How splits are encoded.
pub(crate) struct Encoding<'a> {
    pub(crate) autoencoder: &'a Autoencoder,
    pub(crate) objective: &'a Objective<'a>,
    pub(crate) preparation: Preparation,
    pub(crate) classes: u32,
    pub(crate) batch_size: usize,
    pub(crate) run: &'a dyn Run,
}

impl Encoding<'_> {
    /// The codes (means, in evaluation mode) of all samples of a split, in their order.
    pub(crate) fn of(&self, split: &str, samples: &dyn Samples) -> Result<Codes, PluginError> {
        let total = samples.len();
        let device = nn::device(&self.run.context().device)?;
        let stage = format!("encoding {split}");
        let (mut ids, mut groups, mut labels, mut codes) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let (preparation, classes) = (self.preparation, self.classes);
        let prepare = |sample: Sample| {
            let image = preparation.image(&sample)?;
            let label = Preparation::label(&sample, classes)?;
            Ok(Ready { id: sample.id, group: sample.group, image, label })
        };
        let options = LoaderOptions::for_evaluation(self.run, self.batch_size);
        self.run.advance(&stage, 0, total as u64, "images");
        for_each_batch(samples, 0..total, options, prepare, |batch| {
            self.run.check_cancelled()?;
            let mut images = Vec::with_capacity(batch.len());
            for ready in batch {
                ids.push(ready.id);
                groups.push(ready.group);
                labels.push(ready.label);
                images.push(ready.image);
            }
            let images = samples::batch(&images)?.f_to(device).map_err(torch_error)?;
            let encoded =
                tch::no_grad(|| self.autoencoder.encode(&self.objective.input(self.autoencoder, &images)?))?;
            codes.push(encoded.mean.f_to(Device::Cpu).map_err(torch_error)?);
            self.run.advance(&stage, ids.len() as u64, total as u64, "images");
            Ok(())
        })?;
        let codes = Tensor::f_cat(&codes, 0).map_err(torch_error)?;
        let labels = Tensor::f_from_slice(&labels).map_err(torch_error)?;
        Ok(Codes { split: split.to_owned(), ids, groups, values: codes, labels })
    }
}

impl Codes {
    /// The samples at these positions.
    pub(crate) fn select(&self, split: &str, positions: &[usize]) -> Result<Codes, PluginError> {
        let wanted: Vec<i64> = positions.iter().map(|&position| position as i64).collect();
        let pick = |from: &Tensor| {
            Tensor::f_from_slice(&wanted)
                .and_then(|wanted| from.f_index_select(0, &wanted))
                .map_err(torch_error)
        };
        let named = |from: &[String]| positions.iter().map(|&position| from[position].clone()).collect();
        Ok(Codes {
            split: split.to_owned(),
            ids: named(&self.ids),
            groups: named(&self.groups),
            values: pick(&self.values)?,
            labels: pick(&self.labels)?,
        })
    }

    /// The labels as vectors with a 1 at the class, N×classes.
    pub(crate) fn targets(&self, classes: u32) -> Result<Tensor, PluginError> {
        self.labels
            .f_one_hot(i64::from(classes))
            .and_then(|targets| targets.f_to_kind(Kind::Float))
            .map_err(torch_error)
    }
}
