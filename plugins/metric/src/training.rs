//! Training on a split's triplets.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::metric::{
    Judged, Kind, LearnedMetric, LearnedOptions, STAGE, SyncLoss, TripletBatch, judged, learn,
};
use lossnet_plugin_kit::train::{BatchSource, SampleSource, stage_seed, validation_split};

use crate::{MetricSettings, NAME};

/// The metric of the run's cell, trained on the triplets of `train_split`.
///
/// Fails if the split is not there, is empty, or has no triplets, and as [`learn`] does.
pub(crate) fn learned(settings: &MetricSettings, run: &dyn Run) -> Result<LearnedMetric, PluginError> {
    let split = &settings.train_split;
    let wrong = |error: PluginError| {
        let help = format!(
            "the variant `{}` is trained on triplets: name a split that has them with task.train_split",
            settings.variant.name()
        );
        PluginError { help: error.help.clone().or(Some(help)), ..error }
    };
    let samples = run.samples(split).map_err(wrong)?;
    if samples.is_empty() {
        return Err(wrong(PluginError::input(format!("the split `{split}` has no samples to train with"))));
    }
    let first = samples.sample(0)?;
    if Kind::of(&first) != Some(Kind::Triplet) {
        return Err(wrong(PluginError::input(format!(
            "the samples of the split `{split}`, such as {}, are not triplets (ref, p0, p1, judge)",
            first.id
        ))));
    }
    let seed = stage_seed(run, STAGE);
    let (training, validation) = validation_split(samples.len(), settings.training.validation_fraction, seed);
    let side = settings.size.map(|side| side as usize);
    let source = |indices: Vec<usize>| SampleSource {
        samples: &*samples,
        indices,
        seed,
        loader: LoaderOptions::of(run, settings.training.batch_size),
        prepare: move |sample: Sample, _: &mut _| judged(&sample, side, NAME),
        collate: |triplets: Vec<Judged>| TripletBatch::new(&triplets),
    };
    let (training, validation) = (source(training), source(validation));
    let validation = (!validation.is_empty()).then_some(&validation as &dyn BatchSource<TripletBatch>);
    let options = LearnedOptions {
        variant: settings.variant,
        protocol: settings.protocol,
        logit: settings.logit,
        dropout: settings.dropout,
        seed,
    };
    learn(run, &options, SyncLoss::Never, &settings.training, &training, validation)
}
