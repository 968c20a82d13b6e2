//! How the features of two images become a distance: `spatial`, `mean` and `sort`.
//!
//! Each transforms the features of one layer, then divides every position's channel vector by its norm, unless that is
//! switched off, then takes squared differences, summed over the channels (with a calibration: weighted) and averaged over
//! the positions. Pihlgren et al., "A Systematic Performance Analysis of Deep Perceptual Loss Networks", arXiv 2302.04032;
//! `spatial` with a calibration and the epsilon of `lpips` is LPIPS (Zhang et al., CVPR 2018).

mod compare;
mod settings;

use lossnet_plugin_api::prelude::*;

use compare::{FeatureDistance, Transform};
pub use settings::{Epsilon, FeatureSettings};

struct Features {
    name: &'static str,
    summary: &'static str,
    transform: Transform,
}

const COMPARISONS: [Features; 3] = [
    Features {
        name: "spatial",
        summary: "features at the same position, as they are",
        transform: Transform::Spatial,
    },
    Features { name: "mean", summary: "the spatial mean of each channel", transform: Transform::Mean },
    Features {
        name: "sort",
        summary: "each channel's values in ascending order, whatever their positions",
        transform: Transform::Sort,
    },
];

impl Comparison for Features {
    type Config = FeatureSettings;

    fn info(&self) -> Info {
        Info::new(self.name, self.summary)
            .with_reference("Pihlgren et al., arXiv 2302.04032, and Zhang et al., CVPR 2018")
    }

    fn build(&self, settings: FeatureSettings) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(FeatureDistance::new(self.transform, settings)))
    }
}

/// All comparisons of this plugin, for a program that links it; a host loads the plugin instead.
pub fn comparisons() -> Vec<Box<dyn AnyComparison>> {
    COMPARISONS.into_iter().map(|comparison| Box::new(comparison) as Box<dyn AnyComparison>).collect()
}

submit! { Components::Comparisons(comparisons) }
export_plugin!();
