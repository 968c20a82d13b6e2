//! Which augmentation changes an image more, and triplets that ask for it.

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::augment::{Augmentation, Extent, augment_planes};
use lossnet_plugin_kit::image::Image;
use lossnet_plugin_kit::metric::{Judged, Kind, Picture, square};
use lossnet_plugin_kit::samples;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Augmentations from the one that changes an image least to the one that changes it most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking(Vec<Augmentation>);

impl Ranking {
    /// The ranking of the settings; if that is empty, a random order of some augmentations, or, if none are named, of all.
    ///
    /// Fails if an augmentation is named twice, or only one is, or a ranking and augmentations to draw one of.
    pub fn new(
        ranking: &[Augmentation],
        augmentations: &[Augmentation],
        seed: u64,
    ) -> Result<Ranking, PluginError> {
        let (key, named) = match (ranking, augmentations) {
            ([], augmentations) => ("augmentations", augmentations),
            (ranking, []) => ("ranking", ranking),
            _ => {
                let problem = "task.ranking and task.augmentations are both given";
                return Err(PluginError::input(problem)
                    .with_help("leave task.augmentations out to have the ranking as it is, or task.ranking to have it drawn"));
            }
        };
        let twice = named.iter().enumerate().find(|(position, kind)| named[..*position].contains(kind));
        let problem = match (twice, named) {
            (Some((_, kind)), _) => format!("task.{key} names `{}` twice", kind.name()),
            (None, [only]) => format!("task.{key} names only `{}`", only.name()),
            (None, _) if !ranking.is_empty() => return Ok(Ranking(ranking.to_vec())),
            (None, _) => {
                let mut order = if augmentations.is_empty() {
                    Augmentation::ALL.to_vec()
                } else {
                    augmentations.to_vec()
                };
                order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
                return Ok(Ranking(order));
            }
        };
        Err(PluginError::input(problem).with_help(
            "name two or more different augmentations, or leave it empty to have an order of all drawn",
        ))
    }

    /// The augmentations in order.
    pub fn order(&self) -> &[Augmentation] {
        &self.0
    }

    /// A triplet of a sample's field `image`: two different augmentations of the image, and 0 if the first ranks lower
    /// (is "more similar"), else 1.
    ///
    /// Fails if the sample has no such image.
    pub fn triplet(
        &self,
        sample: &Sample,
        side: usize,
        random: &mut impl Rng,
    ) -> Result<Judged, PluginError> {
        let reference = planes(&square(&samples::image(sample, "image")?, side)?);
        let first = random.random_range(0..self.0.len());
        let second = random.random_range(0..self.0.len() - 1);
        // One of the others.
        let second = second + usize::from(second >= first);
        let extent = Extent { channels: 3, height: side, width: side };
        let mut changed = |rank: usize| {
            let parameters = self.0[rank].draw(side, side, random);
            augment_planes(&reference, extent, parameters)
        };
        let (p0, p1) = (changed(first)?, changed(second)?);
        Ok(Judged {
            id: sample.id.clone(),
            group: sample.group.clone(),
            kind: Kind::Triplet,
            images: [reference, p0, p1].map(Picture::Planes).into(),
            opinion: if first < second { 0.0 } else { 1.0 },
        })
    }

    /// An image and its augmentations in order, to be looked at.
    pub fn row(&self, image: &Image, side: usize, random: &mut impl Rng) -> Result<Vec<Image>, PluginError> {
        let image = square(image, side)?;
        let reference = planes(&image);
        let extent = Extent { channels: 3, height: side, width: side };
        let mut row = vec![image];
        for kind in &self.0 {
            let changed = augment_planes(&reference, extent, kind.draw(side, side, random))?;
            let levels = changed.iter().map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8);
            row.push(Image::rgb(side, side, interleaved(&levels.collect::<Vec<_>>()))?);
        }
        Ok(row)
    }
}

/// The image's values in [0, 1], channel after channel.
fn planes(image: &Image) -> Vec<f32> {
    let channels = image.channels();
    let channel = |channel: usize| image.data().iter().skip(channel).step_by(channels);
    (0..channels).flat_map(channel).map(|&value| f32::from(value) / 255.0).collect()
}

/// Three planes as pixels.
fn interleaved(planes: &[u8]) -> Vec<u8> {
    let pixels = planes.len() / 3;
    (0..pixels).flat_map(|pixel| [0, 1, 2].map(|channel| planes[channel * pixels + pixel])).collect()
}
