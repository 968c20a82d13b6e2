//! The task `metric`: how well distances between images agree with what people see.
//!
//! Two kinds of samples are understood. A triplet (`ref`, `p0`, `p1`, `judge`) asks which of two distorted images is closer
//! to the reference (2AFC); a pair (`p0`, `p1`, `same`) whether two images look the same (JND). Zhang et al., "The
//! Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, whose data set is BAPPS. Distances are
//! those of a loss network as it is, or trained on triplets.

mod settings;
mod training;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::metric::{
    Distances, Means, Pictures, Variant, baseline_axes, evaluate, judged, metric_work, resized,
};

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
        if settings.variant == Variant::Baseline {
            let network = run.loss_network()?;
            let pictures = Pictures {
                samples,
                features: &|images| network.features(images),
                maps: &|cell, a, b, size| network.map(cell, a, b, size, None),
            };
            let distances = |images: &[Tensor], pairs: &[_]| network.distances(images, pairs);
            return evaluate_all(&settings, run, &distances, &pictures);
        }
        let metric = training::learned(&settings, run)?;
        let pictures = Pictures {
            samples,
            features: &|images| metric.features(images),
            maps: &|_, a, b, size| metric.map(a, b, size),
        };
        evaluate_all(&settings, run, &|images, pairs| metric.distances(images, pairs), &pictures)
    }

    fn shared_axes(&self) -> Vec<SharedAxes> {
        vec![baseline_axes()]
    }

    fn work(&self) -> Vec<Work> {
        metric_work()
    }

    /// 2: the published protocol got the published code's order of steps. 3: `2afc_accuracy` counts what is undecided as half.
    fn protocol_version(&self) -> u32 {
        3
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

/// Evaluates all splits with these distances, and makes these pictures.
fn evaluate_all(
    settings: &MetricSettings,
    run: &dyn Run,
    distances: &Distances<'_>,
    pictures: &Pictures<'_>,
) -> Result<(), PluginError> {
    let mut means = Means::new(run.context().cells.len());
    let side = settings.size.map(|side| side as usize);
    if let Some(side) = side {
        let first = run.context().evaluated_splits().into_iter().next();
        let samples =
            first.map(|split| run.samples(&split)).transpose()?.filter(|samples| !samples.is_empty());
        if let Some(said) =
            samples.map(|samples| samples.sample(0)).transpose()?.and_then(|s| resized(&s, side))
        {
            run.notice(&said);
        }
    }
    let prepare = |sample: Sample| judged(&sample, side, NAME);
    for split in run.context().evaluated_splits() {
        evaluate(&split, run, &prepare, distances, &mut means, Some(pictures))?;
    }
    means.report(run)
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(MetricTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
