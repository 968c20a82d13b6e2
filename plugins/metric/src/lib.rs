//! The task `metric`: how well distances between images agree with what people see.
//!
//! Two kinds of samples are understood. A triplet (`ref`, `p0`, `p1`, `judge`) asks which of two distorted images is closer
//! to the reference (2AFC); a pair (`p0`, `p1`, `same`) whether two images look the same (JND). Zhang et al., "The
//! Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, whose data set is BAPPS. Distances are
//! those of a loss network as it is, or trained on triplets.

mod settings;
mod training;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_api::tch;
use lossnet_plugin_kit::metric::{
    Distances, Kind, Losses, Means, Pictures, Protocol, Scoring, Variant, baseline_axes, evaluate, judged,
    metric_work, resized,
};
use lossnet_plugin_kit::train::stage_seed;

pub use settings::MetricSettings;

/// Its name in configs.
const NAME: &str = "metric";

struct MetricTask;

impl Task for MetricTask {
    type Config = MetricSettings;

    fn info(&self) -> Info {
        Info::new(NAME, "agreement of distances with people's judgements of similarity (2AFC and JND)")
            .with_reference("Zhang et al., CVPR 2018; Pihlgren et al., arXiv 2302.04032")
    }

    fn run(&self, settings: MetricSettings, run: &dyn Run) -> Result<(), PluginError> {
        let samples = settings.picture_pairs;
        let splits = run.context().evaluated_splits();
        let mut means = Means::new(run.context().cells.len());
        if settings.variant == Variant::Baseline {
            let network = run.loss_network()?;
            let pictures = Pictures {
                samples,
                features: &|images| network.features(images),
                maps: &|cell, a, b, size| network.map(cell, a, b, size, None),
            };
            let distances = |images: &[Tensor], pairs: &[_]| network.distances(images, pairs);
            let how =
                How { distances: &distances, losses: None, pictures: Some(&pictures), batch_size: None };
            evaluate_all(&splits, &settings, run, &how, &mut means)?;
            return means.report(run);
        }
        let mut metric = training::learned(&settings, run)?;
        let (pairs, others) = match settings.protocol {
            Protocol::Corrected => (Vec::new(), splits),
            Protocol::Published => by_kind(splits, run)?,
        };
        if !pairs.is_empty() {
            // The published program scores pairs before it leaves training mode.
            metric.set_training(true)?;
            tch::manual_seed((stage_seed(run, "pairs") >> 1) as i64);
            let distances = |images: &[Tensor], pairs: &[_]| metric.distances(images, pairs);
            let batch_size = Some(settings.training.batch_size);
            let how = How { distances: &distances, losses: None, pictures: None, batch_size };
            evaluate_all(&pairs, &settings, run, &how, &mut means)?;
            metric.set_training(false)?;
        }
        let pictures = Pictures {
            samples,
            features: &|images| metric.features(images),
            maps: &|_, a, b, size| metric.map(a, b, size),
        };
        let distances = |images: &[Tensor], pairs: &[_]| metric.distances(images, pairs);
        let losses = |d0: &Tensor, d1: &Tensor, judge: &Tensor| metric.losses(d0, d1, judge);
        let how =
            How { distances: &distances, losses: Some(&losses), pictures: Some(&pictures), batch_size: None };
        evaluate_all(&others, &settings, run, &how, &mut means)?;
        means.report(run)
    }

    fn shared_axes(&self) -> Vec<SharedAxes> {
        vec![baseline_axes()]
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
        // Judgements have a reference and what people chose; pairs say whether people saw a difference.
        ["p0", "p1", "ref|same", "judge|same"].map(str::to_owned).to_vec()
    }

    fn deterministic(&self) -> Option<serde_json::Map<String, serde_json::Value>> {
        Some([("task.variant".to_owned(), "baseline".into())].into_iter().collect())
    }

    fn main_metric(&self) -> Option<MainMetric> {
        Some(MainMetric::new("2afc_score").on("mean"))
    }

    fn measure_settings(&self) -> Vec<String> {
        ["protocol", "size"].map(str::to_owned).to_vec()
    }
}

/// How splits are evaluated: as [`Scoring`].
struct How<'a> {
    distances: &'a Distances<'a>,
    losses: Option<&'a Losses<'a>>,
    pictures: Option<&'a Pictures<'a>>,
    batch_size: Option<usize>,
}

/// Splits of pairs, and the others.
fn by_kind(splits: Vec<String>, run: &dyn Run) -> Result<(Vec<String>, Vec<String>), PluginError> {
    let (mut pairs, mut others) = (Vec::new(), Vec::new());
    for split in splits {
        let samples = run.samples(&split)?;
        let is_pair = !samples.is_empty() && Kind::of(&samples.sample(0)?) == Some(Kind::Pair);
        if is_pair { pairs.push(split) } else { others.push(split) }
    }
    Ok((pairs, others))
}

/// Evaluates splits.
fn evaluate_all(
    splits: &[String],
    settings: &MetricSettings,
    run: &dyn Run,
    how: &How<'_>,
    means: &mut Means,
) -> Result<(), PluginError> {
    let side = settings.size.map(|side| side as usize);
    if let (Some(side), Some(first)) = (side, splits.first()) {
        let samples = run.samples(first)?;
        let said = if samples.is_empty() { None } else { resized(&samples.sample(0)?, side) };
        if let Some(said) = said {
            run.notice(&said);
        }
    }
    let prepare = |sample: Sample| judged(&sample, side, NAME);
    let How { distances, losses, pictures, batch_size } = *how;
    let scoring = Scoring { prepare: &prepare, distances, losses, pictures, batch_size };
    splits.iter().try_for_each(|split| evaluate(split, run, &scoring, means))
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(MetricTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
