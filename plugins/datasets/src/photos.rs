//! Triplets made on the fly from a few photographs.

use std::sync::{Arc, OnceLock};

use lossnet_plugin_api::prelude::*;
use lossnet_plugin_kit::image::{Distortion, Image, crop, decode, distort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::random::Random;
use crate::source::no_split;

/// Crops of real photographs, distorted with known strength: the weaker distortion of a kind is the closer one. In triplets
/// both distorted crops are also moved by one pixel, each in a direction of its own. Nothing has to be downloaded.
pub(crate) struct Photos;

/// How many samples are made.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PhotosSettings {
    /// Samples of each kind of distortion.
    #[schemars(range(min = 1, max = 100_000))]
    triplets: u32,
    /// Seed of crops and strengths.
    seed: u64,
}

impl Default for PhotosSettings {
    fn default() -> Self {
        PhotosSettings { triplets: 40, seed: 0 }
    }
}

/// Side of the crops.
const SIDE: usize = 64;

const FILES: [(&str, &[u8]); 6] = [
    ("astronaut", include_bytes!("../photos/astronaut.jpg")),
    ("chelsea", include_bytes!("../photos/chelsea.jpg")),
    ("coffee", include_bytes!("../photos/coffee.jpg")),
    ("hubble_deep_field", include_bytes!("../photos/hubble_deep_field.jpg")),
    ("retina", include_bytes!("../photos/retina.jpg")),
    ("rocket", include_bytes!("../photos/rocket.jpg")),
];

impl Dataset for Photos {
    type Config = PhotosSettings;

    fn info(&self) -> Info {
        Info::new(
            "photos",
            "distorted crops of photographs that come with lossnet; the weaker distortion is the closer one",
        )
    }

    fn splits(&self) -> Vec<String> {
        let parts = |whole: &'static str| {
            let kinds = Distortion::ALL.into_iter().map(move |kind| format!("{whole}/{}", kind.name()));
            std::iter::once(whole.to_owned()).chain(kinds)
        };
        parts("val").chain(parts("jnd")).collect()
    }

    fn sizes(&self) -> Vec<(String, Quantity)> {
        let of = |split: String| {
            let times = if split.contains('/') { 1 } else { Distortion::ALL.len() as u64 };
            (split, Quantity::Multiple { setting: "triplets".to_owned(), times })
        };
        self.splits().into_iter().map(of).collect()
    }

    fn image_side(&self) -> Option<Quantity> {
        Some(Quantity::Number(SIDE as u64))
    }

    fn has_folder(&self) -> bool {
        false
    }

    fn fields(&self) -> Vec<String> {
        ["ref", "p0", "p1", "judge", "same"].map(str::to_owned).to_vec()
    }

    fn open(
        &self,
        settings: PhotosSettings,
        request: &OpenSplit,
        _: Arc<dyn Services>,
    ) -> Result<Box<dyn Samples>, PluginError> {
        if !self.splits().contains(&request.split) {
            return Err(no_split("photos", &request.split, &self.splits()));
        }
        let (whole, kind) = request.split.split_once('/').unwrap_or((&request.split, ""));
        let kinds = Distortion::from_name(kind).map_or_else(|| Distortion::ALL.to_vec(), |kind| vec![kind]);
        Ok(Box::new(Crops { settings, pairs: whole == "jnd", kinds, photos: photos()? }))
    }
}

/// The decoded photographs.
fn photos() -> Result<&'static [Image], PluginError> {
    static PHOTOS: OnceLock<Vec<Image>> = OnceLock::new();
    if let Some(photos) = PHOTOS.get() {
        return Ok(photos);
    }
    let decode = |(name, bytes): &(&str, &[u8])| decode(bytes, name).map(|decoded| decoded.image);
    let decoded = FILES.iter().map(decode).collect::<Result<Vec<Image>, _>>()?;
    Ok(PHOTOS.get_or_init(|| decoded))
}

struct Crops {
    settings: PhotosSettings,
    pairs: bool,
    kinds: Vec<Distortion>,
    photos: &'static [Image],
}

impl Samples for Crops {
    fn len(&self) -> usize {
        self.kinds.len() * self.settings.triplets as usize
    }

    fn sample(&self, index: usize) -> Result<Sample, PluginError> {
        let per_kind = self.settings.triplets as usize;
        let (kind, number) = (self.kinds[index / per_kind], index % per_kind);
        let id = format!("{}/{number:06}", kind.name());
        let mut random = Random::new(self.settings.seed, &format!("photos/{}/{id}", self.pairs));
        let photo = &self.photos[random.below(self.photos.len())];
        // With a margin, so that a crop can be moved.
        let (x, y) =
            (1 + random.below(photo.width() - SIDE - 1), 1 + random.below(photo.height() - SIDE - 1));
        let reference = crop(photo, x, y, SIDE, SIDE)?;
        let noise = random.below(1 << 24) as u64;
        let fields = if self.pairs {
            // Nobody sees a strength of 0, half of the people see 0.2 and all of them 0.4.
            let strength = random.between(0.0, 0.5);
            let same = (1.0 - 2.5 * strength).max(0.0);
            let distorted = distort(&reference, kind, strength, noise)?;
            vec![
                ("p0".to_owned(), Field::Image(reference.into())),
                ("p1".to_owned(), Field::Image(distorted.into())),
                ("same".to_owned(), Field::Number(same)),
            ]
        } else {
            let (first, second) = random.two_near(0.1, 1.0);
            // People hardly see a crop that is moved by one pixel; networks do, in one place more than in another.
            let mut moved = || {
                let (dx, dy) = [(0, 1), (2, 1), (1, 0), (1, 2)][random.below(4)];
                crop(photo, x + dx - 1, y + dy - 1, SIDE, SIDE)
            };
            let p0 = distort(&moved()?, kind, first, noise)?;
            let p1 = distort(&moved()?, kind, second, noise + 1)?;
            let judge = if first < second { 0.0 } else { 1.0 };
            vec![
                ("ref".to_owned(), Field::Image(reference.into())),
                ("p0".to_owned(), Field::Image(p0.into())),
                ("p1".to_owned(), Field::Image(p1.into())),
                ("judge".to_owned(), Field::Number(judge)),
            ]
        };
        Ok(Sample { id, group: kind.name().to_owned(), fields })
    }
}
