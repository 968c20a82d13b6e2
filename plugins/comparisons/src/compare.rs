//! The comparisons as components.

use lossnet_plugin_api::component::torch_error;
use lossnet_plugin_api::prelude::*;

use crate::normalize::channel_normalized;
use crate::{Epsilon, FeatureSettings, Transform, arithmetic, direct, rows};

/// The comparison that a [`Transform`] makes, such as `spatial`.
#[derive(Clone, Copy, Debug)]
pub struct FeatureComparison {
    transform: Transform,
}

impl FeatureComparison {
    /// The comparison with this transform.
    pub fn new(transform: Transform) -> Self {
        FeatureComparison { transform }
    }
}

impl Comparison for FeatureComparison {
    type Config = FeatureSettings;

    fn info(&self) -> Info {
        Info::new(self.transform.name(), self.transform.summary())
            .with_reference("Pihlgren et al., arXiv 2302.04032, and Zhang et al., CVPR 2018")
    }

    fn build(&self, settings: FeatureSettings) -> Result<Box<dyn Compare>, PluginError> {
        Ok(Box::new(Configured { transform: self.transform, settings }))
    }
}

struct Configured {
    transform: Transform,
    settings: FeatureSettings,
}

impl Configured {
    /// A prepared batch without the positions that are copies of another.
    fn distinct(&self, prepared: &Tensor) -> Result<Tensor, PluginError> {
        match self.transform {
            Transform::Mean => prepared.f_narrow(2, 0, 1).and_then(|row| row.f_narrow(3, 0, 1)),
            Transform::Spatial | Transform::Sort => Ok(prepared.shallow_clone()),
        }
        .map_err(torch_error)
    }

    /// What the channels are normalized with, if they are.
    fn epsilon(&self) -> Option<Epsilon> {
        self.settings.channel_norm.then_some(self.settings.epsilon)
    }

    /// Whether a batch is sorted when it is compared, where that can be done without going through memory.
    fn sorts_later(&self, features: &Tensor) -> Result<bool, PluginError> {
        Ok(self.transform == Transform::Sort && rows::plain([features])?)
    }

    fn normalized(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        match self.epsilon() {
            Some(epsilon) => channel_normalized(features, epsilon),
            None => Ok(features.shallow_clone()),
        }
    }

    /// The two batches as they are subtracted. Values of `mean`, alike at all positions, are taken once, unless each
    /// position has a weight of its own.
    fn pair(
        &self,
        a: &Tensor,
        b: &Tensor,
        calibration: Option<&Tensor>,
    ) -> Result<(Tensor, Tensor), PluginError> {
        arithmetic::check_pair(a, b, calibration)?;
        let whole = arithmetic::weighs_positions(calibration);
        let side = |prepared: &Tensor| {
            let sorted =
                if self.sorts_later(prepared)? { Some(self.transform.apply(prepared)?) } else { None };
            let prepared = sorted.as_ref().unwrap_or(prepared);
            let normalized = self.normalized(&self.distinct(prepared)?)?;
            if whole { normalized.f_expand_as(prepared).map_err(torch_error) } else { Ok(normalized) }
        };
        Ok((side(a)?, side(b)?))
    }
}

impl Compare for Configured {
    /// Transformed features, N×C×H×W; N×C, as behind a flattening, counts as N×C×1×1.
    ///
    /// Those of `mean`, the same at every position, are computed for one position and seen at all of them through
    /// strides of 0: they take no more memory than N×C×1×1. Channels are normalized when batches are compared.
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        let features = arithmetic::with_positions(features)?;
        if self.sorts_later(&features)? {
            return Ok(features);
        }
        let transformed = self.transform.apply(&features)?;
        transformed.f_expand_as(&features).map_err(torch_error)
    }

    fn is_spatial(&self) -> bool {
        match self.transform {
            Transform::Spatial => true,
            Transform::Mean | Transform::Sort => false,
        }
    }

    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let shape = a.size();
        let (a, b) = self.pair(a, b, calibration)?;
        let map = arithmetic::map(&a, &b, calibration)?;
        map.f_expand([shape[0], 1, shape[2], shape[3]], false).map_err(torch_error)
    }

    /// For `mean` this is exact: the mean over positions that are all alike is the value at one of them.
    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let mut found = self.distances(a, std::slice::from_ref(b), calibration)?;
        found.pop().ok_or_else(|| PluginError::run("there is no distance"))
    }

    fn distances(
        &self,
        one: &Tensor,
        others: &[Tensor],
        calibration: Option<&Tensor>,
    ) -> Result<Vec<Tensor>, PluginError> {
        others.iter().try_for_each(|other| arithmetic::check_pair(one, other, calibration))?;
        let plain = rows::plain(others.iter().chain([one]).chain(calibration))?;
        if plain && !arithmetic::weighs_positions(calibration) {
            let one = self.distinct(one)?;
            let others = others.iter().map(|other| self.distinct(other)).collect::<Result<Vec<_>, _>>()?;
            // Sorting what is sorted already, as where one side's gradient was wanted earlier, changes nothing.
            let how = direct::How { sort: self.transform == Transform::Sort, epsilon: self.epsilon() };
            return direct::distances(&one, &others, how, calibration).map_err(torch_error);
        }
        let distance = |other| {
            let (a, b) = self.pair(one, other, calibration)?;
            arithmetic::distance(&a, &b, calibration)
        };
        others.iter().map(distance).collect()
    }
}
