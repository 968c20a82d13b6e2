//! The task `augmentation`: can a perceptual metric be adapted to any ranking of distortions?
//!
//! A ranking orders augmentations by how much they are to count. Two different ones applied to an image make a triplet whose
//! judgement is known: the lower-ranking one is "more similar". A metric is trained on such triplets and tested on others,
//! and on judgements of people (BAPPS), to see what adapting did to it. Pihlgren et al., "Deep Perceptual Similarity is
//! Adaptable to Ambiguous Contexts", arXiv 2304.02265.

mod evaluation;
mod ranking;
mod reference;
mod settings;
mod training;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{sheet, write_png};
use lossnet_plugin_kit::metric::{Protocol, Variant, baseline_axes, metric_work};
use lossnet_plugin_kit::train::stage_seed;
use lossnet_plugin_kit::{samples, scores};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;

pub use ranking::Ranking;
pub use settings::AugmentationSettings;

/// Its name in configs.
const NAME: &str = "augmentation";

/// Images on the sheet that shows a ranking.
const SHOWN: usize = 4;

struct AugmentationTask;

impl Task for AugmentationTask {
    type Config = AugmentationSettings;

    fn info(&self) -> Info {
        Info::new(
            NAME,
            "similarity adapted to a ranking of distortions, and what that does to human-likeness",
        )
        .with_reference("Pihlgren et al., arXiv 2304.02265")
    }

    fn run(&self, settings: AugmentationSettings, run: &dyn Run) -> Result<(), PluginError> {
        let seed = settings.ranking_seed.unwrap_or_else(|| stage_seed(run, "ranking"));
        let ranking = Ranking::new(&settings.ranking, &settings.augmentations, seed)?;
        let unnormalized = match settings.protocol {
            Protocol::Corrected => None,
            Protocol::Published => reference::Unnormalized::of(run)?,
        };
        let names: Vec<&str> = ranking.order().iter().map(|kind| kind.name()).collect();
        run.notice(&format!("ranking, from the most to the least similar: {}", names.join(", ")));
        let side = settings.size as usize;
        if settings.variant == Variant::Baseline {
            let network = run.loss_network()?;
            let distances = |images: &[Tensor], pairs: &[(usize, usize)]| network.distances(images, pairs);
            report_ranking(&ranking, side, run)?;
            let pairs = evaluation::evaluate_all(&settings, &ranking, unnormalized, run, &distances, None)?;
            if pairs.is_empty() {
                return Ok(());
            }
            let network = run.trainable_network(None)?;
            network.set_training(true)?;
            let distances = |images: &[Tensor], pairs: &[(usize, usize)]| network.distances(images, pairs);
            return evaluation::evaluate_pairs(&pairs, &settings, run, &distances);
        }
        // Nothing is reported before the training says where it goes on: curves of earlier attempts would be void.
        let mut metric = training::learned(&settings, &ranking, unnormalized, run)?;
        report_ranking(&ranking, side, run)?;
        let distances = |images: &[Tensor], pairs: &[(usize, usize)]| metric.distances(images, pairs);
        let losses = |d0: &Tensor, d1: &Tensor, judge: &Tensor| metric.losses(d0, d1, judge);
        let pairs =
            evaluation::evaluate_all(&settings, &ranking, unnormalized, run, &distances, Some(&losses))?;
        if pairs.is_empty() {
            return Ok(());
        }
        metric.set_training(true)?;
        let distances = |images: &[Tensor], pairs: &[(usize, usize)]| metric.distances(images, pairs);
        evaluation::evaluate_pairs(&pairs, &settings, run, &distances)
    }

    fn shared_axes(&self) -> Vec<SharedAxes> {
        // In the published protocol pairs are scored in training mode, one network at a time.
        let mut axes = baseline_axes();
        axes.when.insert("task.protocol".to_owned(), "corrected".into());
        vec![axes]
    }

    fn work(&self) -> Vec<Work> {
        metric_work()
    }

    /// 2: the published protocol got the published code's order of steps. 3: `2afc_accuracy` counts what is undecided as half.
    /// 4: pairs are scored as in the published code, and trained metrics have a loss.
    fn protocol_version(&self) -> u32 {
        4
    }

    fn needs(&self) -> Vec<String> {
        vec!["image".to_owned()]
    }

    fn config_defaults(&self) -> Vec<(String, serde_json::Value)> {
        vec![("data.splits".to_owned(), serde_json::json!(["test"]))]
    }

    fn main_metric(&self) -> Option<MainMetric> {
        Some(MainMetric::new("2afc_score"))
    }

    fn measure_settings(&self) -> Vec<String> {
        ["protocol", "size", "ranking", "augmentations", "ranking_seed"].map(str::to_owned).to_vec()
    }

    fn reference_metrics(&self) -> Vec<String> {
        ["rank"].map(str::to_owned).to_vec()
    }
}

/// Reports the ranking: as a result (the rank of each augmentation, from 1), and as a picture of some test images with their
/// augmentations in order.
fn report_ranking(ranking: &Ranking, side: usize, run: &dyn Run) -> Result<(), PluginError> {
    for cell in 0..run.context().cells.len() {
        for (rank, kind) in ranking.order().iter().enumerate() {
            run.report(cell, &scores::metric("rank", kind.name(), (rank + 1) as f64, "place", false, 1))?;
        }
    }
    let Some(split) = run.context().splits.first() else { return Ok(()) };
    let images = run.samples(split)?;
    let mut random = ChaCha8Rng::seed_from_u64(stage_seed(run, "ranking/picture"));
    let mut rows = Vec::new();
    for index in 0..images.len().min(SHOWN) {
        let sample = images.sample(index)?;
        if sample.field("image").is_none() {
            return Ok(());
        }
        rows.push(ranking.row(&samples::image(&sample, "image")?, side, &mut random)?);
    }
    if rows.is_empty() {
        return Ok(());
    }
    let picture = sheet(&rows)?;
    let caption = format!("Images of {split}, each with its augmentations from the first rank to the last");
    for (cell, context) in run.context().cells.iter().enumerate() {
        let path = context.folder.join("ranking.png");
        write_png(&path, &picture)?;
        let (name, caption) = ("ranking".to_owned(), caption.clone());
        run.report(cell, &Report::Image { name, path, step: None, caption })?;
    }
    Ok(())
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(AugmentationTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
