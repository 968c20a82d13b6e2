//! The task `delineation`: thin structures, such as roads, cracks and membranes, found by a U-Net that is trained with a
//! perceptual loss.
//!
//! A sample is an image (`input`) and the map of its lines (`output`). The network sees the image and its own previous
//! prediction, so that it can refine it. Mosinska et al., "Beyond the Pixel-Wise Loss for Topology-Aware Delineation",
//! CVPR 2018, with the loss networks of Pihlgren et al., arXiv 2302.04032.

mod data;
mod evaluate;
mod evaluated;
mod maps;
mod network;
mod pixel_value;
mod scores;
mod settings;
mod step;
mod tolerance;
mod trainee;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::file_part;
use lossnet_plugin_kit::in_training::FrozenNetwork;
use lossnet_plugin_kit::loader::LoaderOptions;
use lossnet_plugin_kit::nn;
use lossnet_plugin_kit::perceptual::{PerceptualLoss, Reduction};
use lossnet_plugin_kit::train::{Goal, SampleSource, stage_seed, train, validation_split};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

pub use network::{STRIDE, UNet};
pub use pixel_value::PixelValue;
pub use scores::Shares;
pub use settings::{DelineationSettings, Evaluation, Protocol};
pub use step::{Batch, StepLoss, predict, training_loss};
pub use tolerance::Mask;

use data::Reader;
use evaluate::{Measure, evaluate};
use evaluated::Evaluated;
use trainee::{Delineation, Shown};

/// The name of the training.
const STAGE: &str = "unet";

struct DelineationTask;

impl Task for DelineationTask {
    type Config = DelineationSettings;

    fn info(&self) -> Info {
        Info::new("delineation", "roads, cracks or membranes found by a U-Net trained with a perceptual loss")
            .with_reference("Mosinska et al., CVPR 2018; Pihlgren et al., arXiv 2302.04032")
    }

    fn run(&self, settings: DelineationSettings, run: &dyn Run) -> Result<(), PluginError> {
        settings.check()?;
        let context = run.context();
        let device = nn::device(&context.device)?;
        let samples = run.samples(&settings.train_split)?;
        if samples.is_empty() {
            return Err(PluginError::input(format!(
                "the split `{}` has no samples to train on",
                settings.train_split
            )));
        }
        let reader = Reader::new(&settings, &samples.sample(0)?)?;
        maps::check(&settings.train_split, &*samples, &settings, run)?;
        let loader = LoaderOptions::of(run, settings.training.batch_size);
        let evaluation = LoaderOptions::for_evaluation(run, settings.training.batch_size);
        let (indices, validation) = validation(&settings, samples.len(), &reader, evaluation, run)?;
        let evaluated = open_evaluated(&settings, &reader, evaluation, run)?;
        // Which images are set aside depends on the seed. Runs are looked at side by side: they show the same ones.
        let aside = validation_name(&settings, run).is_none();
        let (name, images) = match evaluated.first() {
            Some((split, images)) if aside => (file_part(split), images),
            _ => ("validation".to_owned(), &validation),
        };
        let shown = Shown { name, pairs: images.first(settings.pictures)? };
        let measure = Measure {
            steps: settings.test_steps,
            threshold: settings.threshold,
            tolerance: settings.tolerance,
            protocol: settings.protocol,
        };

        let loss_network = match settings.protocol {
            _ if settings.perceptual_weight == 0.0 => None,
            Protocol::Corrected => Some(FrozenNetwork::steady(run)?),
            Protocol::Published => Some(FrozenNetwork::drifting(run)?),
        };
        let perceptual = loss_network.as_ref().map(|network| {
            (
                PerceptualLoss::new(network.network(), settings.perceptual, Reduction::Layers),
                settings.perceptual_weight,
            )
        });
        tch::manual_seed((stage_seed(run, STAGE) >> 1) as i64);
        let mut trainee = Delineation {
            network: UNet::new(reader.channels(), device).with_dropout(settings.dropout),
            device,
            steps: settings.train_steps,
            loss_network: loss_network.as_ref(),
            perceptual,
            validation,
            measure,
            shown,
        };
        let source = SampleSource {
            samples: &*samples,
            indices,
            seed: context.seed,
            loader,
            prepare: |sample: Sample, random: &mut ChaCha8Rng| reader.training(&sample, random),
            collate: |pairs: Vec<data::Pair>| data::batch(&pairs, device),
        };
        train(STAGE, &mut trainee, &source, &settings.training, Goal::Minimize, run)?;
        let Delineation { network, mut validation, .. } = trainee;
        nn::write(network.variables(), &context.cells[0].checkpoints.join("network.safetensors"))?;

        let rows = settings.pictures;
        if settings.protocol == Protocol::Published {
            let name = validation_name(&settings, run).unwrap_or("validation");
            evaluate(name, &mut validation, &network, measure, rows, device, run)?;
        }
        for (split, mut images) in evaluated {
            evaluate(&split, &mut images, &network, measure, rows, device, run)?;
        }
        Ok(())
    }

    /// Each map that is made goes through the loss network with the true one; so it is with one step.
    fn work(&self) -> Vec<Work> {
        vec![Work {
            splits: "task.train_split".into(),
            epochs: Some("task.training.epochs".into()),
            forwards: 2,
            backwards: 1,
            side: Some("task.crop".into()),
            batch: Some("task.training.batch_size".into()),
            ..Work::default()
        }]
    }

    /// Raised when the published protocol became that of the published code in all that a user can see.
    fn protocol_version(&self) -> u32 {
        2
    }

    fn needs(&self) -> Vec<String> {
        ["input", "output"].map(str::to_owned).to_vec()
    }

    fn config_defaults(&self) -> Vec<(String, Value)> {
        vec![("data.splits".to_owned(), json!(["test"]))]
    }

    fn main_metric(&self) -> Option<MainMetric> {
        Some(MainMetric::new("quality"))
    }

    fn measure_settings(&self) -> Vec<String> {
        ["protocol", "evaluation", "size", "invert", "foreground", "threshold", "tolerance"]
            .map(str::to_owned)
            .to_vec()
    }

    fn reference_metrics(&self) -> Vec<String> {
        ["undefined", "constant_quality", "relaxed_constant_quality"].map(str::to_owned).to_vec()
    }
}

/// The split of its own that the best weights are chosen by, if there is one. That which is trained on can't be it.
fn validation_name<'a>(settings: &'a DelineationSettings, run: &dyn Run) -> Option<&'a str> {
    let known = || run.context().known_splits.iter().any(|split| split == "val").then_some("val");
    settings.val_split.as_deref().or_else(known).filter(|split| *split != settings.train_split)
}

/// What is trained with, as positions in the training split of this length, and what the best weights are chosen by.
fn validation(
    settings: &DelineationSettings,
    len: usize,
    reader: &Reader,
    loader: LoaderOptions,
    run: &dyn Run,
) -> Result<(Vec<usize>, Evaluated), PluginError> {
    if let Some(split) = validation_name(settings, run) {
        let images = whole_split(split, reader, loader, run)?;
        if images.len() == 0 {
            return Err(PluginError::input(format!(
                "the split `{split}`, by which the best weights are chosen, has no samples"
            ))
            .with_help("name another one with `task.val_split`"));
        }
        return Ok(((0..len).collect(), images.repeatedly()));
    }
    let share = settings.training.validation_fraction;
    let (training, aside) = validation_split(len, share, run.context().seed);
    if aside.is_empty() || training.is_empty() {
        return Err(PluginError::input(format!(
            "the split `{}` has {len} samples, of which a share of {share} leaves nothing to train on or nothing to choose \
             the best weights by",
            settings.train_split
        ))
        .with_help(
            "name a split for that with `task.val_split`, or change `task.training.validation_fraction`",
        ));
    }
    run.notice(&format!(
        "{} of the {len} samples of `{}` are set aside to choose the best weights by",
        aside.len(),
        settings.train_split
    ));
    let samples = run.samples(&settings.train_split)?;
    Ok((training, Evaluated::new(samples, aside, reader.clone(), loader).repeatedly()))
}

/// What is evaluated at the end, besides the validation images, by the names of the splits. It is looked at before hours
/// are spent on a training, to fail where a split is missing, empty or of another kind.
fn open_evaluated(
    settings: &DelineationSettings,
    reader: &Reader,
    loader: LoaderOptions,
    run: &dyn Run,
) -> Result<Vec<(String, Evaluated)>, PluginError> {
    let context = run.context();
    let splits = match settings.protocol {
        Protocol::Corrected => context.evaluated_splits(),
        // The published results are those of the validation images in place of the main dataset's.
        Protocol::Published => context.test.iter().flat_map(TestData::labelled_splits).collect(),
    };
    let open = |split: String| {
        let images = whole_split(&split, reader, loader, run)?;
        if images.len() == 0 {
            return Err(PluginError::input(format!("the split `{split}` has no samples to evaluate")));
        }
        images.check().map_err(|error| error.context(format_args!("the split `{split}`")))?;
        Ok((split, images))
    };
    splits.into_iter().map(open).collect()
}

/// All samples of a split, to be evaluated.
fn whole_split(
    split: &str,
    reader: &Reader,
    loader: LoaderOptions,
    run: &dyn Run,
) -> Result<Evaluated, PluginError> {
    let samples = run.samples(split)?;
    let indices = (0..samples.len()).collect();
    Ok(Evaluated::new(samples, indices, reader.clone(), loader))
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(DelineationTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
