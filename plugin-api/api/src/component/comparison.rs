//! How the features of two images become a distance.

use lossnet_plugin_protocol::manifest::{ComponentManifest, Details, Kind};
use tch::Tensor;

use super::{Info, torch_error};
use crate::PluginError;
use crate::settings::{self, Settings};

/// A way to compare features. Configs add comparisons up with `+`, as in `spatial+sort`.
///
/// ```
/// use lossnet_plugin_api::prelude::*;
///
/// /// Mean absolute difference.
/// struct Absolute;
///
/// impl Comparison for Absolute {
///     type Config = NoSettings;
///
///     fn info(&self) -> Info {
///         Info::new("absolute", "mean absolute difference of the features")
///     }
///
///     fn build(&self, _: NoSettings) -> Result<Box<dyn Compare>, PluginError> {
///         Ok(Box::new(Absolute))
///     }
/// }
///
/// impl Compare for Absolute {
///     fn map(&self, a: &Tensor, b: &Tensor, _: Option<&Tensor>) -> Result<Tensor, PluginError> {
///         let difference = a.f_sub(b).and_then(|d| d.f_abs()).map_err(torch_error)?;
///         difference.f_sum_dim_intlist([1i64].as_slice(), true, None).map_err(torch_error)
///     }
/// }
/// # use lossnet_plugin_api::component::torch_error;
/// ```
pub trait Comparison: Send + Sync {
    /// Its settings.
    type Config: Settings;

    /// Its name and one line about it.
    fn info(&self) -> Info;

    /// The comparison with these settings.
    fn build(&self, config: Self::Config) -> Result<Box<dyn Compare>, PluginError>;

    /// To be raised whenever the same settings may give another number: cells that were computed with an earlier version are
    /// computed again, and signatures differ.
    fn protocol_version(&self) -> u32 {
        1
    }
}

/// A comparison at work on one layer's features.
pub trait Compare: Send + Sync {
    /// What can be computed for one image alone: done once per image and layer, however many images it is
    /// compared with. Takes N×C×H×W; gives anything that [`map`](Compare::map) and
    /// [`distance`](Compare::distance) understand, with N first. Must not change `features`.
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        Ok(features.shallow_clone())
    }

    /// Whether a value of the [`map`](Compare::map) belongs to its position in the images, so that a picture of the map shows
    /// where they differ. A comparison that moves values, or takes positions together, says `false`.
    fn is_spatial(&self) -> bool {
        true
    }

    /// The distance at each position, N×1×H×W, of two prepared batches. `calibration` has one non-negative
    /// weight per channel (or per value: N×C×H×W), on the tensors' device; without it every channel weighs 1.
    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError>;

    /// The distance of each pair, N: by default the mean of the map.
    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let map = self.map(a, b, calibration)?;
        map.f_mean_dim([1i64, 2, 3].as_slice(), false, None).map_err(torch_error)
    }

    /// The distance of one prepared batch to each of several. To be implemented where something can be computed for the
    /// one batch only once.
    fn distances(
        &self,
        one: &Tensor,
        others: &[Tensor],
        calibration: Option<&Tensor>,
    ) -> Result<Vec<Tensor>, PluginError> {
        others.iter().map(|other| self.distance(one, other, calibration)).collect()
    }
}

/// A [`Comparison`] whatever its settings' type is. Implemented for every comparison.
pub trait AnyComparison: Send + Sync {
    /// What it says of itself.
    fn manifest(&self) -> Result<ComponentManifest, PluginError>;
    /// Its name.
    fn name(&self) -> String;
    /// The comparison with these settings (JSON).
    fn build_json(&self, config: &str) -> Result<Box<dyn Compare>, PluginError>;
}

impl<T: Comparison> AnyComparison for T {
    fn manifest(&self) -> Result<ComponentManifest, PluginError> {
        let details = Details { protocol_version: Some(self.protocol_version()), ..Details::default() };
        Ok(self.info().manifest(Kind::Comparison, settings::schema::<T::Config>(), details))
    }

    fn name(&self) -> String {
        self.info().name
    }

    fn build_json(&self, config: &str) -> Result<Box<dyn Compare>, PluginError> {
        self.build(settings::parse(&self.name(), config)?)
    }
}
