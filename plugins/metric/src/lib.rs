//! The task `metric`: how well distances between images agree with what people see.
//!
//! Two kinds of samples are understood. A triplet (`ref`, `p0`, `p1`, `judge`) asks which of two distorted images is closer
//! to the reference (2AFC); a pair (`p0`, `p1`, `same`) whether two images look the same (JND). Zhang et al., "The
//! Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018, whose data set is BAPPS.

mod jnd;
mod settings;
mod split;
mod two_afc;

use lossnet_plugin_api::prelude::*;

pub use settings::{MetricSettings, Variant};

struct MetricTask;

impl Task for MetricTask {
    type Config = MetricSettings;

    fn info(&self) -> Info {
        Info::new("metric", "agreement of distances with people's judgements of similarity (2AFC and JND)")
            .with_reference("Zhang et al., CVPR 2018; Pihlgren et al., arXiv 2302.04032")
    }

    fn run(&self, settings: MetricSettings, run: &dyn Run) -> Result<(), PluginError> {
        let network = run.loss_network()?;
        let mut triplets = two_afc::Means::new(run.context().cells.len());
        for split in &run.context().splits {
            split::evaluate(settings, split, run, &*network, &mut triplets)?;
        }
        triplets.report(run)
    }

    fn shared_axes(&self) -> Vec<SharedAxes> {
        // A frozen network without training serves all layers and comparisons in one pass.
        let mut when = serde_json::Map::new();
        when.insert("task.variant".to_owned(), "baseline".into());
        let axes = ["loss_network.layers", "loss_network.comparison"].map(str::to_owned).to_vec();
        vec![SharedAxes { when, axes }]
    }

    fn needs(&self) -> Vec<String> {
        ["p0", "p1"].map(str::to_owned).to_vec()
    }
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(MetricTask)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
