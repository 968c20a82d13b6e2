//! What plugins give and do, checked: a comparison that gives something else than distances, or writes into features that
//! others read, would be a wrong number without a word.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use lossnet_plugin_api::component::{Compare, Samples, torch_error};
use lossnet_plugin_protocol::PluginError;
use lossnet_plugin_protocol::sample::{Field, Sample};
use tch::{Device, Kind, Tensor};

use crate::located::located;

/// A comparison whose answers are looked at.
pub(crate) struct CheckedCompare {
    compare: Box<dyn Compare>,
    /// The comparison and its plugin, as errors name them.
    place: String,
}

impl CheckedCompare {
    pub(crate) fn new(compare: Box<dyn Compare>, place: String) -> CheckedCompare {
        CheckedCompare { compare, place }
    }

    fn wrong(&self, what: impl std::fmt::Display) -> PluginError {
        PluginError::run(format!("{}: {what}", self.place))
            .with_help("this is a bug in the comparison: tell its author, or leave it out")
    }

    /// Does something, and fails if one of these tensors is written to meanwhile.
    fn reading<T>(
        &self,
        read: &[(&str, &Tensor)],
        work: impl FnOnce() -> Result<T, PluginError>,
    ) -> Result<T, PluginError> {
        let versions = |tensor: &Tensor| tensor.f_internal_version().map_err(torch_error);
        let before: Vec<i64> =
            read.iter().map(|(_, tensor)| versions(tensor)).collect::<Result<_, PluginError>>()?;
        let found = work().map_err(|error| located(error, &self.place))?;
        for ((what, tensor), before) in read.iter().zip(before) {
            if versions(tensor)? != before {
                return Err(self.wrong(format_args!(
                    "it has written into {what}, which others read, so that their distances would be wrong"
                )));
            }
        }
        Ok(found)
    }

    /// Fails unless this is a distance of each of the samples of `a`.
    fn check_distance(&self, distance: &Tensor, a: &Tensor, b: &Tensor) -> Result<(), PluginError> {
        let samples = a.size().first().copied().unwrap_or_default();
        if distance.size() != [samples] {
            return Err(self.wrong(format_args!(
                "it gave a distance of shape {:?} where one number for each of {samples} samples was asked for",
                distance.size()
            )));
        }
        self.check_kind("distance", distance)?;
        // Where gradients flow the training looks at its loss; on a GPU looking here would wait for it.
        if distance.requires_grad() || distance.device() != Device::Cpu || is_finite(distance)? {
            return Ok(());
        }
        // Features that are not numbers have no distance, which is not the comparison's fault.
        if is_finite(a)? && is_finite(b)? {
            let distances = Vec::<f64>::try_from(&distance.f_to_kind(Kind::Double).map_err(torch_error)?);
            let value = distances.unwrap_or_default().into_iter().find(|value| !value.is_finite());
            return Err(self.wrong(format_args!(
                "it gave the distance {}, though all features are numbers",
                value.unwrap_or(f64::NAN)
            )));
        }
        Ok(())
    }

    fn check_kind(&self, what: &str, tensor: &Tensor) -> Result<(), PluginError> {
        let kind = tensor.kind();
        if matches!(kind, Kind::Float | Kind::Double | Kind::Half | Kind::BFloat16) {
            return Ok(());
        }
        Err(self
            .wrong(format_args!("it gave a {what} of {kind:?} values where floating-point numbers belong")))
    }
}

fn is_finite(tensor: &Tensor) -> Result<bool, PluginError> {
    // A value that is not a number makes the sum none.
    let sum = tensor.f_sum(Kind::Double).and_then(|sum| f64::try_from(&sum)).map_err(torch_error)?;
    Ok(sum.is_finite())
}

/// The calibration among the tensors that are read.
fn all<'a>(
    read: impl IntoIterator<Item = &'a Tensor>,
    calibration: Option<&'a Tensor>,
) -> Vec<(&'static str, &'a Tensor)> {
    let features = read.into_iter().map(|tensor| ("the prepared features", tensor));
    features.chain(calibration.map(|weights| ("the calibration", weights))).collect()
}

impl Compare for CheckedCompare {
    fn prepare(&self, features: &Tensor) -> Result<Tensor, PluginError> {
        self.reading(&[("the features", features)], || self.compare.prepare(features))
    }

    fn is_spatial(&self) -> bool {
        self.compare.is_spatial()
    }

    fn map(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let map = self.reading(&all([a, b], calibration), || self.compare.map(a, b, calibration))?;
        let samples = a.size().first().copied().unwrap_or_default();
        if !matches!(map.size()[..], [n, 1, _, _] if n == samples) {
            return Err(self.wrong(format_args!(
                "it gave a map of shape {:?} where {samples}×1×H×W was asked for",
                map.size()
            )));
        }
        self.check_kind("map", &map)?;
        Ok(map)
    }

    fn distance(&self, a: &Tensor, b: &Tensor, calibration: Option<&Tensor>) -> Result<Tensor, PluginError> {
        let distance =
            self.reading(&all([a, b], calibration), || self.compare.distance(a, b, calibration))?;
        self.check_distance(&distance, a, b)?;
        Ok(distance)
    }

    fn distances(
        &self,
        one: &Tensor,
        others: &[Tensor],
        calibration: Option<&Tensor>,
    ) -> Result<Vec<Tensor>, PluginError> {
        let read = all(std::iter::once(one).chain(others), calibration);
        let distances = self.reading(&read, || self.compare.distances(one, others, calibration))?;
        if distances.len() != others.len() {
            return Err(self.wrong(format_args!(
                "it gave {} distances where {} were asked for",
                distances.len(),
                others.len()
            )));
        }
        for (distance, other) in distances.iter().zip(others) {
            self.check_distance(distance, one, other)?;
        }
        Ok(distances)
    }
}

/// A dataset's split whose samples are looked at.
pub(crate) struct CheckedSamples {
    samples: Box<dyn Samples>,
    /// The dataset, its plugin and the split, as errors name them.
    place: String,
    /// Where samples were seen, by their ids.
    seen: Mutex<HashMap<String, usize>>,
}

impl CheckedSamples {
    pub(crate) fn new(samples: Box<dyn Samples>, place: String) -> CheckedSamples {
        CheckedSamples { samples, place, seen: Mutex::default() }
    }

    fn check(&self, index: usize, sample: &Sample) -> Result<(), String> {
        let id = &sample.id;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *seen.entry(id.clone()).or_insert(index);
        drop(seen);
        if first != index {
            return Err(format!(
                "samples {first} and {index} have the same id `{id}`, by which the scores of samples are told apart"
            ));
        }
        for (name, field) in &sample.fields {
            match field {
                Field::Image(image) if image.width == 0 || image.height == 0 => {
                    return Err(format!(
                        "the image `{name}` of sample `{id}` is {}×{} pixels",
                        image.width, image.height
                    ));
                }
                Field::Image(image) if !matches!(image.channels, 1 | 3) => {
                    return Err(format!(
                        "the image `{name}` of sample `{id}` has {} channels, where 1 (grey) or 3 (RGB) are possible",
                        image.channels
                    ));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Samples for CheckedSamples {
    fn len(&self) -> usize {
        self.samples.len()
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let sample = self.samples.sample(index).map_err(|error| located(error, &self.place))?;
        self.check(index, &sample).map_err(|fault| {
            PluginError::run(format!("{}: {fault}", self.place))
                .with_help("this is a bug in the dataset: tell its author")
        })?;
        Ok(sample)
    }
}
