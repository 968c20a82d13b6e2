//! How two images' features are compared: `spatial`, `mean` and `sort`.
//!
//! All three go the same way from features y, N×C×H×W, to a distance (Pihlgren et al., arXiv 2302.04032; `spatial`
//! with a calibration and the epsilon of `lpips` is LPIPS, Zhang et al., CVPR 2018):
//!
//! 1. *transform*: `spatial` keeps each channel as it is, `mean` replaces it by its spatial mean, `sort` by its
//!    values in ascending order;
//! 2. *channel normalization*, if switched on: each position's channel vector is divided by its length
//!    ([`Epsilon`] says how a length near zero is kept from dividing);
//! 3. squared difference of the two images' values, summed over channels, each times its calibration weight if
//!    there is a calibration: the spatial map, N×1×H×W;
//! 4. mean over positions: the distance.
//!
//! Step 1 happens once per image, in [`Compare::prepare`]. Where no gradient is wanted, on the CPU, the other steps (and
//! sorting) are taken together, sample by sample, without going through memory for each: see `direct`.

mod arithmetic;
mod compare;
mod direct;
mod normalize;
mod rows;
mod settings;
mod sort;
mod transform;

pub use compare::FeatureComparison;
pub use settings::{Epsilon, FeatureSettings};
pub use transform::Transform;

use lossnet_plugin_api::prelude::*;

/// All comparisons of this plugin, for a program that links it; a host loads the plugin instead.
pub fn comparisons() -> Vec<Box<dyn AnyComparison>> {
    let each = Transform::ALL.into_iter();
    each.map(|transform| Box::new(FeatureComparison::new(transform)) as Box<dyn AnyComparison>).collect()
}

submit! { Components::Comparisons(comparisons) }
export_plugin!();
