//! Training on triplets that a ranking makes of images.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::metric::{
    Judged, LearnedMetric, LearnedOptions, STAGE, SyncLoss, TripletBatch, learn,
};
use lossnet_plugin_kit::train::{BatchSource, SampleSource, stage_seed, validation_split};
use rand_chacha::ChaCha8Rng;

use crate::reference::Unnormalized;
use crate::{AugmentationSettings, Ranking};

/// The metric of the run's cell, trained on the images of `train_split`: what is drawn for an image differs from epoch to
/// epoch, and is always the same for those that are set aside for validation.
///
/// Fails if the split is not there, is empty, or has no images, and as [`learn`] does.
pub(crate) fn learned(
    settings: &AugmentationSettings,
    ranking: &Ranking,
    unnormalized: Option<Unnormalized>,
    run: &dyn Run,
) -> Result<LearnedMetric, PluginError> {
    let split = &settings.train_split;
    let wrong = |error: PluginError| {
        let help = format!(
            "the variant `{}` is trained on augmented images: name a split that has images with task.train_split",
            settings.variant.name()
        );
        PluginError { help: error.help.clone().or(Some(help)), ..error }
    };
    let samples = run.samples(split).map_err(wrong)?;
    if samples.is_empty() {
        return Err(wrong(PluginError::input(format!("the split `{split}` has no images to train with"))));
    }
    let seed = stage_seed(run, STAGE);
    let (training, validation) = validation_split(samples.len(), settings.training.validation_fraction, seed);
    let side = settings.size as usize;
    let source = |indices: Vec<usize>, seed: u64| SampleSource {
        samples: &*samples,
        indices,
        seed,
        loader: LoaderOptions::of(run, settings.training.batch_size),
        prepare: move |sample: Sample, random: &mut ChaCha8Rng| ranking.triplet(&sample, side, random),
        collate: move |triplets: Vec<Judged>| batch(&triplets, unnormalized),
    };
    let training = source(training, seed);
    let validation = source(validation, stage_seed(run, "validation"));
    let validation = (!validation.is_empty()).then_some(&validation as &dyn BatchSource<TripletBatch>);
    let options = LearnedOptions {
        variant: settings.variant,
        protocol: settings.protocol,
        logit: settings.logit,
        dropout: settings.dropout,
        seed,
    };
    let sync = SyncLoss::from_setting(settings.sync_epochs);
    learn(run, &options, sync, &settings.training, &training, validation)
}

fn batch(triplets: &[Judged], unnormalized: Option<Unnormalized>) -> Result<TripletBatch, PluginError> {
    let mut batch = TripletBatch::new(triplets)?;
    if let Some(unnormalized) = unnormalized {
        batch.images[0] = unnormalized.apply(&batch.images[0])?;
    }
    Ok(batch)
}
