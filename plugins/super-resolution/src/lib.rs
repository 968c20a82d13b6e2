//! The task `super-resolution`: enlarging images with a network that is trained with a perceptual loss.
//!
//! J. Johnson, A. Alahi and L. Fei-Fei, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", ECCV 2016
//! (arXiv 1603.08155), as in arXiv 2302.04032: the loss network's features of the output are to be those of the target.

mod data;
mod evaluation;
mod network;
mod pictures;
mod protocol;
mod settings;
mod training;

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::perceptual::{PerceptualLoss, Reduction};

pub use data::{Batch, Pair, draw};
pub use evaluation::{Enlarge, FeatureLoss, TestSet, evaluate, test_sets};
pub use network::TransformNetwork;
pub use protocol::{Case, Scores};
pub use settings::{Protocol, SuperResolutionSettings, TestProtocol};
pub use training::{Training, batch_loss, enlarge, feature_loss};

struct SuperResolution;

impl Task for SuperResolution {
    type Config = SuperResolutionSettings;

    fn info(&self) -> Info {
        Info::new(
            "super-resolution",
            "networks that enlarge images by 4 or 8, trained with a perceptual loss",
        )
        .with_reference("Johnson et al., ECCV 2016, arXiv 1603.08155; Pihlgren et al., arXiv 2302.04032")
    }

    fn run(&self, settings: SuperResolutionSettings, run: &dyn Run) -> Result<(), PluginError> {
        settings.check()?;
        // What is to be tested on is opened before days are spent on a training.
        let sets = evaluation::test_sets(run)?;
        let network = training::trained_network(&settings, run)?;
        let loss_network = run.loss_network()?;
        let loss = PerceptualLoss::new(&*loss_network, settings.perceptual, Reduction::Layers);
        let feature_loss = |input: &Image, target: &Image| feature_loss(&network, &loss, input, target);
        for set in &sets {
            evaluation::evaluate(
                set,
                &settings,
                run,
                &|image| enlarge(&network, image),
                Some(&feature_loss),
            )?;
        }
        Ok(())
    }

    /// Each enlarged image goes through the loss network with its target.
    fn work(&self) -> Vec<Work> {
        vec![Work {
            splits: "task.train_split".into(),
            limit: Some("task.train_images".into()),
            epochs: Some("task.training.epochs".into()),
            forwards: 2,
            backwards: 1,
            side: Some("task.size".into()),
            batch: Some("task.training.batch_size".into()),
            ..Work::default()
        }]
    }

    /// Raised when the published protocol became that of the published code in all that a user can see.
    fn protocol_version(&self) -> u32 {
        2
    }

    fn needs(&self) -> Vec<String> {
        vec![data::FIELD.to_owned()]
    }

    fn config_defaults(&self) -> Vec<(String, serde_json::Value)> {
        vec![
            ("loss_network.normalize".to_owned(), "none".into()),
            ("data.splits".to_owned(), vec![evaluation::DEFAULT_SPLIT].into()),
        ]
    }

    fn main_metric(&self) -> Option<MainMetric> {
        Some(MainMetric::new("psnr").on("standard"))
    }

    fn measure_settings(&self) -> Vec<String> {
        ["protocol", "factor", "size"].map(str::to_owned).to_vec()
    }

    fn reference_metrics(&self) -> Vec<String> {
        ["bicubic_psnr", "bicubic_ssim"].map(str::to_owned).to_vec()
    }
}

/// The task, for a program that links it; a host loads the plugin instead.
pub fn task() -> Box<dyn AnyTask> {
    Box::new(SuperResolution)
}

submit! { Components::Tasks(|| vec![task()]) }
export_plugin!();
